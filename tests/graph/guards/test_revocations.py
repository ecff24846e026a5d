"""Key revocation: open websockets close with 4403 and streams with an error within two seconds, in every process."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from websockets.exceptions import ConnectionClosed

from db.commands.keys import create_key, revoke_key
from db.errors import ConnectFailed, KeyExpired
from db.feed.feed import Feed
from db.postgres.database import Database
from graph.guards.keys import Keys
from graph.guards.rate_limit import Rates
from tests.client import EVENTS, Client
from tests.conftest import cloned
from tests.graph.edge import Edge, bare_socket, init, opened, subscribe

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Served by an executor: the live layer knows no second field at the root of an event's turn's session.
SLOW = """subscription($id: ID!) { sessionEvents(sessionId: $id) { __typename seq
  ... on TurnCompleted { turn { session { turns { id } } } } } }"""

#: A busy machine may take far longer than the second in which keys are polled.
WITHIN_SECONDS = 20

#: Of a key that expires while it is used.
LIFE_SECONDS = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[True, False], ids=["notified", "not notified"])
async def pair(postgres: str, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Edge, Edge]]:
    """Two API processes on one database; once with notifications of revocations, once without."""
    with pytest.MonkeyPatch.context() as patch:
        if not request.param:
            patch.setattr(Feed, "_listen", _never)
        async with cloned(postgres) as url, opened(url) as one, opened(url) as other:
            yield one, other


async def _never(_: Feed) -> None:
    await asyncio.Event().wait()


async def second_key(edge: Edge, client: Client, life: timedelta | None = None) -> tuple[str, uuid.UUID]:
    """Another key of the client's tenant, and its id."""
    tenant = (await client.run("{ viewer { tenant } }"))["viewer"]["tenant"]
    async with edge.database.transaction() as session:
        secret = await create_key(session, name="to revoke", tenant=tenant, life=life)
    async with Client(edge.address, secret) as other:
        return secret, uuid.UUID((await other.run("{ viewer { keyId } }"))["viewer"]["keyId"])


async def follow_socket(client: Client, query: str, session: str, ready: asyncio.Event) -> tuple[int, list[Any]]:
    """The code that the socket is closed with, and what came before."""
    got: list[Any] = []
    async with bare_socket(client.base) as socket:
        await socket.send(init(client))
        await socket.recv()
        await socket.send(subscribe(query, id=session))
        try:
            while True:
                got.append(json.loads(await socket.recv()))
                ready.set()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code, got


async def follow_stream(client: Client, accept: str, query: str, session: str, ready: asyncio.Event) -> str:
    """All that the stream holds, when it has ended."""
    text = ""
    body = {"query": query, "variables": {"id": session}}
    async with client.http.stream("POST", "/graphql", json=body, headers={"accept": accept}, timeout=200) as answer:
        async for piece in answer.aiter_text():
            text += piece
            if "seq" in text:
                ready.set()
    return text


SSE, MULTIPART = "text/event-stream", 'multipart/mixed;subscriptionSpec="1.0"'


@pytest.mark.parametrize("query", [EVENTS, SLOW], ids=["compiled", "executed"])
async def test_a_revoked_key_follows_nothing(pair: tuple[Edge, Edge], query: str) -> None:
    one, other = pair
    async with one.tenant() as owner:
        session = await owner.create_session()
        await owner.send(session, {"text": "before"})
        secret, key_id = await second_key(one, owner)
        async with Client(one.address, secret) as here, Client(other.address, secret) as there:
            tasks: list[asyncio.Task[Any]] = []
            for client in (here, there):
                for follow in (
                    lambda ready, client=client: follow_socket(client, query, session, ready),
                    lambda ready, client=client: follow_stream(client, SSE, query, session, ready),
                    lambda ready, client=client: follow_stream(client, MULTIPART, query, session, ready),
                ):
                    ready = asyncio.Event()
                    tasks.append(asyncio.create_task(follow(ready)))
                    await asyncio.wait_for(ready.wait(), 10)
            idle = asyncio.create_task(_closed(here))
            await asyncio.sleep(0.2)
            async with one.database.transaction() as transaction:
                await revoke_key(transaction, key_id)
            ended = await asyncio.wait_for(asyncio.gather(*tasks, idle), WITHIN_SECONDS)
        *followed, closed = ended
        assert closed == 4403
        for place in (0, 3):
            code, messages = followed[place]
            assert (code, messages[0]["type"]) == (4403, "next")
        for place in (1, 2, 4, 5):
            assert "UNAUTHENTICATED" in followed[place]


