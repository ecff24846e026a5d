"""Timeouts of operations and SQL statements."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from strawberry.types.graphql import OperationType

from graph.guards.deadlines import seconds_for
from graph.settings import ApiSettings
from tests.client import EVENTS
from tests.conftest import cloned
from tests.graph.edge import Edge, bare_socket, code_of, init, opened, operate

ASK = "{ sessions { nodes { id } } }"
MAKE = 'mutation { createSession(input: {customerId: "c"}) { session { id } } }'


@asynccontextmanager
async def locked(edge: Edge) -> AsyncIterator[None]:
    """Nobody else reads or writes sessions."""
    async with edge.database.transaction() as session:
        await session.execute(text("lock table sessions in access exclusive mode"))
        yield


async def nobody_waits(edge: Edge) -> None:
    """Returns when no statement waits for the lock any more."""
    asked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    while True:
        async with edge.database.reading() as session:
            if not (await session.execute(text(asked))).scalar_one():
                return
        await asyncio.sleep(0.05)


async def test_an_operation_that_takes_too_long_is_ended_and_its_connection_is_free_again(postgres: str) -> None:
    limits = {"operation_seconds": 0.3, "max_wait_seconds": 0.4, "database_pool": 2}
    async with cloned(postgres) as url, opened(url, **limits) as edge, edge.tenant() as client:
        async with locked(edge):
            for _ in range(4):
                begun = time.monotonic()
                answer = await client.post(ASK)
                assert code_of(answer) == "OPERATION_TIMEOUT"
                assert answer.get("data") is None
                assert 0.3 <= time.monotonic() - begun < 60
            begun = time.monotonic()
            assert code_of(await client.post(MAKE)) == "OPERATION_TIMEOUT"
            assert time.monotonic() - begun >= 0.7
            async with bare_socket(edge.address) as socket:
                await socket.send(init(client))
                await socket.recv()
                (answer, *_) = await operate(socket, f"{ASK} # again")
                errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
                assert [each["extensions"]["code"] for each in errors] == ["OPERATION_TIMEOUT"]
                assert (await operate(socket, "{ viewer { tenant } }", "2"))[0]["payload"]["data"]
            async with asyncio.timeout(60):
                await nobody_waits(edge)
        assert (await client.run(ASK))["sessions"]["nodes"] == []


async def test_a_subscription_stays_open_longer_than_an_operation_may_take(postgres: str) -> None:
    async with cloned(postgres) as url, opened(url, operation_seconds=0.3) as edge, edge.tenant() as client:
        session = await client.create_session()
        async with bare_socket(edge.address) as socket:
            await socket.send(init(client))
            await socket.recv()
            payload = {"query": EVENTS, "variables": {"id": session}}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            await asyncio.sleep(0.6)
            await client.send(session, {"text": "hello"})
            async with asyncio.timeout(60):
                assert json.loads(await socket.recv())["type"] == "next"


async def test_a_statement_that_takes_too_long_is_cut_by_the_database_itself(postgres: str) -> None:
    async with cloned(postgres) as url, opened(url, database_timeout_seconds=0.5) as edge, edge.tenant() as client:
        async with locked(edge):
            begun = time.monotonic()
            answer = await client.post(ASK)
            assert code_of(answer) == "OPERATION_TIMEOUT", "the database is there: a retry would take as long"
            assert time.monotonic() - begun < 60
        assert (await client.run(ASK))["sessions"]["nodes"] == []


@pytest.mark.parametrize(("kind", "seconds"), [(OperationType.QUERY, 7), (OperationType.MUTATION, 11)])
def test_a_mutation_may_wait_for_its_turn_besides(kind: OperationType, seconds: float) -> None:
    assert seconds_for(kind, ApiSettings(operation_seconds=7, max_wait_seconds=4)) == seconds
