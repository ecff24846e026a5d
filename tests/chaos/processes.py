"""The system under test: Postgres, API and workers as real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from db.postgres.embedded import EmbeddedPostgres
from db.postgres.embedded_paths import read_pid
from db.postgres.migrate import migrate

API_KEY = "chaos-suite-key"
WORKERS = 2

_START_SECONDS = 60
_DATABASE_RETURN_SECONDS = 5
_ENGINES = {
    "VOXLOOM_ASR_ENGINE": "fake",
    "VOXLOOM_ASR_DRAFT_ENGINE": "none",
    "VOXLOOM_LLM_ENGINE": "fake",
    "VOXLOOM_TTS_ENGINE": "fake",
    "VOXLOOM_FAKE_DELAY_SECONDS": "0.05",
}


class Process:
    """A supervised process."""

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str], directory: Path) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self._command = command
        self._environment = environment
        self._directory = directory
        self._child: subprocess.Popen[bytes] | None = None
        #: Whether a fault has stopped it, or is stopping it; it is not restarted meanwhile.
        self.under_fault = False

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", *self._command],
                cwd=self._directory,
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def send(self, number: signal.Signals) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    async def gone(self, seconds: float) -> bool:
        """Waits for its exit; returns whether it exited in time."""
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._child.wait, seconds)
        return not self.running


class SystemUnderTest:
    """All processes, with one directory for data and logs.

    ``unexpected_exits``: processes that exited without a fault. ``starts_without_database``: starts of the API that
    failed without a database; workers wait for it.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.postgres = EmbeddedPostgres(directory)
        self.postgres_fault_lock = asyncio.Lock()
        self.unexpected_exits: list[str] = []
        self.starts_without_database = 0
        self._database_missing_until = 0.0
        self.url = ""
        self.address = ""
        self.api: Process
        self.workers: list[Process] = []

    async def start(self) -> None:
        await asyncio.to_thread(self.postgres.start)
        self.url = self.postgres.url
        await migrate(self.url)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        common = {"DATABASE_URL": self.url, "VOXLOOM_API_KEY": API_KEY, "VOXLOOM_PORT": str(port)}
        self.api = Process("api", ["graph.cli.main", "serve"], common, self.directory)
        self.workers = [
            Process(f"worker-{number}", ["inference.worker.main"], {**common, **_ENGINES}, self.directory)
            for number in range(WORKERS)
        ]
        for each in self._all():
            each.start()
        await self.answering()

    def _all(self) -> list[Process]:
        return [self.api, *self.workers]

    async def answering(self) -> None:
        """Waits until the API is ready and every worker has loaded its engines."""
        async with asyncio.timeout(_START_SECONDS), httpx.AsyncClient() as http:
            while True:
                with suppress(httpx.HTTPError):
                    ready = (await http.get(f"{self.address}/readyz")).json()
                    if ready["ready"] and ready["workers"]["loaded"] >= WORKERS:
                        return
                await asyncio.sleep(0.2)

    async def keep(self) -> None:
        """Restarts processes that exited, like a process supervisor, until cancelled."""
        while True:
            for each in self._all():
                if not each.under_fault and not each.running:
                    away = self.postgres_fault_lock.locked() or time.monotonic() < self._database_missing_until
                    if each is self.api and away:
                        self.starts_without_database += 1
                    else:
                        self.unexpected_exits.append(each.name)
                    each.start()
            await asyncio.sleep(1)

    async def restart_postgres(self, how: signal.Signals, down_seconds: float) -> None:
        """Restarts Postgres. SIGINT: fast shutdown; SIGQUIT: immediate shutdown, as after a power failure."""
        async with self.postgres_fault_lock:
            pid = read_pid(self.postgres.root / "data" / "postmaster.pid")
            assert pid is not None
            os.kill(pid, how)
            await asyncio.to_thread(_outlive, pid)
            await asyncio.sleep(down_seconds)
            await asyncio.to_thread(self.postgres.start)
            self._database_missing_until = time.monotonic() + _DATABASE_RETURN_SECONDS

    async def stop(self) -> None:
        for each in self._all():
            each.under_fault = True
            each.send(signal.SIGCONT)
            each.send(signal.SIGTERM)
        for each in self._all():
            if not await each.gone(30):
                self.unexpected_exits.append(f"{each.name} (did not end)")
                each.send(signal.SIGKILL)
                await each.gone(10)
        await asyncio.to_thread(self.postgres.stop)


def _outlive(pid: int) -> None:
    with suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            time.sleep(0.05)
