"""Commits events as a worker does, and records the time of each commit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

from db.enums import EventType
from db.feed.events import NewEvent, append
from db.postgres.database import Database

#: What is committed at once at most; the pool has as many connections.
_AT_ONCE = 8

_EVENTS = (
    NewEvent(EventType.REPLY_DELTA, data={"text": "I see two payments of the same amount, "}),
    NewEvent(EventType.STAGE_STARTED, data={"stage": "TTS", "engine": "espnet", "model": "joe"}),
)


class Publisher:
    """``committed``: the time (time.monotonic) at which an event's commit was answered, by session and number."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.committed: dict[tuple[UUID, int], float] = {}

    async def one_by_one(self, sessions: Sequence[UUID], a_second: float) -> None:
        """One event for each entry, a commit each, evenly over the time."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def commit(number: int, session_id: UUID) -> None:
            async with room:
                async with self._database.transaction() as session:
                    seq = await append(session, session_id, [_EVENTS[number % len(_EVENTS)]])
                self.committed[session_id, seq] = time.monotonic()

        begin = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number, session_id in enumerate(sessions):
                await asyncio.sleep(max(0.0, begin + number / a_second - time.monotonic()))
                tasks.create_task(commit(number, session_id))

    async def at_once(self, sessions: Sequence[UUID], each: int) -> float:
        """So many events for each session, all in one commit; returns its time."""
        async with self._database.transaction() as session:
            for session_id in sessions:
                await append(session, session_id, [_EVENTS[number % len(_EVENTS)] for number in range(each)])
        return time.monotonic()
