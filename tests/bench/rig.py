"""The benchmarks' servers on one Postgres, a process each on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from db.commands.keys import create_key
from db.postgres.connect import connect
from db.postgres.database import Database
from db.postgres.embedded import EmbeddedPostgres
from db.postgres.embedded_paths import read_pid
from db.postgres.migrate import migrate
from tests.bench.dataset import Dataset

POOL = 10

_SERVERS = Path(__file__).parent / "servers"
_NODE = str(_SERVERS / "node_modules/.bin/node")  # of one version for all, which PostGraphile asks for
_START_SECONDS = 60
_STOP_SECONDS = 15

#: Of its connections, VoxLoom keeps so many for reads: all servers have equally many.
_READS = 4

#: The limits that a measurement reaches, and that the others have no counterpart of.
_UNBOUND = {"VOXLOOM_REQUESTS_PER_MINUTE": "0", "VOXLOOM_MAX_CONNECTIONS_PER_ADDRESS": "100000"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A server that is measured. ``dialect``: in whose words it is asked."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    dialect: str = "voxloom"


VOXLOOM = Kind("VoxLoom", [sys.executable, "-m", "graph.cli.main", "serve"])
POSTGRAPHILE = Kind("PostGraphile", [_NODE, str(_SERVERS / "postgraphile.mjs")], dialect="postgraphile")
YOGA = Kind("graphql-yoga", [_NODE, str(_SERVERS / "yoga.mjs")])
YOGA_CACHED = Kind("graphql-yoga, response cache", [_NODE, str(_SERVERS / "yoga.mjs")], {"RESPONSE_CACHE": "1"})
FANOUT_YOGA = Kind("graphql-yoga, graphql-ws", [_NODE, str(_SERVERS / "fanout.mjs")])


@dataclass(slots=True)
class Server:
    """One running server."""

    kind: Kind
    port: int
    key: str
    child: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def name(self) -> str:
        return self.kind.name

    def alive(self) -> None:
        """Raises when it has ended: what was measured since is worth nothing."""
        if self.child.poll() is not None:
            raise RuntimeError(f"{self.name} ended by itself with {self.child.returncode}.")


@dataclass(slots=True)
class Rig:
    """A Postgres with the schema and one API key. ``dataset`` writes into it."""

    directory: Path
    url: str
    key: str
    postgres_pid: int
    dataset: Dataset
    database: Database

    @asynccontextmanager
    async def serving(self, kind: Kind) -> AsyncIterator[Server]:
        """The server, answering; ended whatever happens."""
        port = _free_port()
        log = self.directory / f"{kind.name}.log"
        child = self._start(kind, port, log)
        try:
            await _listening(child, port, log)
            yield Server(kind, port, self.key, child)
        finally:
            child.terminate()
            try:
                await asyncio.to_thread(child.wait, _STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _start(self, kind: Kind, port: int, log: Path) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "NODE_ENV": "production",
            "PORT": str(port),
            "POOL": str(POOL),
            "VOXLOOM_HOST": "127.0.0.1",
            "VOXLOOM_PORT": str(port),
            "VOXLOOM_VOICE_PORT": str(port),
            "VOXLOOM_DATABASE_POOL": str(POOL - _READS),
            "VOXLOOM_READ_CONNECTIONS": str(_READS),
            **_UNBOUND,
            **kind.environment,
        }
        with log.open("ab") as output:
            return subprocess.Popen(
                kind.command,
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )


@asynccontextmanager
async def rig() -> AsyncIterator[Rig]:
    """Everything but the servers, in a directory of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="voxloom-bench-") as name:
        directory = Path(name)
        postgres = EmbeddedPostgres(directory / "postgres")
        try:
            await asyncio.to_thread(postgres.start)
            await migrate(postgres.url)
            pid = read_pid(postgres.root / "data" / "postmaster.pid")
            assert pid is not None
            database = Database(postgres.url, pool=POOL)
            connection = await connect(database.address, name="bench", timeout_seconds=15, statement_seconds=600)
            try:
                async with database.transaction() as session:
                    key = await create_key(session, name="bench")
                yield Rig(directory, postgres.url, key, pid, Dataset(connection), database)
            finally:
                await connection.close()
                await database.close()
        finally:
            await asyncio.to_thread(postgres.stop)
            shutil.rmtree(postgres.root, ignore_errors=True)  # for root it lies elsewhere


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def _listening(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        if child.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{log.stem} did not start:\n{_tail(log)}")
        await asyncio.sleep(0.1)


def _tail(log: Path) -> str:
    return log.read_text()[-2000:]
