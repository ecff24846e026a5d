"""The registry of calls: admission, one connection at a time, resuming within a time, drain."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from db.enums import CallEndReason
from db.errors import EngineUnavailable, NotFound, Overloaded
from graph.voice.calls import Calls, CallTicket
from tests.graph.voice.fakes import Making, Records, Speaker
from tests.waiting import until


def ticket(call_id: UUID | None = None) -> CallTicket:
    return CallTicket(tenant_id=uuid4(), call_id=call_id or uuid4())


class Desk:
    """A registry over fakes."""

    def __init__(self, *, max_calls: int = 2, resume_seconds: float = 30) -> None:
        self.records, self.making = Records(), Making()
        self.refusal: Exception | None = None
        self.calls = Calls(
            self.records,
            self.making,
            max_calls=max_calls,
            check=self._check,
            resume_seconds=resume_seconds,
        )

    def _check(self) -> None:
        if self.refusal is not None:
            raise self.refusal


async def test_no_more_calls_than_the_maximum_also_when_they_come_at_once() -> None:
    desk = Desk(max_calls=2)
    desk.records.wait = asyncio.Event()

    async def call() -> None:
        async with desk.calls.connect(ticket(), Speaker()) as connection:
            await asyncio.wait({connection.over})

    tasks = [asyncio.create_task(call()) for _ in range(5)]
    await until(lambda: sum(each.done() for each in tasks) == 3)
    desk.records.wait.set()
    await until(lambda: len(desk.making.calls) == 2)
    refused = [each.exception() for each in tasks if each.done()]
    assert [type(each) for each in refused] == [Overloaded] * 3
    for each in desk.making.calls:
        await each.hang_up(CallEndReason.CALLER)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert desk.calls.count == 0


async def test_a_call_that_cannot_be_connected_takes_no_place() -> None:
    desk = Desk(max_calls=1)
    desk.records.error = NotFound("There is no such call.")
    for _ in range(3):
        with pytest.raises(NotFound):
            async with desk.calls.connect(ticket(), Speaker()):
                pass
    assert desk.calls.count == 0


async def test_a_refused_call_is_not_connected() -> None:
    desk = Desk()
    desk.refusal = EngineUnavailable("The models are not loaded.")
    with pytest.raises(EngineUnavailable):
        async with desk.calls.connect(ticket(), Speaker()):
            pass
    assert not desk.records.made


async def test_a_dropped_call_is_resumed_as_the_same_call_even_when_the_process_is_full() -> None:
    desk, known = Desk(max_calls=1), ticket()
    async with desk.calls.connect(known, Speaker()):
        await until(lambda: desk.making.calls[0].running)
    (call,) = desk.making.calls
    desk.refusal = Overloaded("Busy.", 1)
    second = Speaker()
    async with desk.calls.connect(known, second) as connection:
        await until(lambda: call.running)
        assert call.speakers[-1] is second
        assert [each.connection for each in desk.records.made] == [1, 2]
        await call.hang_up(CallEndReason.CALLER)
        await asyncio.wait({connection.over})
    assert (desk.calls.count, call.runs) == (0, 2)
    assert not any(each.ended for each in desk.records.made)  # the call ends its record itself


async def test_a_dropped_call_that_is_not_resumed_ends_as_dropped() -> None:
    desk = Desk(resume_seconds=0.05)
    async with desk.calls.connect(ticket(), Speaker()):
        await until(lambda: desk.making.calls[0].running)
    await until(lambda: desk.calls.count == 0)
    await until(lambda: desk.making.calls[0].hung_up)
    assert desk.making.calls[0].hung_up == [CallEndReason.DROPPED]


async def test_a_second_connection_takes_the_call_over_and_the_first_is_over() -> None:
    desk, known = Desk(max_calls=1), ticket()
    async with desk.calls.connect(known, Speaker()) as first:
        (call,) = desk.making.calls
        await until(lambda: call.running)
        async with desk.calls.connect(known, Speaker()) as second:
            assert first.over.done()
            await until(lambda: call.running)
            assert not second.over.done()
        assert desk.calls.count == 1
    assert call.most_running == 1


async def test_the_end_of_a_connection_that_was_taken_over_does_not_end_the_other() -> None:
    desk, known = Desk(), ticket()
    first = desk.calls.connect(known, Speaker())
    await first.__aenter__()
    async with desk.calls.connect(known, Speaker()) as second:
        await first.__aexit__(None, None, None)
        await asyncio.sleep(0.01)
        assert not second.over.done()


async def test_a_call_that_does_not_leave_its_lost_connection_is_taken_up_from_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("graph.voice.calls._LEAVE_SECONDS", 0.05)
    desk, known = Desk(), ticket()
    async with desk.calls.connect(known, Speaker()) as first:
        desk.making.calls[0].stubborn = True
        async with desk.calls.connect(known, Speaker()) as second:
            assert len(desk.making.calls) == 2
            await until(first.over.done)
            assert not second.over.done()
            assert desk.calls.call(known.call_id) is second.call


async def test_a_caller_who_gives_up_while_the_call_leaves_its_connection() -> None:
    """The one who comes next waits for it too: a call that runs is not resumed."""
    desk, known = Desk(), ticket()
    async with desk.calls.connect(known, Speaker()) as first:
        (call,) = desk.making.calls
        await until(lambda: call.running)
        call.stubborn = True
        waiting = asyncio.create_task(desk.calls.connect(known, Speaker()).__aenter__())
        await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.wait({waiting})
        call.stubborn = False
        async with desk.calls.connect(known, Speaker()):
            assert first.over.done()
            await until(lambda: call.runs == 2)
    assert call.most_running == 1


async def test_a_call_that_cannot_go_on_here_is_taken_up_from_the_record() -> None:
    """Another process had it in between."""
    desk, known = Desk(), ticket()
    async with desk.calls.connect(known, Speaker()):
        await until(lambda: desk.making.calls[0].running)
    desk.making.calls[0].stale = True
    async with desk.calls.connect(known, Speaker()) as again:
        first, second = desk.making.calls
        await until(lambda: second.running)
        assert desk.calls.call(known.call_id) is again.call
        assert (first.runs, first.running, second.runs) == (1, 0, 1)


async def test_a_call_that_fails_ends_as_failed_and_leaves_its_place() -> None:
    desk = Desk(max_calls=1)
    async with desk.calls.connect(ticket(), Speaker()) as connection:
        await until(lambda: desk.making.calls[0].running)
        desk.making.calls[0].break_down(ValueError("what the caller said"))
        await asyncio.wait({connection.over})
    assert desk.records.made[0].ended == [CallEndReason.FAILED]
    assert desk.calls.count == 0


async def test_drain_takes_no_new_call_and_ends_running_ones_after_their_time() -> None:
    desk = Desk(resume_seconds=30)
    async with desk.calls.connect(ticket(), Speaker()):
        await until(lambda: desk.making.calls[0].running)
    async with desk.calls.connect(ticket(), Speaker()) as connection:
        await until(lambda: desk.making.calls[1].running)
        draining = asyncio.create_task(desk.calls.drain(0.1))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            async with desk.calls.connect(ticket(), Speaker()):
                pass
        assert not connection.over.done()
        await draining
        assert connection.over.done()
    assert desk.calls.count == 0
    assert not desk.records.made[0].ended  # a dropped call may be resumed elsewhere


async def test_drain_returns_as_soon_as_the_last_call_has_ended() -> None:
    desk = Desk()
    async with desk.calls.connect(ticket(), Speaker()):
        await until(lambda: desk.making.calls[0].running)
        draining = asyncio.create_task(desk.calls.drain(60))
        await asyncio.sleep(0.01)
        assert not draining.done()
        await desk.making.calls[0].hang_up(CallEndReason.CALLER)
        async with asyncio.timeout(30):
            await draining


async def test_a_client_of_the_api_interrupts_the_reply_and_closes_the_call() -> None:
    desk, known = Desk(), ticket()
    desk.calls.interrupt(uuid4())  # a call of another process
    desk.calls.leave(uuid4())
    async with desk.calls.connect(known, Speaker()) as connection:
        (call,) = desk.making.calls
        await until(lambda: call.running)
        desk.calls.interrupt(known.call_id)
        await until(lambda: call.interrupted)
        desk.calls.leave(known.call_id)
        await asyncio.wait({connection.over}, timeout=30)
        assert connection.over.done()
    assert (call.hung_up, desk.calls.count) == ([CallEndReason.CLOSED], 0)


async def test_a_dropped_call_that_another_process_takes_up_leaves_its_place() -> None:
    desk, known = Desk(resume_seconds=60), ticket()
    async with desk.calls.connect(known, Speaker()):
        await until(lambda: desk.making.calls[0].running)
    assert desk.calls.count == 1
    desk.calls.leave(known.call_id)
    await until(lambda: desk.calls.count == 0)


async def test_a_call_that_does_not_end_when_it_is_closed_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.voice.calls._LEAVE_SECONDS", 0.05)
    desk, known = Desk(), ticket()
    async with desk.calls.connect(known, Speaker()) as connection:
        call = desk.making.calls[0]
        await until(lambda: call.running)
        call.stuck = True
        desk.calls.leave(known.call_id)
        await asyncio.wait({connection.over}, timeout=30)
        assert connection.over.done()
    assert desk.calls.count == 0
