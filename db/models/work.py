"""Tables of a turn's work: model calls, tool calls, CRM records."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.enums import CallStatus, CrmStatus, Priority, Stage, ToolCallStatus
from db.json_value import Json
from db.models.base import Base, CreatedAtMixin, IdMixin, enum_type


class ModelCall(IdMixin, Base):
    """One call of a model by a stage. Durations in milliseconds; ``wait_ms``: time spent waiting for the engine."""

    __tablename__ = "model_calls"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "turn_id"], ["turns.session_id", "turns.id"]),
        Index("ix_model_calls_turn_id_id", "turn_id", "id"),
        Index("ix_model_calls_session_id_id", "session_id", "id"),
        CheckConstraint("(status = 'FAILED') = (error is not null)", name="error"),
        CheckConstraint("duration_ms >= 0 and wait_ms >= 0", name="durations"),
    )

    session_id: Mapped[UUID]
    turn_id: Mapped[UUID]
    stage: Mapped[Stage] = mapped_column(enum_type(Stage, "stage"))
    engine: Mapped[str] = mapped_column(String(100))
    model: Mapped[str] = mapped_column(Text)
    status: Mapped[CallStatus] = mapped_column(enum_type(CallStatus, "status"))
    attempt: Mapped[int]
    started_at: Mapped[datetime]
    wait_ms: Mapped[float]
    duration_ms: Mapped[float]
    first_output_ms: Mapped[float | None]
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    input_audio_ms: Mapped[int | None]
    output_audio_ms: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Json] | None]


class ToolCall(IdMixin, CreatedAtMixin, Base):
    """One call of a tool, written before the tool runs. ``turn_id`` is None for a client's manual call (callTool).

    ``deadline_at``: end of a manual call, after which a worker fails it. A turn's call ends with its turn.
    """

    __tablename__ = "tool_calls"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "turn_id"], ["turns.session_id", "turns.id"]),
        UniqueConstraint("session_id", "idempotency_key"),
        UniqueConstraint("session_id", "id"),
        Index("ix_tool_calls_turn_id_id", "turn_id", "id"),
        Index("ix_tool_calls_deadline_at", "deadline_at", postgresql_where=text("status = 'PENDING'")),
        CheckConstraint("(status = 'PENDING') = (finished_at is null)", name="finished_at"),
        CheckConstraint("(status = 'FAILED') = (error is not null)", name="error"),
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"))
    turn_id: Mapped[UUID | None]
    attempt: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(String(200))
    server: Mapped[str] = mapped_column(String(100))
    arguments: Mapped[dict[str, Json]]
    result: Mapped[dict[str, Json] | None]
    status: Mapped[ToolCallStatus] = mapped_column(enum_type(ToolCallStatus, "status"), default=ToolCallStatus.PENDING)
    error: Mapped[str | None] = mapped_column(Text)
    idempotency_key: Mapped[str] = mapped_column(String(200))
    duration_ms: Mapped[float | None]
    deadline_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class CrmRecord(IdMixin, CreatedAtMixin, Base):
    """A record that a scenario's tool filed. Its tool call becomes ACCEPTED in the same commit.

    ``reference``: the code that the customer is told. ``details``: the fields of the scenario's payload. ``forked``:
    of a forked session: a copy, or filed on trial; it counts in that session only. ``updated_at``: of its newest
    change, None if it was never changed.
    """

    __tablename__ = "crm_records"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "session_id"], ["sessions.tenant_id", "sessions.id"]),
        ForeignKeyConstraint(["session_id", "tool_call_id"], ["tool_calls.session_id", "tool_calls.id"]),
        UniqueConstraint("tool_call_id"),
        Index(
            "uq_crm_records_tenant_id_reference",
            "tenant_id",
            "reference",
            unique=True,
            postgresql_where=text("forked is false"),
        ),
        UniqueConstraint("session_id", "reference"),
        Index("ix_crm_records_tenant_id_id", "tenant_id", "id"),
        Index("ix_crm_records_tenant_id_customer_id_id", "tenant_id", "customer_id", "id"),
        Index("ix_crm_records_session_id_id", "session_id", "id"),
        Index(
            "ix_crm_records_words",
            text("voxloom_record_words(reference, name, phone, account_id, query, details)"),
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
        ),
    )

    tenant_id: Mapped[UUID]
    session_id: Mapped[UUID]
    tool_call_id: Mapped[UUID]
    scenario: Mapped[str] = mapped_column(String(100))
    reference: Mapped[str] = mapped_column(String(12))
    customer_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(40))
    account_id: Mapped[str | None] = mapped_column(String(32))
    query: Mapped[str] = mapped_column(Text)
    intent: Mapped[str] = mapped_column(String(64))
    priority: Mapped[Priority] = mapped_column(enum_type(Priority, "priority"))
    status: Mapped[CrmStatus] = mapped_column(enum_type(CrmStatus, "status"), default=CrmStatus.DONE)
    details: Mapped[dict[str, Json]]
    forked: Mapped[bool] = mapped_column(default=False, server_default=false())
    updated_at: Mapped[datetime | None]


class CrmRecordChange(IdMixin, CreatedAtMixin, Base):
    """A change of a filed record by a tool call, of ``session_id``; that may be a later session of the customer.

    ``before``, ``after``: the values of the fields that were changed, None for a field without one.
    """

    __tablename__ = "crm_record_changes"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "tool_call_id"], ["tool_calls.session_id", "tool_calls.id"]),
        UniqueConstraint("tool_call_id"),
        Index("ix_crm_record_changes_record_id_id", "record_id", "id"),
    )

    record_id: Mapped[UUID] = mapped_column(ForeignKey("crm_records.id"))
    session_id: Mapped[UUID]
    tool_call_id: Mapped[UUID]
    before: Mapped[dict[str, Json]]
    after: Mapped[dict[str, Json]]
