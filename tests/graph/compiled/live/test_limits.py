"""Limits, key revocation and clean-up of subscriptions, on the compiled layer."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from db.commands.keys import revoke_key
from db.feed.feed import Feed
from graph import app
from graph.compiled.live.live import Live
from graph.compiled.live.opening import Opened
from graph.guards.open_subscriptions import SubscriptionLimits
from tests.client import END, EVENTS, Client
from tests.conftest import cloned
from tests.graph.api.test_subscriptions import left_since
from tests.graph.edge import Edge, bare_socket, init, opened, subscribe
from tests.graph.http.test_streams import MULTIPART, SSE, events_of, streamed
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PER_KEY = 3
_ALL = 5


@dataclass
class Watched:
    """An API, and what of it counts who follows. ``followed``: what the live layer has taken."""

    edge: Edge
    feed: Feed
    subscriptions: SubscriptionLimits
    followed: list[Opened]

    @property
    def quiet(self) -> bool:
        return self.feed.listeners == 0 and self.subscriptions.open == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watched(postgres: str) -> AsyncIterator[Watched]:
    feeds: list[Feed] = []
    counters: list[SubscriptionLimits] = []
    followed: list[Opened] = []
    open_ = Live.open

    def feed(*given: Any) -> Feed:
        feeds.append(Feed(*given))
        return feeds[-1]

    def counter(*given: Any) -> SubscriptionLimits:
        counters.append(SubscriptionLimits(*given))
        return counters[-1]

    async def noted(self: Live, *given: Any) -> Opened | None:
        found = await open_(self, *given)
        followed.extend([found] if found is not None else [])
        return found

    limits = {"max_subscriptions_per_key": _PER_KEY, "max_subscriptions": _ALL}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "Feed", feed)
        patch.setattr(app, "SubscriptionLimits", counter)
        patch.setattr(Live, "open", noted)
        async with cloned(postgres) as url, opened(url, **limits) as edge:
            yield Watched(edge, feeds[0], counters[0], followed)


@pytest.fixture
def edge(watched: Watched) -> Edge:
    return watched.edge


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def live_and_quiet(watched: Watched) -> AsyncIterator[None]:
    """Each test is served by the live layer, and leaves nobody behind."""
    before = len(watched.followed)
    yield
    await until(lambda: watched.quiet)
    assert len(watched.followed) > before, "the live layer was not asked, or took nobody"


async def talked(client: Client) -> str:
    """A session with an event."""
    session_id = await client.create_session()
    await client.send(session_id, {"text": "hello"})
    return session_id


async def greeted(client: Client, stack: AsyncExitStack) -> ClientConnection:
    socket = await stack.enter_async_context(bare_socket(client.base))
    await socket.send(init(client))
    await socket.recv()
    return socket


async def first(socket: ClientConnection, name: str, query: str = EVENTS, **variables: Any) -> dict[str, Any]:
    """The first message about a new subscription."""
    await socket.send(subscribe(query, name, **variables))
    async with asyncio.timeout(10):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message.get("id") == name:
                return message


def refused(message: dict[str, Any], code: str) -> dict[str, Any]:
    """The extensions of the one error that a subscription begins and ends with."""
    assert message["type"] == "error"
    (error,) = message["payload"]
    extensions: dict[str, Any] = error["extensions"]
    assert extensions["code"] == code
    return extensions


async def test_a_key_may_follow_so_many(acme: Client, rival: Client, watched: Watched) -> None:
    mine, other = await talked(acme), await talked(rival)
    async with AsyncExitStack() as stack:
        sockets = [await greeted(acme, stack) for _ in range(2)]
        for number in range(_PER_KEY):  # over several sockets
            message = await first(sockets[number % 2], f"a{number}", id=mine)
            assert message["payload"]["data"]["sessionEvents"]["seq"] == 1
        extensions = refused(await first(sockets[0], "more", id=mine), "OVERLOADED")
        assert extensions["retryAfterSeconds"] > 0
        assert (await first(await greeted(rival, stack), "b", id=other))["type"] == "next"
        # The socket of the one that was refused goes on, and may follow when another goes.
        await sockets[1].send(json.dumps({"id": "a1", "type": "complete"}))
        await until(lambda: watched.subscriptions.open == _PER_KEY)  # rival's is one of them
        assert (await first(sockets[0], "again", id=mine))["type"] == "next"
        refused(await first(sockets[0], "more", id=mine), "OVERLOADED")


async def test_a_process_holds_so_many(edge: Edge, watched: Watched) -> None:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(edge.tenant()) for _ in range(_ALL + 1)]
        told = []
        for client in clients:
            told.append(await first(await greeted(client, stack), "1", id=await talked(client)))
        assert [each["type"] for each in told] == ["next"] * _ALL + ["error"]
        refused(told[-1], "OVERLOADED")
        assert watched.subscriptions.open == watched.feed.listeners == _ALL


@pytest.mark.parametrize("accept", [SSE, MULTIPART])
async def test_streams_and_sockets_count_alike(acme: Client, watched: Watched, accept: str) -> None:
    session_id = await talked(acme)
    async with AsyncExitStack() as stack:
        socket = await greeted(acme, stack)
        for number in range(_PER_KEY - 1):
            assert (await first(socket, str(number), id=session_id))["type"] == "next"
        async with streamed(acme, EVENTS, accept=accept, id=session_id):
            await until(lambda: watched.subscriptions.open == _PER_KEY)
            refused(await first(socket, "more", id=session_id), "OVERLOADED")
            async with asyncio.timeout(10), streamed(acme, EVENTS, accept=accept, id=session_id) as second:
                text = (await second.aread()).decode()
            assert '"OVERLOADED"' in text
            assert '"retryAfterSeconds"' in text
            if accept == SSE:
                assert events_of(text)[-1] == ("complete", None)
        await until(lambda: watched.subscriptions.open == _PER_KEY - 1)
        assert (await first(socket, "again", id=session_id))["type"] == "next"


async def test_one_that_ends_by_itself_is_not_counted_any_more(acme: Client, watched: Watched) -> None:
    async with AsyncExitStack() as stack:
        socket = await greeted(acme, stack)
        for number in range(2 * _PER_KEY):
            session_id = await acme.create_session()
            await acme.run(END, id=session_id)
            message = await first(socket, str(number), id=session_id)
            assert message["payload"]["data"]["sessionEvents"]["__typename"] == "SessionEnded"
            assert json.loads(await socket.recv()) == {"id": str(number), "type": "complete"}
        await until(lambda: watched.quiet)


async def test_one_that_follows_what_is_over_is_not_counted(acme: Client, watched: Watched) -> None:
    session_id = await acme.create_session()
    await acme.run(END, id=session_id)
    async with AsyncExitStack() as stack:
        socket = await greeted(acme, stack)
        for number in range(2 * _PER_KEY):
            message = await first(socket, str(number), id=session_id, after=1)
            assert message == {"id": str(number), "type": "complete"}
        await until(lambda: watched.quiet)


async def test_what_a_socket_follows_counts_as_a_request(postgres: str) -> None:
    async with cloned(postgres) as url, opened(url, requests_per_minute=6) as edge, edge.tenant() as client:
        session_id = await talked(client)  # two, and each operation one more
        async with AsyncExitStack() as stack:
            socket = await greeted(client, stack)
            for number in range(4):
                assert (await first(socket, str(number), id=session_id))["type"] == "next"
            for name in ("x", "y"):
                extensions = refused(await first(socket, name, id=session_id), "RATE_LIMITED")
                assert 0 < extensions["retryAfterSeconds"] <= 10
            async with edge.tenant() as other:
                assert await talked(other)
        answer = await client.http.post("/graphql", json={"query": "{ __typename }"})
        assert answer.status_code == 429


async def test_a_key_that_was_revoked_follows_nothing_more(edge: Edge, acme: Client) -> None:
    session_id = await talked(acme)
    key_id = (await acme.run("{ viewer { keyId } }"))["viewer"]["keyId"]
    async with AsyncExitStack() as stack:
        socket = await greeted(acme, stack)
        assert (await first(socket, "1", id=session_id))["type"] == "next"
        async with edge.database.transaction() as session:
            await revoke_key(session, uuid.UUID(key_id))
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await asyncio.wait_for(socket.recv(), 5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403
    async with asyncio.timeout(10), streamed(acme, EVENTS, id=session_id) as answer:
        assert '"UNAUTHENTICATED"' in (await answer.aread()).decode()


async def test_another_tenants_session_is_not_followed(acme: Client, rival: Client) -> None:
    session_id = await talked(acme)
    async with AsyncExitStack() as stack:
        assert (await first(await greeted(acme, stack), "1", id=session_id))["type"] == "next"
        message = await first(await greeted(rival, stack), "1", id=session_id)
        errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
        assert [each["extensions"]["code"] for each in errors] == ["NOT_FOUND"]


Leave = Callable[[Client, str, Callable[[], bool]], Coroutine[Any, Any, None]]


async def _by_socket(client: Client, session_id: str, follows: Callable[[], bool], *, politely: bool) -> None:
    async with AsyncExitStack() as stack:
        socket = await greeted(client, stack)
        for number in range(_PER_KEY):
            assert (await first(socket, str(number), id=session_id))["type"] == "next"
        await until(follows)
        if politely:
            for number in range(_PER_KEY):
                await socket.send(json.dumps({"id": str(number), "type": "complete"}))
        else:
            socket.transport.abort()


async def _complete(client: Client, session_id: str, follows: Callable[[], bool]) -> None:
    await _by_socket(client, session_id, follows, politely=True)


async def _cut(client: Client, session_id: str, follows: Callable[[], bool]) -> None:
    await _by_socket(client, session_id, follows, politely=False)


async def _stream(client: Client, session_id: str, follows: Callable[[], bool]) -> None:
    address = httpx.URL(client.base)
    body = json.dumps({"query": EVENTS, "variables": {"id": session_id}})
    head = [
        "POST /graphql HTTP/1.1",
        f"Host: {address.netloc.decode()}",
        f"Authorization: {client.headers['Authorization']}",
        f"Accept: {SSE}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    writers = []
    for _ in range(_PER_KEY):
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.write("\r\n".join([*head, "", body]).encode())
        writers.append(writer)
    await until(follows)
    for writer in writers:
        writer.transport.abort()


@pytest.mark.parametrize("leave", [_complete, _cut, _stream])
async def test_listeners_that_vanish_leave_nothing_behind(acme: Client, watched: Watched, leave: Leave) -> None:
    session_id = await talked(acme)
    await until(lambda: watched.quiet)
    before = asyncio.all_tasks()
    for _ in range(5):  # more than there may be at once
        await leave(acme, session_id, lambda: watched.feed.listeners == watched.subscriptions.open == _PER_KEY)
        await until(lambda: watched.quiet)
        await until(lambda: not left_since(before))


async def test_one_that_vanishes_while_events_come_leaves_nothing(acme: Client, watched: Watched) -> None:
    session_id = await talked(acme)
    before = asyncio.all_tasks()
    async with AsyncExitStack() as stack:
        socket = await greeted(acme, stack)
        assert (await first(socket, "1", id=session_id))["type"] == "next"
        sending = [asyncio.create_task(acme.send(session_id, {"text": "more"})) for _ in range(5)]
        socket.transport.abort()
        await asyncio.gather(*sending)
        await until(lambda: watched.quiet)
    await until(lambda: not left_since(before))
