"""The records of the live calls that a process holds: connects them, keeps them alive, hears what others do to them."""

from __future__ import annotations

import asyncio
import json
import math
import weakref
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog

from db.audio.store import AudioStore
from db.calls import connections
from db.calls.ending import CALLS_CHANNEL, ENDED, INTERRUPT
from db.enums import LiveCallStatus
from db.errors import Conflict
from db.feed.feed import Feed
from db.postgres.database import Database
from db.postgres.outage import retry_outage, run_forever
from db.turns.claims import find_ended
from db.turns.values import CANCELLED_CHANNEL
from inference.journal.call_record import DatabaseCallRecord
from inference.journal.call_recordings import CallRecordings
from inference.journal.live_jobs import LiveJobOwner
from inference.journal.record_parts import RecordParts

log = structlog.get_logger(__name__)


class Ticket(Protocol):
    """A call to which a caller may connect."""

    @property
    def tenant_id(self) -> UUID: ...

    @property
    def call_id(self) -> UUID: ...


class CallRecords:
    """``heartbeat_seconds``: as of the queue's workers. ``poll_seconds``: the delay if a notification is lost.

    ``interrupt``, ``leave``: set before ``run``. Called when a client asks to stop the call's reply (interruptReply),
    and when this process no longer holds the call: a client has closed it, or another connection has taken it over.
    The record of such a call raises Superseded. Both are called once, and must return at once.
    """

    def __init__(
        self,
        database: Database,
        store: AudioStore,
        *,
        heartbeat_seconds: float,
        patience_seconds: float = 60,
        poll_seconds: float = 1,
    ) -> None:
        self._database = database
        self._heartbeat_seconds = heartbeat_seconds
        self._patience_seconds = patience_seconds
        self._poll_seconds = poll_seconds
        self._jobs = LiveJobOwner(database, heartbeat_seconds=heartbeat_seconds, patience_seconds=patience_seconds)
        self._feed = Feed(database)
        self._feed.channels = {CALLS_CHANNEL: self._hear_call, CANCELLED_CHANNEL: self._hear_cancelled}
        self._recordings = CallRecordings(database, store)
        self._parts = RecordParts(database, store, self._jobs, self._feed, self._recordings, patience_seconds)
        self._connecting: Counter[UUID] = Counter()
        #: The newest connection that was told of while one of this process was made; infinite: the call has ended.
        self._told: dict[UUID, float] = {}
        self._records: weakref.WeakSet[DatabaseCallRecord] = weakref.WeakSet()
        self.interrupt: Callable[[UUID], None] = lambda _: None
        self.leave: Callable[[UUID], None] = lambda _: None

    async def connect(self, ticket: Ticket) -> DatabaseCallRecord:
        """The record of the call for a new connection, which fences the one before it.

        Raises NotFound, Forbidden if the first connection comes too late, Conflict if the call has ended or has a newer
        connection by now, and database errors.
        """
        await self._jobs.worker_id()  # so that the first turn does not wait for it
        tried: list[tuple[int, datetime]] = []
        work = partial(connections.connect, tenant_id=ticket.tenant_id, call_id=ticket.call_id, tried=tried)
        self._connecting[ticket.call_id] += 1  # the signal of the new connection is this process's own
        try:
            call = await retry_outage(lambda: self._database.run(work), patience_seconds=self._patience_seconds)
            record = DatabaseCallRecord(self._parts, call)
            for before in [each for each in self._records if each.lease.call_id == ticket.call_id]:
                record.follow_on(before)
                if before.held and before.lease.connection < record.lease.connection:
                    before.stop()
            if self._told.get(ticket.call_id, 0) > call.lease.connection:  # since this connection was committed
                raise Conflict("The call has ended, or has a newer connection.")
            self._records.add(record)
            return record
        finally:
            self._connecting[ticket.call_id] -= 1
            if not self._connecting[ticket.call_id]:
                del self._connecting[ticket.call_id]
                self._told.pop(ticket.call_id, None)

    async def run(self) -> None:
        """Heartbeats, notifications and polls, until cancelled; database outages are logged and outlasted."""
        await self._feed.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                beat = run_forever(self._beat, lost="call_heartbeat_lost", pause_seconds=self._heartbeat_seconds)
                poll = run_forever(self._poll, lost="call_poll_failed", pause_seconds=self._poll_seconds)
                tasks.create_task(beat, name="call-heartbeat")
                tasks.create_task(poll, name="call-poll")
                tasks.create_task(self._jobs.run(), name="live-jobs")
                tasks.create_task(self._recordings.run(), name="call-recordings")
        finally:
            await self._feed.close()

    async def close(self) -> None:
        """Gives the turns that still run here back to the queue, and stores recordings. After ``run`` has ended."""
        await self._recordings.close()
        await self._jobs.leave()

    def _records_of(self, call_id: UUID) -> list[DatabaseCallRecord]:
        return [each for each in self._records if each.lease.call_id == call_id and each.held]

    def _hear_call(self, payload: str) -> None:
        try:
            told = json.loads(payload)
            call_id, signal, connection = UUID(told["call"]), told["signal"], int(told["connection"])
        except (ValueError, KeyError, TypeError):
            log.warning("call_notification_unreadable")
            return
        if signal != INTERRUPT and call_id in self._connecting:
            newest = math.inf if signal == ENDED else connection
            self._told[call_id] = max(self._told.get(call_id, 0), newest)
        for record in self._records_of(call_id):
            if signal == INTERRUPT:
                self.interrupt(call_id)
            elif signal == ENDED or connection > record.lease.connection:
                self._lose(record)

    def _lose(self, record: DatabaseCallRecord) -> None:
        """This process no longer holds the call, unless it has made the newer connection itself, or is about to."""
        if not record.held or record.lease.call_id in self._connecting:
            return
        record.stop()
        call_id = record.lease.call_id
        if not self._records_of(call_id):
            self.leave(call_id)

    def _hear_cancelled(self, payload: str) -> None:
        for record in list(self._records):
            for turn_id, journal in record.running:
                if str(turn_id) == payload:
                    journal.stop()

    async def _beat(self) -> None:
        """Writes the heartbeat of the calls; also finds those that have ended or have a newer connection."""
        held = [record for record in self._records if record.held]
        if held:
            still = await connections.beat(self._database, [record.lease for record in held])
            for record in held:
                status = still.get(record.lease.call_id)
                if status is None:
                    self._lose(record)
                elif status is LiveCallStatus.DROPPED and record.connected:
                    await self._database.run(partial(connections.resume, lease=record.lease))

    async def _poll(self) -> None:
        """Finds turns that were cancelled, or were taken over and ended, in case a notification was lost."""
        running = {turn_id: journal for record in list(self._records) for turn_id, journal in record.running}
        if running:
            async with self._database.reading() as session:
                ended = await find_ended(session, list(running))
            for turn_id in ended:
                running[turn_id].stop()
