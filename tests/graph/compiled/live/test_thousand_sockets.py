"""A thousand subscribers disconnect without a close frame: no task or memory leaks."""

from __future__ import annotations

import asyncio
import gc
import json
from collections import Counter

import pytest
from sqlalchemy import text

from db.feed.listeners import Listener
from tests.client import EVENTS, Client
from tests.conftest import cloned
from tests.graph.edge import Edge, bare_socket, init, opened, subscribe
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOCKETS = 1000
AT_ONCE = 100

#: The API's pools: each opens its next connection when so many statements meet, whenever that is. "voxloom" is also
#: this test's own.
POOLS = Counter({"voxloom": 11, "voxloom-live": 2, "voxloom-reader": 2, "voxloom-writer": 6})


async def vanish(client: Client, session: str) -> None:
    """Follows a session, gets its first event, and drops the connection."""
    async with bare_socket(client.base) as socket:
        await socket.send(init(client))
        await socket.recv()
        await socket.send(subscribe(EVENTS, "1", id=session))
        assert json.loads(await socket.recv())["type"] == "next"
        socket.transport.abort()


def tasks() -> Counter[str]:
    return Counter(getattr(each.get_coro(), "__qualname__", "?") for each in asyncio.all_tasks())


def listeners() -> int:
    gc.collect()
    return sum(type(each) is Listener for each in gc.get_objects())


async def connections(edge: Edge) -> Counter[str]:
    """How many there are to the database, by the name of what opened them."""
    async with edge.database.reading() as session:
        names = "select application_name from pg_stat_activity where datname = current_database()"
        return Counter((await session.execute(text(names))).scalars())


async def test_nothing_is_left_of_a_thousand(postgres: str) -> None:
    # Without a rate limit: all of them come from one address, and show their key only in connection_init.
    async with cloned(postgres) as url, opened(url, requests_per_minute=0) as edge, edge.tenant() as acme:
        await come_and_vanish(edge, acme)


async def come_and_vanish(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    await acme.send(session, {"text": "hello"})
    await asyncio.gather(*(vanish(acme, session) for _ in range(AT_ONCE)))  # the pool is as large as it gets
    await until(lambda: listeners() == 0)
    tasks_before, connections_before = tasks(), await connections(edge)
    for _ in range(SOCKETS // AT_ONCE):
        await asyncio.gather(*(vanish(acme, session) for _ in range(AT_ONCE)))
    await until(lambda: listeners() == 0)
    await until(lambda: not tasks() - tasks_before)
    assert await connections(edge) <= connections_before | POOLS