async def _closed(client: Client) -> int:
    """The code that a socket on which nothing is followed is closed with."""
    async with bare_socket(client.base) as socket:
        await socket.send(init(client))
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code


async def test_an_expired_key_follows_nothing(pair: tuple[Edge, Edge]) -> None:
    one, other = pair
    async with one.tenant() as owner:
        session = await owner.create_session()
        await owner.send(session, {"text": "before"})
        made = time.monotonic()
        secret, _ = await second_key(one, owner, timedelta(seconds=LIFE_SECONDS))
        async with Client(one.address, secret) as here, Client(other.address, secret) as there:
            tasks: list[asyncio.Task[Any]] = []
            for follow in (
                lambda ready: follow_socket(here, EVENTS, session, ready),
                lambda ready: follow_stream(here, SSE, EVENTS, session, ready),
                lambda ready: follow_stream(there, MULTIPART, SLOW, session, ready),
            ):
                ready = asyncio.Event()
                tasks.append(asyncio.create_task(follow(ready)))
                await asyncio.wait_for(ready.wait(), LIFE_SECONDS)
            (code, _), *streams = await asyncio.wait_for(asyncio.gather(*tasks), LIFE_SECONDS + WITHIN_SECONDS)
            assert time.monotonic() - made > LIFE_SECONDS
            assert code == 4403
            for stream in streams:
                assert "API_KEY_EXPIRED" in stream
            for client in (here, there):
                asked = await client.http.post("/graphql", json={"query": "{ viewer { tenant } }"})
                (error,) = asked.json()["errors"]
                assert error["extensions"]["code"] == "API_KEY_EXPIRED"
                assert "expired" in error["message"]
                async with bare_socket(client.base) as socket:
                    await socket.send(init(client))
                    with pytest.raises(ConnectionClosed, match=r"4403.*expired"):
                        await socket.recv()


async def test_a_verification_ends_with_the_key(postgres: str) -> None:
    """A cached verification outlives neither the key's expiry nor, in an outage, the key itself."""
    seconds = 1_000.0
    async with cloned(postgres) as url:
        database = Database(url)
        try:
            async with database.transaction() as session:
                secret = await create_key(session, name="short", life=timedelta(seconds=30))
            keys = Keys(database.reader, Rates(0), clock=lambda: seconds)
            await keys.admit(secret, "192.0.2.1")
            async with database.transaction() as session:
                await session.execute(text("update api_keys set expires_at = now()"))
            seconds += 1  # within the two seconds of a verification
            await keys.admit(secret, "192.0.2.1")
            database.reader.close()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("graph.guards.keys.find_key", unreachable)
                seconds += 28
                await keys.admit(secret, "192.0.2.1")  # an outage
                seconds += 2
                with pytest.raises(KeyExpired):
                    await keys.admit(secret, "192.0.2.1")
            await keys.close()
        finally:
            await database.close()


async def unreachable(*_: object) -> None:
    raise ConnectFailed("no server", transient=True)


async def test_others_go_on(pair: tuple[Edge, Edge]) -> None:
    one, _ = pair
    async with one.tenant() as owner:
        session = await owner.create_session()
        await owner.send(session, {"text": "before"})
        _, key_id = await second_key(one, owner)
        ready = asyncio.Event()
        mine = asyncio.create_task(follow_stream(owner, SSE, EVENTS, session, ready))
        await ready.wait()
        async with one.database.transaction() as transaction:
            await revoke_key(transaction, key_id)
        await asyncio.sleep(1.5)
        assert not mine.done()
        mine.cancel()
        await asyncio.gather(mine, return_exceptions=True)


async def test_a_revoked_key_is_refused_at_once(pair: tuple[Edge, Edge]) -> None:
    one, other = pair
    async with one.tenant() as owner:
        secret, key_id = await second_key(one, owner)
        async with Client(other.address, secret) as there:
            await there.run("{ viewer { tenant } }")
            async with one.database.transaction() as transaction:
                await revoke_key(transaction, key_id)
            async with bare_socket(there.base) as socket:
                await socket.send(init(there))
                with pytest.raises(ConnectionClosed, match="4403"):  # instead of connection_ack
                    await socket.recv()
            answer: httpx.Response = await there.http.post("/graphql", json={"query": "{ viewer { tenant } }"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
