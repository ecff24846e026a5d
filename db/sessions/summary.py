"""Summaries of sessions for lists: outcome, duration, first words, counts; SQL over the columns of a session.

Each is derived from stored rows when it is read: nothing more is written while a conversation runs, and sessions of
earlier releases have them too. None depends on the clock, so cached responses stay right.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, case, exists, extract, func, literal_column, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.sql.elements import SQLColumnExpression
from sqlalchemy.sql.selectable import NamedFromClause

from db.enums import LiveCallStatus, Role, SessionOutcome, TurnStatus
from db.models.agents import AgentVersion
from db.models.base import enum_type
from db.models.calls import Call
from db.models.conversation import Message, Session, Turn
from db.models.events import Event
from db.models.work import CrmRecord, CrmRecordChange, ToolCall

#: Characters of a preview.
PREVIEW = 200

#: A session's columns: the class, or an object that has them as attributes.
_Session = type[Session]

#: The type of an outcome in SQL.
OUTCOME = enum_type(SessionOutcome, "outcome")


def is_live(session: _Session) -> ColumnElement[bool]:
    """Whether it has a live call that has not ended."""
    call = Call.__table__.alias()
    return exists(_of(call, session).where(call.c.status != _constant(LiveCallStatus.ENDED)))


def has_failed(session: _Session) -> ColumnElement[bool]:
    """Whether a turn of it failed."""
    return exists(_turns(session, TurnStatus.FAILED))


def failed_turns(session: _Session) -> SQLColumnExpression[int]:
    """How many of its turns failed."""
    return _turns(session, TurnStatus.FAILED).add_columns(func.count()).scalar_subquery()


def record_count(session: _Session) -> SQLColumnExpression[int]:
    """How many CRM records were filed in it."""
    return _of(CrmRecord.__table__.alias(), session).add_columns(func.count()).scalar_subquery()


def preview(session: _Session) -> SQLColumnExpression[str | None]:
    """The beginning of the first message of the customer that has words; None without one."""
    message = Message.__table__.alias()
    rows = _of(message, session).where(message.c.role == _constant(Role.USER), message.c.text != "")
    return rows.add_columns(func.left(message.c.text, PREVIEW)).order_by(message.c.id).limit(1).scalar_subquery()


def duration_ms(session: _Session) -> SQLColumnExpression[float]:
    """From its creation to its end, or else to its latest event, in milliseconds. A fork has events of earlier times
    than its creation: 0 then.
    """
    event = Event.__table__.alias()
    latest = _of(event, session).where(event.c.seq == session.last_seq).add_columns(event.c.at).scalar_subquery()
    seconds = extract("epoch", func.coalesce(session.ended_at, latest, session.created_at) - session.created_at)
    return sql_cast(func.greatest(func.round(seconds * 1000), 0), Float)


def outcome(session: _Session) -> SQLColumnExpression[SessionOutcome]:
    """``db.enums.SessionOutcome``: the first that holds, in this order."""
    call, record, version = (each.__table__.alias() for each in (ToolCall, CrmRecord, AgentVersion))
    change = CrmRecordChange.__table__.alias()
    handed_over = _of(record, session).join(
        version,
        and_(version.c.id == session.agent_version_id, version.c.handover_scenario == record.c.scenario),
    )
    # By its tool calls, which have an index by session.
    changed = _of(call, session).join(change, change.c.tool_call_id == call.c.id)
    found = case(
        (exists(_turns(session, TurnStatus.QUEUED, TurnStatus.RUNNING)), _constant(SessionOutcome.IN_PROGRESS)),
        (is_live(session), _constant(SessionOutcome.IN_PROGRESS)),
        (exists(handed_over), _constant(SessionOutcome.HANDED_OVER)),
        (exists(_of(record, session)), _constant(SessionOutcome.FILED)),
        (exists(changed), _constant(SessionOutcome.FILED)),
        (has_failed(session), _constant(SessionOutcome.FAILED)),
        else_=_constant(SessionOutcome.NOTHING_FILED),
    )
    typed: ColumnElement[SessionOutcome] = sql_cast(found, OUTCOME)  # type: ignore[arg-type]  # Enum is one of str
    return typed


# Any: selects without columns.
def _of(rows: NamedFromClause, session: _Session) -> Select[Any]:
    """The rows of a table that belong to the session."""
    return select().select_from(rows).where(rows.c.session_id == session.id)


# Any: selects without columns.
def _turns(session: _Session, *statuses: TurnStatus) -> Select[Any]:
    turn = Turn.__table__.alias()
    return _of(turn, session).where(turn.c.status.in_([_constant(each) for each in statuses]))


# Any: the type of a literal is not known to SQLAlchemy's stubs.
def _constant(value: StrEnum) -> ColumnElement[Any]:
    """A literal, not a parameter: partial indexes have it in their condition."""
    return literal_column(f"'{value.value}'")
