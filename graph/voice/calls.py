"""The calls of a voice process: admission, one connection at a time, resuming after a lost connection, drain.

A transport (``graph.voice.realtime``, ``graph.voice.twilio``) connects a caller who has shown a key or a token:

    async with calls.connect(ticket, speaker) as connection:
        ...  # feeds connection.call until the socket closes or connection.over is done
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import structlog

from db.calls.lifetimes import RESUME_SECONDS
from db.enums import CallEndReason
from db.errors import Overloaded
from db.logs import error_fields
from inference.live.ports import CallerGone, CallerSpeaker, CallRecord, LiveCall
from inference.ports import JournalLost, Superseded

#: Seconds for a call to leave its lost connection, and to end when it is told to.
_LEAVE_SECONDS = 5.0

_RETRY_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CallTicket:
    """A call that the caller may connect to: of a valid token, or just opened with a valid API key."""

    tenant_id: UUID
    call_id: UUID


@dataclass(frozen=True, slots=True)
class Connection:
    """A caller's connection. ``over``: done when the call has ended, or another connection has taken it over."""

    call: LiveCall
    over: asyncio.Task[None]


class Records(Protocol):
    """Port to the records of calls (``inference.journal.call_records``)."""

    async def connect(self, ticket: CallTicket) -> CallRecord:
        """The record of the call for a new connection, which fences the one before it.

        Raises NotFound, SessionEnded, and Conflict for a call that has ended.
        """
        ...


