"""Limits of open subscriptions."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack

import pytest
from websockets.asyncio.client import ClientConnection

from db.errors import Overloaded
from db.ids import new_id
from graph.guards.open_subscriptions import SubscriptionLimits
from tests.client import EVENTS
from tests.conftest import cloned
from tests.graph.edge import opened, subscribe

A, B = new_id(), new_id()


def test_a_key_may_have_so_many_and_may_again_when_one_ends() -> None:
    limits = SubscriptionLimits(2, 100)
    with ExitStack() as stack:
        stack.enter_context(limits.held(A))
        with limits.held(A):
            with pytest.raises(Overloaded) as refused, limits.held(A):
                pass
            assert refused.value.extensions["retryAfterSeconds"] > 0
            stack.enter_context(limits.held(B))
        stack.enter_context(limits.held(A))
        assert limits.open == 3
    assert limits.open == 0


def test_a_process_may_have_so_many() -> None:
    limits = SubscriptionLimits(2, 2)
    with limits.held(A), limits.held(B), pytest.raises(Overloaded), limits.held(B):
        pass
    assert limits.open == 0


def test_one_that_fails_is_over() -> None:
    limits = SubscriptionLimits(1, 1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), limits.held(A):
            raise ZeroDivisionError
    assert limits.open == 0


async def said(socket: ClientConnection, name: str, session: str) -> str:
    """What the first message about a new subscription is: its first event, or its error's code."""
    await socket.send(subscribe(EVENTS, name, id=session))
    async with asyncio.timeout(10):
        while (message := json.loads(await socket.recv())).get("id") != name:
            pass
    payload = message["payload"]
    errors = payload if message["type"] == "error" else payload.get("errors")
    return str(errors[0]["extensions"]["code"]) if errors else str(message["type"])


async def test_the_server_holds_to_both(postgres: str) -> None:
    limits = {"max_subscriptions_per_key": 2, "max_subscriptions": 3}
    async with cloned(postgres) as url, opened(url, **limits) as edge, edge.tenant() as acme, edge.tenant() as rival:
        mine, other = await acme.create_session(), await rival.create_session()
        await acme.send(mine, {"text": "hello"})
        await rival.send(other, {"text": "hello"})
        async with acme.socket() as first, rival.socket() as second:
            assert [await said(first, name, mine) for name in "123"] == ["next", "next", "OVERLOADED"]
            assert [await said(second, name, other) for name in "12"] == ["next", "OVERLOADED"]
            await first.send(json.dumps({"id": "1", "type": "complete"}))
            async with asyncio.timeout(10):
                number = 3
                while await said(second, str(number), other) != "next":
                    number += 1
