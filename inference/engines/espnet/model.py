"""Loads an ESPnet TTS model by path or tag, without unpickling code."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch

from db.errors import EngineUnavailable
from inference.engines.espnet.imports import import_text2speech, not_installed
from inference.engines.espnet.joe import obtain_joe
from inference.weights.cache import ModelCache

#: The bundled voice, converted by VoxLoom.
JOE = "joe"

#: Noise scales of joe's latent variables and durations. Word error rate of 40 transcribed support sentences: 0.5 %;
#: with the voice's own 0.667 and 0.8 it was 1.6 %, mostly short words.
_JOE_NOISE = {"noise_scale": 0.4, "noise_scale_dur": 0.4}

#: Prefixes of weights that only training uses. The inverse of the duration flows skips the first of them.
_TRAINING_ONLY = (
    "tts.discriminator.",
    "tts.mel_loss.",
    "tts.generator.posterior_encoder.",
    "tts.generator.duration_predictor.post_",
    "tts.generator.duration_predictor.flows.1.",
)


def load_text2speech(model: str, cache: ModelCache) -> Any:
    """A loaded ``espnet2.bin.tts_inference.Text2Speech``.

    ``model``: "joe"; a directory with ``config.yaml`` and one ``.pth``; a ``.pth`` with ``config.yaml`` beside it; a
    model packed by ESPnet (``.zip``); or a tag of the ESPnet model zoo or a model hub. Raises EngineUnavailable.
    """
    text2speech = import_text2speech()
    arguments = _locate(model, cache)
    weights = _read_weights(Path(arguments.pop("model_file")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside ESPnet
        try:
            # ESPnet only builds the model: its own loading of weights would unpickle code.
            built = text2speech(model_file=None, device="cpu", **arguments)
            missing, _ = built.model.load_state_dict(weights, strict=False)
        except EngineUnavailable:
            raise
        except ModuleNotFoundError as exc:
            raise not_installed(exc.name or "of a text front end") from None
        except Exception as exc:
            raise EngineUnavailable(f"ESPnet cannot build this model ({type(exc).__name__}).") from None
    needed = [name for name in missing if not name.startswith(_TRAINING_ONLY)]
    if needed:
        raise EngineUnavailable(f"The ESPnet model lacks {len(needed)} weights that inference needs.")
    return built


def _locate(model: str, cache: ModelCache) -> dict[str, Any]:
    """Arguments of Text2Speech: ``train_config``, ``model_file``, and those of a packed model's vocoder."""
    if model == JOE:
        from inference.engines.espnet.vits import register  # noqa: PLC0415  imports ESPnet, which must come first

        register()
        return _pair(obtain_joe(cache) / "model.pth") | _JOE_NOISE
    path = Path(model).expanduser()
    if path.is_dir():
        weights = sorted(path.glob("*.pth"))
        if len(weights) != 1:
            raise EngineUnavailable(f"The ESPnet model directory must hold one .pth file, not {len(weights)}.")
        return _pair(weights[0])
    if path.suffix == ".pth":
        return _pair(path)
    return _fetch(model, cache)


def _pair(weights: Path) -> dict[str, Any]:
    config = weights.with_name("config.yaml")
    for file in (weights, config):
        if not file.is_file():
            raise EngineUnavailable(f"The ESPnet model has no {file.name}.")
    return {"train_config": str(config), "model_file": str(weights)}


def _fetch(model: str, cache: ModelCache) -> dict[str, Any]:
    try:
        from espnet_model_zoo.downloader import ModelDownloader  # noqa: PLC0415  only for tags; brings pandas
    except ImportError:
        raise not_installed("espnet_model_zoo") from None
    try:
        with cache.step("ESPnet model: downloading"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = ModelDownloader(cachedir=cache.root / "espnet-zoo").download_and_unpack(model)
    except Exception as exc:
        reason = type(exc).__name__
        raise EngineUnavailable(
            f"The ESPnet model {model} is not a path, and the download failed ({reason})."
        ) from None
    return dict(found)


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        weights: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, OSError, RuntimeError, EOFError):
        raise EngineUnavailable(f"{path.name} is not a file of weights only.") from None
    inner: dict[str, torch.Tensor] = weights.get("module", weights)  # as DeepSpeed saves it
    return inner
