"""The relay to a reply's listener: it holds, keeps the order, and outlives a listener that fails or hangs."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from structlog.testing import capture_logs

from inference.ports import Speech
from inference.turn import reply_relay
from inference.turn.reply_relay import ReplyRelay
from tests.inference.turn.listener import MemoryListener

_PIECE = Speech(np.zeros(8000, np.float32), 16_000, "hello")


async def test_nothing_is_passed_on_before_the_release_and_then_all_of_it_in_order() -> None:
    relay, listener = ReplyRelay(), MemoryListener()
    relay.text("hel")
    relay.piece(_PIECE)
    await asyncio.sleep(0.01)
    assert listener.got == []
    relay.release(listener)
    relay.tool_started("1", "note")
    relay.tool_finished("1", "note", ok=True)
    relay.restarted()
    await relay.drain()
    assert [name for name, _ in listener.got] == ["text", "piece", "tool_started", "tool_finished", "restarted"]


async def test_what_was_held_when_it_is_closed_is_passed_on_to_nobody() -> None:
    relay, listener = ReplyRelay(), MemoryListener()
    relay.text("hel")
    await relay.close()
    relay.release(listener)
    await relay.drain()
    assert listener.got == []


async def test_a_listener_that_fails_is_dropped() -> None:
    relay = ReplyRelay()
    relay.release(MemoryListener(ConnectionError("gone")))
    relay.text("hello")
    with capture_logs() as logged:
        await relay.drain()
    assert [line["event"] for line in logged] == ["reply_listener_lost"]


async def test_a_listener_that_hangs_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_relay, "_DELIVERY_SECONDS", 0.05)

    class Hanging(MemoryListener):
        async def reply_text(self, delta: str) -> None:
            await asyncio.Event().wait()

    relay = ReplyRelay()
    relay.release(Hanging())
    relay.text("hello")
    async with asyncio.timeout(30):
        await relay.drain()


async def test_what_waits_for_a_slow_listener_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_relay, "_MAX_WAITING_BYTES", 3 * _PIECE.samples.nbytes)
    relay, listener = ReplyRelay(), MemoryListener()
    for _ in range(4):
        relay.piece(_PIECE)
    relay.release(listener)
    await relay.drain()
    assert listener.got == []
