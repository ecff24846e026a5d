"""Fenced writes of a turn: start an attempt, commit its steps, end the turn.

The attempt number is a fencing token: every write names it, and a worker whose turn was taken over by a later attempt
gets ``Fenced`` and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import TurnStatus
from db.feed.events import touch_session
from db.models.conversation import Session, Turn
from db.models.work import ModelCall
from db.postgres.database import Database
from db.postgres.notifier import notify_after_commit
from db.turns.session_end import append_session_ended
from db.turns.statement import call_row, statement_of
from db.turns.tool_calls import fail_pending_calls
from db.turns.values import Claim, FinishedCall
from db.turns.writes import TurnWrite


class Fenced(Exception):
    """The attempt no longer owns the turn: a later attempt does, or the turn has ended."""


class _NotWritten(Exception):
    """Rolls back the transaction of a statement that wrote nothing."""


START = """
with owner as materialized (
  select sessions.id, sessions.tenant_id from sessions join turns on turns.session_id = sessions.id
  where turns.id = $1::uuid for update of sessions
), started as (
  update turns set status = 'RUNNING', attempt = turns.attempt + 1, step = 0,
    started_at = coalesce(turns.started_at, clock_timestamp())
  from owner where turns.session_id = owner.id and turns.id = $1 and turns.status in ('QUEUED', 'RUNNING')
  returning owner.tenant_id, owner.id as session_id, turns.id, turns.attempt, turns.queued_at, turns.started_at
), numbered as (
  update sessions set last_seq = sessions.last_seq + 1 from started where sessions.id = started.session_id
  returning sessions.last_seq
), logged as (
  insert into events (session_id, seq, turn_id, type, data)
  select started.session_id, numbered.last_seq, started.id, 'TurnStarted',
    jsonb_build_object('attempt', started.attempt)
  from started cross join numbered
)
select tenant_id, session_id, id, attempt, queued_at,
  case when attempt = 1 then started_at else greatest(started_at, clock_timestamp()) end
from started
"""

#: Whether the attempt has made exactly $3 commits: detects a commit whose answer was lost with the connection.
_COMMITTED = "select from turns where id = $1::uuid and attempt = $2::int and step = $3::int"


async def start(database: Database, turn_id: UUID) -> Claim | None:
    """Starts the next attempt of a turn; None if the turn has ended (the queue delivers a job at least once)."""
    row = await database.writer.row(START, [turn_id])
    if row is None:
        return None
    claim = Claim(*row)
    database.notify([claim.session_id])
    return claim


async def commit(database: Database, claim: Claim, step: int, writes: Sequence[TurnWrite]) -> None:
    """Makes commit number ``step`` (from 0) of the attempt: all of ``writes``, in order, in one statement.

    Idempotent: a retried commit, which must have the same writes, is not made twice. Raises Fenced if the attempt no
    longer owns the turn.
    """
    sql, arguments = statement_of(claim, step, writes)
    ends = [write.end for write in writes if write.end is not None]
    if ends:
        row = await _end(database, claim, sql, arguments, failed=ends[0].failure is not None)
    else:
        row = await database.writer.row(sql, arguments)
    if row is not None:
        database.notify([claim.session_id])
    elif await database.writer.row(_COMMITTED, [claim.turn_id, claim.attempt, step + 1]) is None:
        raise Fenced(str(claim.turn_id))


async def _end(
    database: Database, claim: Claim, sql: str, arguments: Sequence[object], *, failed: bool
) -> object | None:
    """Makes the last commit of a turn. A failed turn leaves no tool call PENDING.

    If the session has ended, the last turn is followed by SessionEnded, in a statement of its own: only a statement
    that begins after the session's row is locked sees all turns (READ COMMITTED).
    """
    try:
        async with database.transaction() as session:
            if failed:  # a completed turn has no PENDING calls
                await session.execute(select(Session.id).where(Session.id == claim.session_id).with_for_update())
                await fail_pending_calls(session, claim.turn_id, "The turn failed before the tool answered.")
            row = (await (await session.connection()).exec_driver_sql(sql, tuple(arguments))).first()
            if row is None:
                raise _NotWritten
            notify_after_commit(session, claim.session_id)
            await append_session_ended(session, claim.session_id)
            return row
    except _NotWritten:
        return None


async def add_cancelled_calls(session: AsyncSession, claim: Claim, calls: Mapping[UUID, FinishedCall]) -> None:
    """Writes the cancelled model calls of an attempt whose turn was cancelled; else writes nothing.

    Also updates the turn's row, whose version shows caches that an ended turn has changed.
    """
    owner = select(Session.id).where(Session.id == claim.session_id).with_for_update().scalar_subquery()
    cancelled = await session.scalar(
        update(Turn)
        .where(
            Turn.session_id == owner,
            Turn.id == claim.turn_id,
            Turn.attempt == claim.attempt,
            Turn.status == TurnStatus.CANCELLED,
        )
        .values(step=Turn.step + 1)
        .returning(Turn.id)
        .execution_options(synchronize_session=False)
    )
    if cancelled is not None:
        await touch_session(session, claim.session_id)
        session.add_all([ModelCall(**call_row(claim, call_id, call)) for call_id, call in calls.items()])
        await session.flush()


async def find_ended(session: AsyncSession, turn_ids: Sequence[UUID]) -> set[UUID]:
    """The turns, of those given, that are no longer running."""
    found = await session.scalars(select(Turn.id).where(Turn.id.in_(turn_ids), Turn.status != TurnStatus.RUNNING))
    return set(found)
