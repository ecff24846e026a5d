"""Tables of live calls: the call, the audio of a turn that has not ended, and of a call that is being recorded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.enums import CallEndReason, CallTransport, LiveCallStatus
from db.json_value import Json
from db.models.base import Base, IdMixin, enum_type


class Call(IdMixin, Base):
    """A live audio connection of a session. At most one call of a session is not ENDED.

    ``connection``: fencing token, counts the connections; a process whose number is old writes nothing. ``step``:
    commits of this connection, so that one whose answer was lost is not made twice.
    ``heartbeat_at``: of the process that holds the connection. ``turn_taking``:
    ``db.turns.live_values.TurnTaking`` as JSON. ``drops``: lost connections. ``elapsed_ms``: duration of the call's
    audio so far. ``record``: whether the whole call is recorded, as an audio with its ``call_id``. ``request_hash``:
    detects an idempotency key that is reused for another call.
    """

    __tablename__ = "calls"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "session_id"], ["sessions.tenant_id", "sessions.id"]),
        UniqueConstraint("session_id", "id"),
        UniqueConstraint("session_id", "idempotency_key"),
        Index("ix_calls_tenant_id_opened_at", "tenant_id", "opened_at"),
        Index("ix_calls_tenant_id", "tenant_id", postgresql_where=text("status <> 'ENDED'")),
        Index("uq_calls_open", "session_id", unique=True, postgresql_where=text("status <> 'ENDED'")),
        CheckConstraint("(status = 'ENDED') = (ended_at is not null)", name="ended_at"),
        CheckConstraint("(status = 'ENDED') = (end_reason is not null)", name="reason"),
        CheckConstraint("drops >= 0 and connection >= 0 and step >= 0 and elapsed_ms >= 0", name="counters"),
    )

    tenant_id: Mapped[UUID]
    session_id: Mapped[UUID]
    status: Mapped[LiveCallStatus] = mapped_column(enum_type(LiveCallStatus, "status"), default=LiveCallStatus.OPENED)
    transport: Mapped[CallTransport] = mapped_column(enum_type(CallTransport, "transport"))
    language: Mapped[str] = mapped_column(String(16))
    turn_taking: Mapped[dict[str, Json]]
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    opened_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    connected_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    end_reason: Mapped[CallEndReason | None] = mapped_column(enum_type(CallEndReason, "end_reason"))
    drops: Mapped[int] = mapped_column(default=0, server_default="0")
    connection: Mapped[int] = mapped_column(default=0, server_default="0")
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    elapsed_ms: Mapped[int] = mapped_column(default=0, server_default="0")
    record: Mapped[bool] = mapped_column(default=False, server_default=false())


class CallSound(Base):
    """About 1 s of the caller's audio in a turn that has not ended: 16 kHz mono, 16-bit little-endian PCM.

    Always in the database, whatever the audio store is: it lives as long as the turn is spoken, and is deleted in the
    commit that stores the turn. ``at_ms``: its start in the call's audio.
    """

    __tablename__ = "call_sounds"

    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_ms: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class CallRecordingSegment(Base):
    """About 1 s of both sides of a call that is recorded: Opus packets in stereo (``inference.audio.opus``).

    Always in the database, whatever the audio store is, until the call has ended: then all segments become one audio,
    and are deleted in the commit that stores it. ``at_ms``: its start in the call's audio, a multiple of 20.
    """

    __tablename__ = "call_recordings"
    __table_args__ = (CheckConstraint("at_ms >= 0 and duration_ms > 0", name="times"),)

    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    at_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    duration_ms: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)
