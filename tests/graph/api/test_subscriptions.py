"""Subscriptions: start (afterSeq), end, and clean-up after a disconnect."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from db.feed.feed import Feed
from tests.client import END, EVENTS, Client
from tests.conftest import cloned
from tests.graph.edge import Edge, bare_socket, init, opened, operate, subscribe
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

TURN_EVENTS = """subscription($id: ID!, $after: Int! = 0) { turnEvents(turnId: $id, afterSeq: $after) {
  __typename seq } }"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(postgres: str, feeds: list[Feed]) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url) as running:
        yield running


def left_since(before: set[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """The tasks that are new, but for the feed's own, which waits in a new one each time."""
    return [each for each in asyncio.all_tasks() - before if "Event.wait" not in repr(each.get_coro())]


async def refusal(client: Client, query: str, **variables: Any) -> str:
    """The code of an operation that is refused."""
    async with bare_socket(client.base) as socket:
        await socket.send(init(client))
        await socket.recv()
        answer = (await operate(socket, query, **variables))[0]["payload"]
        (error,) = answer if isinstance(answer, list) else answer["errors"]
        return str(error["extensions"]["code"])


@pytest.mark.parametrize("after", [2, 1000, 2**31 - 1, 2**31, -1, -(2**31), 1.5, "1", None])
async def test_a_beginning_that_is_none(acme: Client, after: object) -> None:
    session = await acme.create_session()
    turn = await acme.send(session, {"text": "hello"})  # one event
    assert await refusal(acme, EVENTS, id=session, after=after) == "BAD_USER_INPUT"
    assert await refusal(acme, TURN_EVENTS, id=turn["id"], after=after) == "BAD_USER_INPUT"


async def test_listeners_that_vanish_leave_nothing_behind(acme: Client, feeds: list[Feed]) -> None:
    (feed,) = feeds
    session = await acme.create_session()
    await acme.send(session, {"text": "hello"})
    before = asyncio.all_tasks()
    sockets = []
    for _ in range(50):
        opening = bare_socket(acme.base)
        socket = await opening.__aenter__()
        sockets.append((opening, socket))
        await socket.send(init(acme))
        await socket.send(subscribe(EVENTS, "1", id=session))
        await socket.send(subscribe(EVENTS, "2", id=session))
    await until(lambda: feed.listeners == 100)
    for _, socket in sockets:
        socket.transport.abort()
    await until(lambda: feed.listeners == 0)
    for opening, _ in sockets:
        await opening.__aexit__(None, None, None)
    await until(lambda: not left_since(before))


async def test_a_listener_that_says_so_is_gone_and_its_socket_stays(acme: Client, feeds: list[Feed]) -> None:
    (feed,) = feeds
    session = await acme.create_session()
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        await socket.send(subscribe(EVENTS, id=session))
        await until(lambda: feed.listeners == 1)
        await socket.send(json.dumps({"type": "complete", "id": "1"}))
        await until(lambda: feed.listeners == 0)
        assert (await operate(socket, "{ viewer { tenant } }"))[0]["type"] == "next"


async def test_the_end_of_a_session_completes_its_listeners(acme: Client, feeds: list[Feed]) -> None:
    (feed,) = feeds
    session = await acme.create_session()
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        following = asyncio.create_task(operate(socket, EVENTS, id=session))
        await until(lambda: feed.listeners == 1)
        await acme.run(END, id=session)
        async with asyncio.timeout(10):
            event, complete = await following
        assert event["payload"]["data"]["sessionEvents"]["__typename"] == "SessionEnded"
        assert complete["type"] == "complete"
        # Who comes later sees the end again, or nothing if it saw it before; nobody waits for more.
        async with asyncio.timeout(10):
            assert len(await operate(socket, EVENTS, id=session)) == 2
            assert await operate(socket, EVENTS, id=session, after=1) == [complete]
    await until(lambda: feed.listeners == 0)


async def test_a_tool_called_by_hand_is_told(acme: Client) -> None:
    session = await acme.create_session()
    call = "mutation($input: CallToolInput!) { callTool(input: $input) { toolCall { id } } }"
    await acme.run(call, input={"sessionId": session, "name": "find_crm_records", "arguments": {}})
    await acme.run(END, id=session)
    told = [(event["seq"], event["__typename"]) async for event in acme.events(EVENTS, id=session)]
    assert told == [(1, "ToolCallStarted"), (2, "ToolCallFinished"), (3, "SessionEnded")]
