"""Sessions, their turns and their messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.enums import Channel, MessageType, Role, SessionStatus, Stage, TurnStatus
from db.models.base import Base, Identified, Stamped, choice


class Session(Identified, Stamped, Base):
    """One conversation. Its row's lock orders all that happens in it; ``last_seq`` numbers its events."""

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "id"),
        Index("ix_sessions_tenant_id_customer_id_id", "tenant_id", "customer_id", "id"),
        CheckConstraint("last_seq >= 0 and turn_count >= 0", name="counters"),
        CheckConstraint("(status = 'ENDED') = (ended_at is not null)", name="ended_at"),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    customer_id: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(16))
    channel: Mapped[Channel] = mapped_column(choice(Channel, "channel"))
    persona: Mapped[str] = mapped_column(String(100))
    status: Mapped[SessionStatus] = mapped_column(choice(SessionStatus, "status"), default=SessionStatus.OPEN)
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    ended_at: Mapped[datetime | None]
    last_seq: Mapped[int] = mapped_column(default=0)
    turn_count: Mapped[int] = mapped_column(default=0)


class Turn(Identified, Base):
    """One user message and all that follows from it. ``number`` counts the session's turns from 1.

    ``step`` counts the commits of the running attempt. ``timing`` is what the pipeline measured, written when the turn
    ends. ``request_hash`` tells a resend with the same idempotency key from another message that reuses the key.
    """

    __tablename__ = "turns"
    __table_args__ = (
        UniqueConstraint("session_id", "number"),
        UniqueConstraint("session_id", "idempotency_key"),
        UniqueConstraint("session_id", "id"),
        # Whatever goes wrong above: one turn of a session runs at a time.
        Index("uq_turns_running", "session_id", unique=True, postgresql_where=text("status = 'RUNNING'")),
        Index("ix_turns_queued", "session_id", postgresql_where=text("status = 'QUEUED'")),
        CheckConstraint("number > 0 and attempt >= 0", name="counters"),
        CheckConstraint("(status = 'FAILED') = (error_code is not null)", name="error_code"),
        CheckConstraint(
            "(status in ('COMPLETED', 'FAILED', 'CANCELLED')) = (finished_at is not null)", name="finished_at"
        ),
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"))
    number: Mapped[int]
    status: Mapped[TurnStatus] = mapped_column(choice(TurnStatus, "status"), default=TurnStatus.QUEUED)
    attempt: Mapped[int] = mapped_column(default=0)
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    queued_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_message: Mapped[str | None] = mapped_column(Text)
    error_stage: Mapped[Stage | None] = mapped_column(choice(Stage, "error_stage"))
    timing: Mapped[dict[str, Any] | None]


class Message(Identified, Stamped, Base):
    """What one side said. A user's recording has no ``text`` until it is understood; silence gives ''.

    Not ``complete`` is what a turn had said when it was cancelled.
    """

    __tablename__ = "messages"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "turn_id"], ["turns.session_id", "turns.id"]),
        ForeignKeyConstraint(["turn_id", "audio_id"], ["audio.turn_id", "audio.id"]),
        UniqueConstraint("turn_id", "role"),
        Index("ix_messages_session_id_id", "session_id", "id"),
        CheckConstraint("type = 'AUDIO' or text is not null", name="text"),
        CheckConstraint("type = 'TEXT' or audio_id is not null", name="audio_id"),
    )

    session_id: Mapped[UUID]
    turn_id: Mapped[UUID]
    role: Mapped[Role] = mapped_column(choice(Role, "role"))
    type: Mapped[MessageType] = mapped_column(choice(MessageType, "type"))
    text: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(16))
    audio_id: Mapped[UUID | None] = mapped_column(index=True)
    complete: Mapped[bool] = mapped_column(default=True, server_default=true())
