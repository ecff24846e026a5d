"""Tables of conversations: sessions, turns, messages."""

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
    Text,
    UniqueConstraint,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.enums import Channel, MessageType, Role, SessionStatus, Stage, TurnStatus
from db.json_value import Json
from db.models.base import Base, CreatedAtMixin, IdMixin, enum_type


class Session(IdMixin, CreatedAtMixin, Base):
    """A conversation. All writers lock its row first (pessimistic lock). ``last_seq``: its newest event's number.

    ``persona``: the agent's name. ``agent_version_id``: the version of the agent that answers to the session's end;
    None if a process of a release before agent versions opened it: the agent's current version answers.
    ``engines``: ``db.agents.engine_choice.EngineChoice`` as JSON; None for those of the agent.

    A fork is a copy of the session ``forked_from_id`` up to turn number ``forked_after``, see ``db.commands.forks``.
    ``external_tools``: whether its turns may call tools of external MCP servers. ``idempotency_key`` and
    ``request_hash``: of the command that made the fork.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "agent_version_id"], ["agent_versions.tenant_id", "agent_versions.id"]),
        UniqueConstraint("tenant_id", "id"),
        Index("ix_sessions_tenant_id_created_at", "tenant_id", "created_at"),
        Index("ix_sessions_tenant_id_customer_id_id", "tenant_id", "customer_id", "id"),
        CheckConstraint("last_seq >= 0 and turn_count >= 0", name="counters"),
        CheckConstraint("(status = 'ENDED') = (ended_at is not null)", name="ended_at"),
        ForeignKeyConstraint(["tenant_id", "forked_from_id"], ["sessions.tenant_id", "sessions.id"]),
        UniqueConstraint("forked_from_id", "idempotency_key"),
        CheckConstraint("(forked_from_id is null) = (forked_after is null)", name="forked_after"),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    customer_id: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(16))
    channel: Mapped[Channel] = mapped_column(enum_type(Channel, "channel"))
    persona: Mapped[str] = mapped_column(String(100))
    agent_version_id: Mapped[UUID | None]
    status: Mapped[SessionStatus] = mapped_column(enum_type(SessionStatus, "status"), default=SessionStatus.OPEN)
    metadata_: Mapped[dict[str, Json] | None] = mapped_column("metadata")
    ended_at: Mapped[datetime | None]
    last_seq: Mapped[int] = mapped_column(default=0)
    turn_count: Mapped[int] = mapped_column(default=0)
    engines: Mapped[dict[str, Json] | None]
    forked_from_id: Mapped[UUID | None]
    forked_after: Mapped[int | None]
    external_tools: Mapped[bool] = mapped_column(default=True, server_default=true())
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    request_hash: Mapped[bytes | None] = mapped_column(LargeBinary)


class Turn(IdMixin, Base):
    """A user message and its processing. ``number`` counts the session's turns from 1.

    ``attempt``: fencing token, see ``db.turns.claims``. ``step``: commits of the running attempt. ``timing``: durations
    that the pipeline measured, written at the end. ``request_hash``: detects an idempotency key that is reused for
    another message. ``call_id``: the live call in which it was spoken. ``reopened``: how often the caller went on
    speaking after its end. ``live``: ``db.turns.live_values.LiveTiming`` as JSON.
    """

    __tablename__ = "turns"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "call_id"], ["calls.session_id", "calls.id"]),
        UniqueConstraint("session_id", "number"),
        UniqueConstraint("session_id", "idempotency_key"),
        UniqueConstraint("session_id", "id"),
        # A second guard beside the queue's lock: one turn of a session runs at a time.
        Index("uq_turns_running", "session_id", unique=True, postgresql_where=text("status = 'RUNNING'")),
        Index("ix_turns_queued", "session_id", postgresql_where=text("status = 'QUEUED'")),
        Index("ix_turns_queued_at", "queued_at"),
        Index("ix_turns_failed", "session_id", postgresql_where=text("status = 'FAILED'")),
        Index("ix_turns_call_id", "call_id", postgresql_where=text("call_id is not null")),
        CheckConstraint("number > 0 and attempt >= 0", name="counters"),
        CheckConstraint("(status = 'FAILED') = (error_code is not null)", name="error_code"),
        CheckConstraint(
            "(status in ('COMPLETED', 'FAILED', 'CANCELLED')) = (finished_at is not null)", name="finished_at"
        ),
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"))
    number: Mapped[int]
    status: Mapped[TurnStatus] = mapped_column(enum_type(TurnStatus, "status"), default=TurnStatus.QUEUED)
    attempt: Mapped[int] = mapped_column(default=0)
    step: Mapped[int] = mapped_column(default=0, server_default="0")
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    queued_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_message: Mapped[str | None] = mapped_column(Text)
    error_stage: Mapped[Stage | None] = mapped_column(enum_type(Stage, "error_stage"))
    timing: Mapped[dict[str, Json] | None]
    call_id: Mapped[UUID | None]
    reopened: Mapped[int] = mapped_column(default=0, server_default="0")
    live: Mapped[dict[str, Json] | None]


class Message(IdMixin, CreatedAtMixin, Base):
    """A message of the user or the assistant. A recording's ``text`` is None until it is transcribed, '' for silence.

    ``complete``: False for the partial reply of a cancelled turn. ``digits``: the text is DTMF digits of a call.
    ``playback``: of a reply in a live call, ``db.turns.live_values.Playback`` as JSON. ``citations``: the passages of
    knowledge that a reply was written from, as ``{"source", "heading", "passage"}``.
    """

    __tablename__ = "messages"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "turn_id"], ["turns.session_id", "turns.id"]),
        ForeignKeyConstraint(["turn_id", "audio_id"], ["audio.turn_id", "audio.id"]),
        UniqueConstraint("turn_id", "role"),
        Index("ix_messages_session_id_id", "session_id", "id"),
        # ``db.sessions.search``. Small pending lists: a write that merges one, and a search that reads it, are quick.
        Index(
            "ix_messages_said_words",
            text("voxloom_said_words(text, language)"),
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
        ),
        CheckConstraint("type = 'AUDIO' or text is not null", name="text"),
        CheckConstraint("type = 'TEXT' or audio_id is not null", name="audio_id"),
    )

    session_id: Mapped[UUID]
    turn_id: Mapped[UUID]
    role: Mapped[Role] = mapped_column(enum_type(Role, "role"))
    type: Mapped[MessageType] = mapped_column(enum_type(MessageType, "type"))
    text: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(16))
    audio_id: Mapped[UUID | None] = mapped_column(index=True)
    complete: Mapped[bool] = mapped_column(default=True, server_default=true())
    digits: Mapped[bool] = mapped_column(default=False, server_default=false())
    playback: Mapped[dict[str, Json] | None]
    citations: Mapped[list[Json] | None] = mapped_column(JSONB(none_as_null=True))
