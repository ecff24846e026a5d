"""Runs an example as a person would: a process, with the server's address and a key in its environment."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"

_WAIT_SECONDS = 200


@asynccontextmanager
async def started(
    program: str, *arguments: str, address: str, key: str, directory: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """An example that runs in ``directory``, with pipes; killed at the end of the block if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / program),
        *arguments,
        env={**os.environ, "VOXLOOM_URL": address, "VOXLOOM_API_KEY": key, "PYTHONUNBUFFERED": "1"},
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
