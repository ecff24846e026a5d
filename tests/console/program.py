"""VoxLoom as ``make run`` starts it: every process, the real models, and a terminal on which it prints its link."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from tests.graph.voice.process import free_port

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 600
_STOP_SECONDS = 200
_LINK = re.compile(r"Console +(http://\S+)/#sign-in=(\S+)")
_KEY = re.compile(r"API key +(vxl_\S+)")


@dataclass(frozen=True, slots=True)
class Program:
    """A running VoxLoom, and what it prints: its address, the token of the link that signs in once, a key."""

    address: str
    token: str
    key: str
    environment: Mapping[str, str]

    @property
    def link(self) -> str:
        return f"{self.address}/#sign-in={self.token}"

    async def key_of_tenant(self, tenant: str) -> str:
        """A new key of a tenant, which is created if it is new."""
        making = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "graph.cli", "keys", "create", tenant, "--tenant", tenant),
            cwd=self.environment["VOXLOOM_DATA_DIR"],
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await making.communicate()
        return printed.decode().split()[-1]


class Terminal:
    """A terminal that nobody types at. ``text``: what was written to it, control sequences included."""

    def __init__(self) -> None:
        self._reading, self.writing = pty.openpty()
        self.text = ""
        self._thread = Thread(target=self._read, name="terminal", daemon=True)

    def _read(self) -> None:
        try:
            while data := os.read(self._reading, 4096):
                self.text += data.decode(errors="replace")
        except OSError:
            pass  # its programs have ended

    def watch(self) -> None:
        """Reads from now on; its programs have it, this process writes nothing."""
        os.close(self.writing)
        self._thread.start()

    def close(self) -> None:
        """After its programs have ended."""
        self._thread.join(timeout=5)
        os.close(self._reading)


@asynccontextmanager
async def running_voxloom(model_dir: Path | None = None, **settings: str) -> AsyncIterator[Program]:
    """What ``voxloom up`` prints when it is ready. It has a data directory and ports of its own.

    ``model_dir``: where converted models are kept; None: in the data directory, as on a machine of a newcomer.
    """
    home = await asyncio.to_thread(_new_home)
    terminal = Terminal()
    environment = _environment(home, model_dir, settings)
    try:
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "graph.cli", "up"),
            cwd=home,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=terminal.writing,
            stderr=terminal.writing,
            start_new_session=True,
        )
        terminal.watch()
        try:
            yield await _ready(terminal, program, environment)
        finally:
            if program.returncode is None:
                program.send_signal(signal.SIGINT)
                async with asyncio.timeout(_STOP_SECONDS):
                    await program.wait()
            terminal.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _new_home() -> Path:
    # Not pytest's directory: as root, Postgres runs as another user, who must be able to reach it.
    home = Path(tempfile.mkdtemp(prefix="voxloom-up-"))
    home.chmod(0o755)
    return home


def _environment(home: Path, model_dir: Path | None, settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VOXLOOM_", "DATABASE_"))}
    kept = {} if model_dir is None else {"VOXLOOM_MODEL_DIR": str(model_dir)}
    return {
        **inherited,
        "PYTHONPATH": str(_ROOT),
        "TERM": "xterm",
        "VOXLOOM_DATA_DIR": str(home / "data"),
        "VOXLOOM_PORT": str(free_port()),
        "VOXLOOM_VOICE_PORT": str(free_port()),
        **kept,
        **settings,
    }


async def _ready(terminal: Terminal, program: asyncio.subprocess.Process, environment: Mapping[str, str]) -> Program:
    for _ in range(_START_SECONDS * 5):
        if (link := _LINK.search(terminal.text)) and (key := _KEY.search(terminal.text)):
            return Program(link[1], link[2], key[1], environment)
        assert program.returncode is None, terminal.text
        await asyncio.sleep(0.2)
    raise AssertionError(terminal.text)
