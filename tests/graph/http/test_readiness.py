"""Health checks: /healthz (liveness) and /readyz (readiness)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from db.ids import new_id
from db.models.workers import Worker
from db.postgres.database import Database
from db.queue import workers
from tests.client import Client
from tests.conftest import cloned
from tests.db.rows import eventually
from tests.graph.edge import Edge, opened


@pytest.fixture
async def edge(postgres: str) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url, database_timeout_seconds=5) as running:
        yield running


async def told(edge: Edge, path: str = "/readyz") -> tuple[int, dict[str, Any]]:
    async with Client(edge.address, None) as nobody:
        answer = await nobody.http.get(path)
    return answer.status_code, answer.json()


async def execute(edge: Edge, statement: str) -> None:
    async with edge.database.transaction() as session:
        await session.execute(text(statement))


async def beat(edge: Edge, *loaded: bool) -> None:
    engines = [{"stage": "LLM", "engine": "fake", "model": "m", "languages": [], "loaded": each} for each in loaded]
    async with edge.database.transaction() as session:
        await workers.heartbeat(session, Worker(id=new_id(), host="h", pid=1, capacity=1, engines=engines))


async def test_it_is_ready_and_tells_what_waits_and_who_works(edge: Edge) -> None:
    await beat(edge, True, True)
    await beat(edge, True, False)
    async with edge.tenant() as client:
        await client.send(await client.create_session(), {"text": "hello"})
    assert await told(edge) == (
        200,
        {
            "ready": True,
            "database": True,
            "migrations": True,
            "queue": True,
            "queuedTurns": 1,
            "workers": {"alive": 2, "loaded": 1},
        },
    )


async def test_a_worker_that_went_silent_is_not_counted(edge: Edge) -> None:
    await beat(edge, True)
    await execute(edge, "update workers set heartbeat_at = now() - interval '1 minute'")
    assert (await told(edge))[1]["workers"] == {"alive": 0, "loaded": 0}


@pytest.mark.parametrize(
    ("broken", "part"),
    [
        ("update alembic_version set version_num = '0001'", "migrations"),
        ("drop table alembic_version", "migrations"),
        ("alter table procrastinate_jobs rename to gone", "queue"),
    ],
)
async def test_it_is_not_ready_while_a_part_is_missing(edge: Edge, broken: str, part: str) -> None:
    await execute(edge, broken)
    code, answer = await told(edge)
    assert (code, answer["ready"], answer[part]) == (503, False, False)
    assert await told(edge, "/healthz") == (200, {"status": "ok"})


async def test_without_a_database_it_lives_and_is_not_ready(postgres: str, edge: Edge) -> None:
    name = edge.database.address.database
    server = Database(postgres)
    cut = f"""select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = '{name}'"""
    async with server.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(
            text(f'alter database "{name}" with allow_connections false')
        )
        await connection.execute(text(cut))
        assert await told(edge) == (503, {"ready": False, "database": False, "migrations": False, "queue": False})
        assert await told(edge, "/healthz") == (200, {"status": "ok"})
        await connection.execute(text(f'alter database "{name}" with allow_connections true'))
    await server.close()

    async def ready() -> bool:
        return (await told(edge))[0] == 200

    await eventually(ready)  # what was told is remembered for a second


async def test_many_who_ask_at_once_are_one_question_to_the_database(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    reading = Database.reading

    def counting(database: Database) -> Any:
        nonlocal asked
        asked += 1
        return reading(database)

    monkeypatch.setattr(Database, "reading", counting)
    async with Client(edge.address, None) as nobody:
        answers = await asyncio.gather(*(nobody.http.get("/readyz") for _ in range(100)))
        answers += [await nobody.http.get("/readyz") for _ in range(20)]
    assert {each.status_code for each in answers} == {200}
    assert asked <= 3
