"""A worker as a process of its own, with engines that the test names."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.client import Client

_ROOT = Path(__file__).parents[1]
_FAKES = {
    "VOXLOOM_ASR_ENGINE": "fake",
    "VOXLOOM_ASR_DRAFT_ENGINE": "none",
    "VOXLOOM_LLM_ENGINE": "fake",
    "VOXLOOM_GUARD_READER": "lexicon",
    "VOXLOOM_TTS_ENGINE": "fake",
}
_ENGINES = "{ capabilities { engines { stage engine model workers loaded error } } }"
_START_SECONDS = 200
_STOP_SECONDS = 100


@asynccontextmanager
async def worker_process(url: str, log: Path, *, packages: Path | None = None, **settings: str) -> AsyncIterator[None]:
    """Runs until the end of the block; its standard error goes to ``log``.

    ``packages``: a folder of installed packages beside the environment's. ``settings``: environment variables; the
    engines that they do not name are fake.
    """
    path = os.pathsep.join(str(each) for each in (packages, _ROOT) if each is not None)
    environment = {**os.environ, **_FAKES, "DATABASE_URL": url, "PYTHONPATH": path, **settings}
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "inference.worker.main", env=environment, stderr=stderr, cwd=log.parent
        )
    try:
        yield
        assert process.returncode is None, "the worker ended by itself"
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def tried_engines(client: Client, stage: str, count: int) -> list[dict[str, Any]]:
    """The engines of a stage as ``capabilities`` tells them, once there are ``count`` and each was tried to load."""
    async with asyncio.timeout(_START_SECONDS):
        while True:
            told = (await client.run(_ENGINES))["capabilities"]["engines"]
            found = [each for each in told if each["stage"] == stage]
            if len(found) == count and all(each["loaded"] or each["error"] for each in found):
                return found
            await asyncio.sleep(0.1)
