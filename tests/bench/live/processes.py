"""The processes of the benchmark: voice role, stub of a chat server, Pipecat."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson

from db.load_settings import load_settings
from inference.engines.espnet.joe import SOURCES as JOE
from inference.engines.whisper.weights import ctranslate2_directory
from inference.settings import InferenceSettings
from inference.weights.cache import ModelCache
from tests.bench.cpu import tree_cpu_seconds
from tests.bench.live import clips as clips_module
from tests.bench.rig import Kind, Rig, Server

_ROOT = Path(__file__).parents[3]
_PEER = Path(__file__).parents[1] / "peers" / "pipecat_call.py"
_LOAD_SECONDS = 600
_ROUND_SECONDS = 300
_STOP_SECONDS = 10


def _models() -> Path:
    return load_settings(InferenceSettings).model_cache_dir.absolute()


@asynccontextmanager
async def voice_role(rig: Rig, name: str, settings: Mapping[str, str]) -> AsyncIterator[Server]:
    """A voice role with its models loaded."""
    environment = {
        "PYTHONPATH": str(_ROOT),
        "VOXLOOM_MODEL_DIR": str(_models()),
        "VOXLOOM_VOICE_MAX_CALLS": "100",  # its lane says what is too much
        **settings,
    }
    async with rig.serving(Kind(name, [sys.executable, "-m", "graph.voice"], environment)) as server:
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http,
            asyncio.timeout(_LOAD_SECONDS),
        ):
            while not (await http.get("/readyz")).json().get("models"):
                server.alive()
                await asyncio.sleep(0.3)
        yield server


@asynccontextmanager
async def chat_stub(rig: Rig) -> AsyncIterator[str]:
    """The base URL of a chat server that answers at once."""
    kind = Kind("chat stub", [sys.executable, "-m", "tests.bench.live.chat_stub"], {"PYTHONPATH": str(_ROOT)})
    async with rig.serving(kind) as server:
        yield f"http://127.0.0.1:{server.port}/v1"


def clips_file(folder: Path) -> Path:
    """The clips, made once for each version of ``clips.py``."""
    version = hashlib.sha256(Path(clips_module.__file__).read_bytes()).hexdigest()[:12]
    path = folder / f"clips-{version}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"draft-{version}.npz"
        subprocess.run([sys.executable, "-m", "tests.bench.live.clips", str(draft)], cwd=_ROOT, check=True)
        draft.replace(path)
    return path


@dataclass(slots=True)
class Peer:
    """Pipecat in a process of its own. ``cpu``, ``seconds``: of its rounds so far."""

    process: asyncio.subprocess.Process
    cpu: float = 0.0
    seconds: float = 0.0

    async def say(self, names: Sequence[str]) -> list[tuple[float | None, bool]]:
        """Says the clips one after the other.

        For each, seconds until the first sound of the reply, None without one; and whether a reply was heard before the
        last word.
        """
        assert self.process.stdin is not None
        loop = asyncio.get_running_loop()
        cpu, begun = tree_cpu_seconds(self.process.pid), loop.time()
        self.process.stdin.write(orjson.dumps(list(names)) + b"\n")
        await self.process.stdin.drain()
        rows = await self._line(_ROUND_SECONDS)
        self.cpu += tree_cpu_seconds(self.process.pid) - cpu
        self.seconds += loop.time() - begun
        assert isinstance(rows, list)
        return [(row["first_sound"], row["early"]) for row in rows]

    async def ready(self) -> None:
        assert await self._line(_LOAD_SECONDS) == {"ready": True}

    async def _line(self, seconds: float) -> object:
        """The next line of JSON; what its libraries print is left out."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while line := await self.process.stdout.readline():
                with suppress(orjson.JSONDecodeError):
                    return orjson.loads(line)
        raise RuntimeError("Pipecat ended by itself; what it wrote is above.")


@asynccontextmanager
async def pipecat(python: Path, clips: Path, chat_url: str) -> AsyncIterator[Peer]:
    """``python``: of an environment with ``tests/bench/peers/requirements.txt``."""
    weights = ctranslate2_directory(ModelCache(_models()))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(_PEER),
        str(clips),
        str(weights),
        str(JOE[0].verified().parent),
        chat_url,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        peer = Peer(process)
        await peer.ready()
        yield peer
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
