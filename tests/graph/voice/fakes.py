"""A call, its record and a connection in memory, for tests of the voice role without models."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from db.enums import CallEndReason
from graph.voice.calls import CallTicket
from inference.live.caller_events import ToCaller
from inference.live.ports import CallerGone, CallerSpeaker, CallRecord, LiveCall


class Speaker:
    """A connection that keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[ToCaller] = []

    async def send(self, event: ToCaller) -> None:
        self.sent.append(event)


@dataclass
class Record:
    call_id: UUID
    connection: int
    ended: list[CallEndReason] = field(default_factory=list)

    async def end(self, reason: CallEndReason) -> None:
        self.ended.append(reason)


class Records:
    """Counts connections. ``wait``: called before each answer, to let a test come in between."""

    def __init__(self) -> None:
        self.made: list[Record] = []
        self.error: Exception | None = None
        self.wait: asyncio.Event | None = None

    async def connect(self, ticket: CallTicket) -> CallRecord:
        if self.wait is not None:
            await self.wait.wait()
        if self.error is not None:
            raise self.error
        number = sum(each.call_id == ticket.call_id for each in self.made) + 1
        self.made.append(Record(ticket.call_id, number))
        return cast("CallRecord", self.made[-1])


class Call:
    """Runs until the connection is lost, it is hung up or ``fail`` is set. ``stale``: it cannot be resumed."""

    def __init__(self, record: CallRecord, speaker: CallerSpeaker) -> None:
        self.records, self.speakers = [record], [speaker]
        self.hung_up: list[CallEndReason] = []
        self.interrupted = 0
        self.runs = 0
        self.running = 0
        self.most_running = 0
        self.stubborn = False
        self.stuck = False
        self.stale = False
        self.fail: Exception | None = None
        self._next: asyncio.Future[CallEndReason] | None = None

    async def run(self) -> CallEndReason:
        self.runs += 1
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self._next = asyncio.get_running_loop().create_future()
        try:
            return await self._next
        finally:
            self.running -= 1

    def lost(self) -> None:
        if not self.stubborn:
            self._end(error=CallerGone())

    def resume(self, record: CallRecord, speaker: CallerSpeaker) -> bool:
        if self.stale:
            return False
        self.records.append(record)
        self.speakers.append(speaker)
        return True

    async def interrupt(self) -> bool:
        self.interrupted += 1
        return True

    async def hang_up(self, reason: CallEndReason) -> None:
        self.hung_up.append(reason)
        self._end(reason)

    def break_down(self, error: Exception) -> None:
        self._end(error=error)

    def _end(self, reason: CallEndReason = CallEndReason.CALLER, error: Exception | None = None) -> None:
        if self._next is None or self._next.done() or self.stuck:
            return
        if error is None:
            self._next.set_result(reason)
        else:
            self._next.set_exception(error)


class Making:
    """Makes calls, and keeps them."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def __call__(self, record: CallRecord, speaker: CallerSpeaker) -> LiveCall:
        self.calls.append(Call(record, speaker))
        return cast("LiveCall", self.calls[-1])
