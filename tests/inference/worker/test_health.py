"""The health check of a worker's container."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from db.ids import new_id
from db.models.workers import Worker
from db.postgres.database import Database
from db.queue import workers


@pytest.mark.parametrize(("host", "code"), [(socket.gethostname(), 0), ("elsewhere", 1), (None, 1)])
def test_only_a_living_worker_of_this_host_is_healthy(
    database_url: str, registered: None, host: str | None, code: int
) -> None:
    # The process may take longer to start than a heartbeat lasts by default, on a busy machine.
    environment = {**os.environ, "DATABASE_URL": database_url, "VOXLOOM_LOST_WORKER_SECONDS": "60"}
    done = subprocess.run(
        [sys.executable, "-m", "inference.worker.health"],
        env=environment,
        check=False,
        capture_output=True,
        timeout=200,
    )
    assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.parametrize(
    ("url", "words"),
    [("postgresql://u:secret@127.0.0.1:1/d", "127.0.0.1:1/d: Connection refused"), ("u:secret", "not a URI")],
)
def test_without_a_database_it_says_so_in_one_line(url: str, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inference.worker.health"],
        env={**os.environ, "DATABASE_URL": url},
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    (line,) = done.stderr.splitlines()
    assert (done.returncode, words in line, "secret" in line) == (1, True, False)


@pytest.fixture
async def registered(database: Database, host: str | None) -> None:
    if host is not None:
        async with database.transaction() as session:
            await workers.heartbeat(session, Worker(id=new_id(), host=host, pid=1, capacity=1, engines=[]))


async def test_an_old_sign_of_life_is_none(database: Database) -> None:
    from inference.worker.health import healthy

    async with database.transaction() as session:
        await workers.heartbeat(session, Worker(id=new_id(), host=socket.gethostname(), pid=1, capacity=1, engines=[]))
    assert await healthy(database, 60)
    assert not await healthy(database, 0)
