"""What a tenant's turns, calls and models did in a period, and what goes on now; the tenant's own rows only.

Durations are in milliseconds; ``db.overview.statements`` has the SQL.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import Stage
from db.fair_semaphore import FairSemaphore
from db.overview import statements
from db.overview.period import Period
from db.postgres.database import Database

#: Reads of overviews at the same time in a process: they may touch many rows.
_SLOTS = 3
_MAX_WAITING = 50
_WAIT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of ``count`` durations in milliseconds; None of none."""

    count: int
    p50: float | None
    p90: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class WholeTurns:
    """Of completed turns: from queueing to the end; from the end of what the customer said to the first sound."""

    total: Percentiles
    first_sound: Percentiles


@dataclass(frozen=True, slots=True)
class ErrorCount:
    code: str
    stage: Stage | None
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Queue:
    queued: int
    running: int
    oldest_queued_at: datetime | None


@dataclass(slots=True)
class DayUsage:
    """What was used in a day, in the part of it that is in the period."""

    date: date
    sessions: int = 0
    turns: int = 0
    calls: int = 0
    input_audio_ms: int = 0
    output_audio_ms: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class OverviewReads:
    """The reads of a process. Few run at a time, and tenants take turns; all raise Overloaded if the wait is long."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slots = FairSemaphore(
            _SLOTS,
            max_waiting=_MAX_WAITING,
            timeout_seconds=_WAIT_SECONDS,
            too_many="Too many reads of the overview are waiting.",
            too_long="The overview was not read in time, as other reads of it ran.",
        )

    async def calls_in_progress(self, tenant_id: UUID) -> int:
        async with self._reading(tenant_id) as session:
            return int((await session.execute(text(statements.CALLS_NOW), {"tenant": tenant_id})).scalar_one())

    async def queue(self, tenant_id: UUID) -> Queue:
        async with self._reading(tenant_id) as session:
            return Queue(*(await session.execute(text(statements.QUEUE), {"tenant": tenant_id})).one())

    async def stages(self, tenant_id: UUID, period: Period) -> dict[Stage, Percentiles]:
        """Successful calls of models and tools by stage; stages without any are left out."""
        rows = await self._rows(statements.STAGES, tenant_id, period)
        return {Stage(stage): _percentiles(count, found) for stage, count, found in rows}

    async def whole_turns(self, tenant_id: UUID, period: Period) -> WholeTurns:
        ((count, total, heard, first),) = await self._rows(statements.WHOLE_TURNS, tenant_id, period)
        return WholeTurns(_percentiles(count, total), _percentiles(heard, first))

    async def errors(self, tenant_id: UUID, period: Period) -> list[ErrorCount]:
        """Failed turns by code and stage, the most frequent first."""
        rows = await self._rows(statements.ERRORS, tenant_id, period, most=statements.MAX_ERRORS)
        return [ErrorCount(code, stage and Stage(stage), count, last_at) for code, stage, count, last_at in rows]

    async def days(self, tenant_id: UUID, period: Period) -> list[DayUsage]:
        """Each day of the period, oldest first."""
        found = [DayUsage(each.date) for each in period.days]
        days = [each.begins for each in period.days]
        values = {**_values(tenant_id, period), "days": days}
        parts = (statements.SESSIONS_BY_DAY, statements.CALLS_BY_DAY, statements.WORK_BY_DAY)
        async with self._reading(tenant_id) as session:
            # Any: the columns are those of the statements.
            sessions, calls, work = [list[Any]((await session.execute(text(each), values)).all()) for each in parts]
        for day, count in sessions:
            found[day - 1].sessions = count
        for day, count in calls:
            found[day - 1].calls = count
        for day, turns, *sums in work:
            usage, used = found[day - 1], [int(each or 0) for each in sums]
            usage.turns = turns
            usage.input_audio_ms, usage.output_audio_ms, usage.input_tokens, usage.output_tokens = used
        return found

    # Any: the columns are those of the statement.
    async def _rows(self, sql: str, tenant_id: UUID, period: Period, **more: object) -> Sequence[Any]:
        async with self._reading(tenant_id) as session:
            return (await session.execute(text(sql), {**_values(tenant_id, period), **more})).all()

    @asynccontextmanager
    async def _reading(self, tenant_id: UUID) -> AsyncIterator[AsyncSession]:
        await self._slots.acquire(tenant_id)
        try:
            async with self._database.reading() as session:
                yield session
        finally:
            self._slots.release(tenant_id)


def _values(tenant_id: UUID, period: Period) -> dict[str, object]:
    return {"tenant": tenant_id, "since": period.since, "until": period.until}


def _percentiles(count: int, found: Sequence[float] | None) -> Percentiles:
    return Percentiles(count, *(found or (None, None, None)))
