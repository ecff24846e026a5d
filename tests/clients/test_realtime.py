"""npm's @openai/agents-realtime, unchanged: a spoken conversation with an interruption over the Realtime protocol."""

from __future__ import annotations

import asyncio

import pytest

from tests.clients.test_clients import find_node, verdict
from tests.graph.voice.fakes import until
from tests.graph.voice.realtime.fakes import KEY, FakeCall, FakeReception, realtime_server

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def node() -> str:
    return find_node()


async def converse(call: FakeCall) -> None:
    """The call's side of realtime.mjs."""
    await until(lambda: call.heard.size > 3_000, 15)
    await call.turn("My bill is wrong.", "My bill")
    await call.say(["Your bill ", "is 30 euros."], seconds=0.3)
    await asyncio.sleep(0.8)
    await call.turn("Why?")
    reply_id = await call.begin(["A long story ", "that has no end."], seconds=1.5)
    await asyncio.sleep(0.4)
    await call.pause(reply_id)
    await asyncio.sleep(0.2)
    await call.cleared(reply_id)
    await until(lambda: "respond" in call.names, 15)
    await call.commit("What is my balance?")
    await call.say(["Thirty euros."], seconds=0.2)


async def test_a_spoken_conversation_with_an_interruption(node: str) -> None:
    reception = FakeReception()
    async with realtime_server(reception) as address:
        talking = asyncio.create_task(_talk(reception))
        told = await verdict(node, "realtime.mjs", address, KEY)
        await talking
    assert told["errors"] == []
    assert (told["model"], told["session"]) == ("billing_agent", True)
    assert told["statuses"] == ["completed", "cancelled", "completed"]
    assert (told["interrupted"] >= 1, told["audio"] > 10) == (True, True)
    (ms,) = told["truncated"]
    assert 200 < ms < 1_500
    assert told["history"][:2] == [["user", "My bill is wrong."], ["assistant", "Your bill is 30 euros."]]
    assert told["history"][-2:] == [["user", "What is my balance?"], ["assistant", "Thirty euros."]]
    (new,) = reception.opened
    assert (new.agent, new.customer_id) == ("billing_agent", "npm")


async def _talk(reception: FakeReception) -> None:
    await until(lambda: reception.calls, 30)
    await converse(reception.calls[0])
