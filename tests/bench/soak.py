"""Soak test, memory over an hour of mixed use: ``python -m tests.bench.soak --minutes 60``.

Starts a whole VoxLoom of its own (``voxloom up``, the real models, a data directory and a port of its own), sends texts
and recordings of ever different lengths one after the other, and prints the resident memory of each process while it
goes on. What matters is that the last row is not above the row of the tenth minute.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import os
import random
import re
import signal
import socket
import sys
import tempfile
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
from rich.console import Console

from db.commands.keys import new_secret
from tests.bench.cpu import resident_bytes
from tests.client import Client

_ROOT = Path(__file__).parents[2]
_AUDIO = Path(__file__).parent.parent / "audio"
_READY_SECONDS = 600
_MIB = 2**20
#: A session goes on for so many turns, then another begins.
_TURNS = 12


async def main(minutes: float, pause: float) -> None:
    chance = random.Random(1)
    words = re.findall(r"[A-Za-z']+", (_ROOT / "README.md").read_text())
    recordings = [path.read_bytes() for path in sorted(_AUDIO.glob("*.wav"))]
    console = Console(width=100)
    async with _running() as (address, key, supervisor), Client(address, key) as client:
        begun, next_row, turns = time.monotonic(), 0.0, 0
        session = ""
        while (now := time.monotonic() - begun) < minutes * 60:
            if now >= next_row:
                sizes = ", ".join(f"{name} {resident_bytes(pid) / _MIB:,.0f}" for name, pid in _processes(supervisor))
                console.print(f"minute {now / 60:3.0f}, {turns:5} turns, MiB: {sizes}", highlight=False)
                next_row += max(60.0, minutes * 60 / 12)
            if turns % _TURNS == 0:
                session = await client.create_session()
            if turns % 3:
                text = " ".join(chance.choices(words, k=chance.randint(2, 60)))
                await client.send(session, {"text": text}, waitSeconds=30)
            else:
                piece = _cut(chance.choice(recordings), chance.uniform(0.1, 1.0))
                await client.send(session, {"audio": {"base64": piece, "mimeType": "audio/wav"}}, waitSeconds=30)
            turns += 1
            await asyncio.sleep(pause)


def _cut(recording: bytes, share: float) -> str:
    """The first part of a WAV, in base64."""
    with wave.open(io.BytesIO(recording)) as whole:
        frames = whole.readframes(int(whole.getnframes() * share))
        made = io.BytesIO()
        with wave.open(made, "wb") as part:
            part.setparams(whole.getparams())
            part.writeframes(frames)
    return base64.b64encode(made.getvalue()).decode()


@asynccontextmanager
async def _running() -> AsyncIterator[tuple[str, str, int]]:
    """The address, the key and the supervisor's process id of a VoxLoom whose models are loaded."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key = new_secret()
    with tempfile.TemporaryDirectory(prefix="voxloom-soak-") as directory:
        os.chmod(directory, 0o755)  # noqa: PTH101 - as root, Postgres runs as another user
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {
            "VOXLOOM_PORT": str(port),
            "VOXLOOM_VOICE_PORT": "0",
            "VOXLOOM_DATA_DIR": directory,
            "VOXLOOM_API_KEY": key,
        }
        up = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "graph.cli.main",
            "up",
            cwd=_ROOT,
            env=environment,
            start_new_session=True,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient() as http:
                while True:
                    with suppress(httpx.HTTPError, ValueError):
                        if (await http.get(f"{address}/readyz")).json()["workers"]["loaded"]:
                            break
                    await asyncio.sleep(1)
            yield address, key, up.pid
        finally:
            up.send_signal(signal.SIGINT)
            async with asyncio.timeout(60):
                await up.wait()


def _processes(supervisor: int) -> list[tuple[str, int]]:
    """API and worker, by what they run."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == supervisor:
                command = (entry / "cmdline").read_bytes().decode().split("\0")
                if "-m" in command:
                    found.append((command[command.index("-m") + 1], int(entry.name)))
    return sorted(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between two turns")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.minutes, arguments.pause))
