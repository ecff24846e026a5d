"""The voice role as a process of its own, with fake engines."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

_ROOT = Path(__file__).parents[3]
_FAKES = {
    "VOXLOOM_ASR_ENGINE": "fake",
    "VOXLOOM_ASR_DRAFT_ENGINE": "none",
    "VOXLOOM_LLM_ENGINE": "fake",
    "VOXLOOM_GUARD_READER": "lexicon",
    "VOXLOOM_TTS_ENGINE": "fake",
    "VOXLOOM_LIVE_ASR_ENGINE": "fake",
}

#: Settings that choose the default engines instead.
REAL_ENGINES = dict.fromkeys(_FAKES, "")

_START_SECONDS = 180
_STOP_SECONDS = 100


@dataclass(frozen=True, slots=True)
class VoiceProcess:
    base: str
    process: asyncio.subprocess.Process


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


@asynccontextmanager
async def voice_process(url: str, log: Path, **settings: str) -> AsyncIterator[VoiceProcess]:
    """Runs until the end of the block, and listens when it begins; its standard error goes to ``log``."""
    port = settings.get("VOXLOOM_VOICE_PORT") or str(free_port())
    environment = {
        **os.environ,
        **_FAKES,
        "DATABASE_URL": url,
        "PYTHONPATH": str(_ROOT),
        "VOXLOOM_VOICE_PORT": port,
        **settings,
    }
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "graph.voice", env=environment, stderr=stderr, cwd=log.parent
        )
    try:
        base = f"http://127.0.0.1:{port}"
        await _listening(base, process, log)
        yield VoiceProcess(base, process)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _listening(base: str, process: asyncio.subprocess.Process, log: Path) -> None:
    async with httpx.AsyncClient(base_url=base) as http:
        for _ in range(_START_SECONDS * 10):
            assert process.returncode is None, await asyncio.to_thread(log.read_text)
            with suppress(httpx.HTTPError):
                if (await http.get("/readyz")).json().get("models"):
                    return
            await asyncio.sleep(0.1)
    raise AssertionError(await asyncio.to_thread(log.read_text))
