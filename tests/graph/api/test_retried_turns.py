"""Retried turns: turnEvents and waitSeconds end with the latest attempt, not with an earlier one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from db.enums import EventType
from db.feed.events import NewEvent, StoredEvent, append, read_after
from db.postgres.database import Database
from db.postgres.reader import Reader
from tests.client import Client
from tests.conftest import cloned
from tests.db.rows import finish, write
from tests.graph.edge import Edge, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANCEL = "mutation($id: ID!) { cancelTurn(input: {turnId: $id}) { turn { status } } }"
RETRY = "mutation($id: ID!) { retryTurn(input: {turnId: $id}) { turn { status } } }"
TURN_EVENTS = """subscription($id: ID!, $after: Int! = 0) { turnEvents(turnId: $id, afterSeq: $after) {
  __typename seq } }"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["compiled", "resolvers"])
async def edge(postgres: str, request: pytest.FixtureRequest) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url, compiled_operations=request.param == "compiled") as running:
        yield running


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[StoredEvent]:
    """The events that the feed reads from the table."""
    found: list[StoredEvent] = []

    async def noted(reader: Reader, cursors: Mapping[UUID, int], limit: int) -> dict[UUID, list[StoredEvent]]:
        pages = await read_after(reader, cursors, limit)
        found.extend(event for page in pages.values() for event in page)
        return pages

    monkeypatch.setattr("db.feed.feed.read_after", noted)
    return found


async def retried(client: Client, session: str, **given: Any) -> str:
    """A turn that was cancelled and waits again; its events are TurnQueued, TurnCancelled, TurnQueued."""
    turn = str((await client.send(session, {"text": "hello"}, **given))["id"])
    await client.run(CANCEL, id=turn)
    assert (await client.run(RETRY, id=turn))["retryTurn"]["turn"]["status"] == "QUEUED"
    return turn


async def soon(database: Database, turn: str) -> None:
    await asyncio.sleep(0.3)
    await finish(database, UUID(turn))


@pytest.mark.parametrize("after", [0, 1, 2, 3])
async def test_the_events_of_a_retried_turn_are_those_of_all_attempts(edge: Edge, acme: Client, after: int) -> None:
    turn = await retried(acme, await acme.create_session())
    async with asyncio.timeout(20), asyncio.TaskGroup() as both:
        both.create_task(soon(edge.database, turn))
        told = [event["__typename"] async for event in acme.events(TURN_EVENTS, id=turn, after=after)]
    every = ["TurnQueued", "TurnCancelled", "TurnQueued", "TurnStarted", "TurnCompleted"]
    assert told == every[after:]
    async with asyncio.timeout(20):  # it is over now, and nobody waits
        again = [event["__typename"] async for event in acme.events(TURN_EVENTS, id=turn, after=after)]
        assert again == told
        assert [event async for event in acme.events(TURN_EVENTS, id=turn, after=5)] == []


async def test_waiting_for_a_retried_turn_waits_for_its_newest_attempt(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    turn = await retried(acme, session, idempotencyKey="key")
    async with asyncio.timeout(20), asyncio.TaskGroup() as both:
        both.create_task(soon(edge.database, turn))
        again = await acme.send(session, {"text": "hello"}, idempotencyKey="key", waitSeconds=60)
    assert (again["id"], again["status"]) == (turn, "COMPLETED")


async def test_waiting_for_a_turn_that_has_ended_does_not_wait(
    edge: Edge, acme: Client, read: list[StoredEvent]
) -> None:
    session = await acme.create_session()
    turn = await acme.send(session, {"text": "hello"}, idempotencyKey="key")
    await finish(edge.database, UUID(turn["id"]))
    again = await acme.send(session, {"text": "hello"}, idempotencyKey="key", waitSeconds=60)
    assert again["status"] == "COMPLETED"
    assert read == []


async def test_waiting_reads_no_more_than_the_turn(edge: Edge, acme: Client, read: list[StoredEvent]) -> None:
    session = await acme.create_session()
    for _ in range(10):
        await write(edge.database, UUID(session), 100)
    turn = await acme.send(session, {"text": "hello"}, waitSeconds=0.3)
    assert turn["status"] == "QUEUED"
    assert {event.turn_id for event in read} <= {UUID(turn["id"])}


async def test_following_reads_nothing_from_before_the_turn(edge: Edge, acme: Client, read: list[StoredEvent]) -> None:
    session = await acme.create_session()
    for _ in range(10):
        await write(edge.database, UUID(session), 100)
    turn = (await acme.send(session, {"text": "hello"}))["id"]
    async with edge.database.transaction() as opened_session:
        await append(opened_session, UUID(session), [NewEvent(EventType.TURN_STARTED, UUID(turn), {"attempt": 1})])
    await finish(edge.database, UUID(turn))
    async with asyncio.timeout(20):
        told = [event["seq"] async for event in acme.events(TURN_EVENTS, id=turn)]
    assert told == [1001, 1002, 1003, 1004]
    assert {event.seq for event in read} == set(told)