@dataclass(slots=True, eq=False)
class _Held:
    """A call of this process: connected, or dropped a moment ago."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    call: LiveCall | None = None
    running: asyncio.Task[None] | None = None
    expiring: asyncio.Task[None] | None = None


class Calls:
    """Registry of the running calls of a process. One event loop.

    ``make``: a call that has not run, for a record and a connection. ``check``: raises the error that refuses any
    further call now: the models are not loaded, or final words wait too long. ``max_calls``: dropped calls that may be
    resumed count too. ``resume_seconds``: for so long a dropped call keeps its place here.
    """

    def __init__(
        self,
        records: Records,
        make: Callable[[CallRecord, CallerSpeaker], LiveCall],
        *,
        max_calls: int,
        check: Callable[[], None] = lambda: None,
        resume_seconds: float = RESUME_SECONDS,
    ) -> None:
        self._records = records
        self._make = make
        self._max_calls = max_calls
        self._check = check
        self._resume_seconds = resume_seconds
        self._held: dict[UUID, _Held] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._signals: set[asyncio.Task[None]] = set()
        self.draining = False

    @property
    def count(self) -> int:
        """Calls that are connected or may be resumed."""
        return len(self._held)

    def check_admission(self) -> None:
        """Raises Overloaded or EngineUnavailable if no further call is accepted now. Cheap: to ask before all else."""
        if self.draining:
            raise Overloaded("This server is shutting down and takes no new call.", _RETRY_SECONDS)
        if len(self._held) >= self._max_calls:
            raise Overloaded(f"This server has {self._max_calls} calls, the maximum.", _RETRY_SECONDS)
        self._check()

    @asynccontextmanager
    async def connect(self, ticket: CallTicket, speaker: CallerSpeaker) -> AsyncIterator[Connection]:
        """Runs the call within the context, whose end is the loss of the connection if the call has not ended.

        An earlier connection of the same call is closed. Raises Overloaded, and as ``Records.connect`` does.
        """
        connection = await self._connected(ticket, speaker)
        try:
            yield connection
        finally:
            if not connection.over.done():
                connection.call.lost()
                await asyncio.wait({connection.over}, timeout=_LEAVE_SECONDS)

    async def _connected(self, ticket: CallTicket, speaker: CallerSpeaker) -> Connection:
        while True:
            held = self._held.get(ticket.call_id)
            if held is None:
                self.check_admission()
                held = self._held[ticket.call_id] = _Held()
                self._empty.clear()
            async with held.lock:
                if self._held.get(ticket.call_id) is not held:
                    continue  # it ended while this connection waited
                return await self._start(ticket, held, speaker)

    async def _start(self, ticket: CallTicket, held: _Held, speaker: CallerSpeaker) -> Connection:
        """Starts or resumes the call; the caller holds its lock."""
        before = held.running
        if before is not None and not before.done():
            assert held.call is not None
            held.running = None  # the connection that ends now does not end the call
            held.call.lost()
            try:
                await asyncio.wait({before}, timeout=_LEAVE_SECONDS)
            except asyncio.CancelledError:  # this caller has given up; the next one finds the call as it was
                held.running = before
                if before.done():
                    self._forget(ticket.call_id, held)
                raise
            if not before.done():
                log.warning("call_does_not_leave", call_id=str(ticket.call_id))
                before.cancel()
                held.call = None  # taken up from the record
        if held.expiring is not None:
            held.expiring.cancel()
            held.expiring = None
        try:
            record = await self._records.connect(ticket)
            if held.call is None or not held.call.resume(record, speaker):
                held.call = self._make(record, speaker)
        except BaseException:
            self._forget(ticket.call_id, held)
            raise
        run = self._run(ticket.call_id, held, held.call, record)
        held.running = asyncio.create_task(run, name=f"call-{ticket.call_id}")
        return Connection(held.call, held.running)

    async def _run(self, call_id: UUID, held: _Held, call: LiveCall, record: CallRecord) -> None:
        """Runs the call until it ends or its connection is lost."""
        logged = {"call_id": str(call_id)}
        try:
            reason = await call.run()
            log.info("call_ended", reason=reason.value, **logged)
        except CallerGone:
            log.info("call_dropped", **logged)
            if held.running is asyncio.current_task() and not self.draining:
                held.expiring = asyncio.create_task(self._expire(call_id, held, call), name=f"resume-{call_id}")
        except (Superseded, JournalLost) as error:
            log.info("call_left", error=type(error).__name__, **logged)
        except Exception as error:
            log.error("call_failed", **logged, **error_fields(error))
            await _end(record, CallEndReason.FAILED)
        finally:
            # Not the running one: another connection takes the call over.
            if held.running is asyncio.current_task() and held.expiring is None:
                self._forget(call_id, held)

    async def _expire(self, call_id: UUID, held: _Held, call: LiveCall) -> None:
        """Ends a dropped call that was not resumed in time."""
        await asyncio.sleep(self._resume_seconds)
        self._forget(call_id, held)
        await _logged(call.hang_up(CallEndReason.DROPPED), call_id)

    def _forget(self, call_id: UUID, held: _Held) -> None:
        if self._held.get(call_id) is held:
            del self._held[call_id]
            if not self._held:
                self._empty.set()

    def call(self, call_id: UUID) -> LiveCall | None:
        """The call, if this process runs it."""
        held = self._held.get(call_id)
        return None if held is None else held.call

    def interrupt(self, call_id: UUID) -> None:
        """Stops the reply of a call, if this process runs it. Returns at once."""
        call = self.call(call_id)
        if call is not None:
            self._begin(_logged(call.interrupt(), call_id))

    def leave(self, call_id: UUID) -> None:
        """This process no longer holds the call: a client has closed it, or another process has its connection."""
        held = self._held.get(call_id)
        if held is not None and held.call is not None:
            self._begin(self._leave(call_id, held, held.call))

    async def _leave(self, call_id: UUID, held: _Held, call: LiveCall) -> None:
        running = held.running
        if held.expiring is not None:
            held.expiring.cancel()
            self._forget(call_id, held)
        await _logged(call.hang_up(CallEndReason.CLOSED), call_id)
        if running is not None:
            await asyncio.wait({running}, timeout=_LEAVE_SECONDS)
            running.cancel()

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work, name="call-signal")
        self._signals.add(task)
        task.add_done_callback(self._signals.discard)

    async def drain(self, seconds: float) -> None:
        """Takes no new call; running ones may go on for ``seconds``, then they end. Dropped ones are left to others."""
        self.draining = True
        for call_id, held in list(self._held.items()):
            if held.expiring is not None:
                held.expiring.cancel()
                self._forget(call_id, held)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        left = [each for each in self._held.values() if each.call is not None]
        await asyncio.gather(*(_hang_up(each) for each in left))
        tasks = {each.running for each in left if each.running is not None}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _logged(work: Coroutine[object, object, object], call_id: UUID) -> None:
    """What is done to a call from outside. It fails if another process has the call, or the database is away."""
    try:
        await work
    except Exception as error:
        log.info("call_not_reached", call_id=str(call_id), **error_fields(error))


async def _hang_up(held: _Held) -> None:
    """Ends the call; gives up on it after a while."""
    assert held.call is not None
    with suppress(TimeoutError, Superseded, JournalLost):
        async with asyncio.timeout(_LEAVE_SECONDS):
            await held.call.hang_up(CallEndReason.DRAINED)
            if held.running is not None:
                await asyncio.wait({held.running})


async def _end(record: CallRecord, reason: CallEndReason) -> None:
    with suppress(Superseded, JournalLost):
        await record.end(reason)
