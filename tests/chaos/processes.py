"""The system under test: Postgres, API, workers and voice processes as real processes."""

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

import asyncpg
import httpx

from db.postgres.embedded import EmbeddedPostgres
from db.postgres.embedded_paths import read_pid
from db.postgres.migrate import migrate
from tests.chaos.engines import install

API_KEY = "chaos-suite-key"
#: Beside the voice processes, which take queued turns too.
WORKERS = 1
VOICES = 3

#: All at once on a busy machine.
_START_SECONDS = 180
_DATABASE_RETURN_SECONDS = 5
_ENGINES = {
    "VOXLOOM_ASR_ENGINE": "fake",
    "VOXLOOM_ASR_DRAFT_ENGINE": "none",
    "VOXLOOM_TTS_ENGINE": "fake",
    "VOXLOOM_GUARD_READER": "lexicon",  # its models would take a gigabyte in each process
    "VOXLOOM_FAKE_DELAY_SECONDS": "0.05",
    "VOXLOOM_FAKE_REAL_TIME_FACTOR": "0.05",
}
_VOICE = {"VOXLOOM_VOICE_MAX_CALLS": "32", "VOXLOOM_DRAIN_SECONDS": "3"}


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
        #: The last fault, and when it began, by ``time.monotonic``.
        self.fault = ""
        self.fault_at = 0.0

    def begin_fault(self, kind: str) -> None:
        self.under_fault, self.fault, self.fault_at = True, kind, time.monotonic()

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

    async def back(self) -> None:
        """Waits until it works again after a start."""

    async def gone(self, seconds: float) -> bool:
        """Waits for its exit; returns whether it exited in time."""
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._child.wait, seconds)
        return not self.running


class Voice(Process):
    """A voice process. ``address``: its HTTP address."""

    def __init__(self, name: str, port: int, environment: dict[str, str], directory: Path) -> None:
        given = {**environment, **_VOICE, "VOXLOOM_VOICE_PORT": str(port)}
        super().__init__(name, ["graph.voice"], given, directory)
        self.address = f"http://127.0.0.1:{port}"

    async def back(self) -> None:
        async with httpx.AsyncClient() as http:
            for _ in range(_START_SECONDS * 5):
                if not self.running or await self._accepts(http):
                    return
                await asyncio.sleep(0.2)

    async def _accepts(self, http: httpx.AsyncClient) -> bool:
        try:
            return (await http.get(f"{self.address}/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def realtime(self) -> str:
        """The address for callers with the token of a call."""
        return f"ws{self.address.removeprefix('http')}/v1/realtime"


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
        self.apis: list[Process] = []
        self.workers: list[Process] = []
        self.voices: list[Voice] = []

    async def start(self) -> None:
        await self._start_postgres()
        await migrate(self.url)
        plugins = self.directory / "plugins"
        engines = {**_ENGINES, **install(plugins)}
        port = _free_port()
        self.address = f"http://127.0.0.1:{port}"
        common = {"DATABASE_URL": self.url, "VOXLOOM_API_KEY": API_KEY, "VOXLOOM_PORT": str(port)}
        self.apis = [Process("api", ["graph.cli.main", "serve"], common, self.directory)]
        self.workers = [
            Process(f"worker-{number}", ["inference.worker.main"], {**common, **engines}, self.directory)
            for number in range(WORKERS)
        ]
        self.voices = [
            Voice(f"voice-{number}", _free_port(), {**common, **engines}, self.directory) for number in range(VOICES)
        ]
        for each in self._all():
            each.start()
        await self.answering()

    def _all(self) -> list[Process]:
        return [*self.apis, *self.workers, *self.voices]

    @property
    def api(self) -> Process:
        return self.apis[0]

    async def _start_postgres(self) -> None:
        """Starts Postgres so that it keeps the time of each commit, by which replies are judged."""
        await asyncio.to_thread(self.postgres.start)
        self.url = self.postgres.url
        connection = await asyncpg.connect(self.url)
        await connection.execute("alter system set track_commit_timestamp = on")
        await connection.close()
        await asyncio.to_thread(self.postgres.stop)
        await asyncio.to_thread(self.postgres.start)

    async def answering(self) -> None:
        """Waits until the API is ready, every worker has loaded its engines, and calls are accepted."""
        async with asyncio.timeout(_START_SECONDS), httpx.AsyncClient() as http:
            while True:
                with suppress(httpx.HTTPError):
                    ready = (await http.get(f"{self.address}/readyz")).json()
                    if ready["ready"] and ready["workers"]["loaded"] >= WORKERS:
                        break
                await asyncio.sleep(0.2)
            for each in self.voices:
                await each.back()

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


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _outlive(pid: int) -> None:
    with suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            time.sleep(0.05)
