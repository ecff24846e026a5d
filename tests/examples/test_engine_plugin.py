"""The example package, installed beside VoxLoom: it passes the contract, and a worker that names it speaks with it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import httpx
import pytest

from tests.client import Client
from tests.examples.programs import EXAMPLES
from tests.worker_process import tried_engines, worker_process

_ROOT = EXAMPLES.parent
_TURN = "query($id: ID!) { turn(id: $id) { reply { modelCalls { stage engine model } } } }"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example: pip builds where the source lies."""
    copied = tmp_path_factory.mktemp("plugin") / "engine-plugin"
    shutil.copytree(EXAMPLES / "engine-plugin", copied, ignore=shutil.ignore_patterns("__pycache__"))
    return copied


@pytest.fixture(scope="module")
def site(source: Path) -> Path:
    """The folder it is installed into, without a network."""
    folder = source.parent / "site"
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True, timeout=200)
    return folder


def test_it_passes_the_contract_for_engine_authors(source: Path, site: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{_ROOT}"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert " failed" not in done.stdout


async def test_a_worker_that_names_it_speaks_with_it(
    client: Client, database_url: str, site: Path, tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    async with worker_process(database_url, log, packages=site, VOXLOOM_TTS_ENGINE="sine", VOXLOOM_SINE_PITCH="330"):
        turn = await client.say(await client.create_session(), "hello")
        assert turn["status"] == "COMPLETED", log.read_text()
        calls = (await client.run(_TURN, id=turn["id"]))["turn"]["reply"]["modelCalls"]
        assert {"stage": "TTS", "engine": "sine", "model": "letters"} in calls
        async with httpx.AsyncClient() as http:
            sound = (await http.get(turn["reply"]["audio"]["url"])).content
        with wave.open(io.BytesIO(sound)) as spoken:
            assert spoken.getframerate() == 16_000
            assert spoken.getnframes() > 16_000  # "You said: hello" is 15 letters of 70 ms
        (engine,) = await tried_engines(client, "TTS", 1)
        assert (engine["engine"], engine["loaded"], engine["error"]) == ("sine", 1, None)
