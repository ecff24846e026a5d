"""What was done for a turn: model calls, tool calls, and the CRM records they filed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.agents.scenarios import Priority
from db.enums import CallStatus, CrmStatus, Stage, ToolCallStatus
from db.models.base import Base, Identified, Stamped, choice


class ModelCall(Identified, Base):
    """One use of a model by a stage. Times in milliseconds; ``wait_ms`` is how long it waited for its engine."""

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
    stage: Mapped[Stage] = mapped_column(choice(Stage, "stage"))
    engine: Mapped[str] = mapped_column(String(100))
    model: Mapped[str] = mapped_column(Text)
    status: Mapped[CallStatus] = mapped_column(choice(CallStatus, "status"))
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
    details: Mapped[dict[str, Any] | None]


class ToolCall(Identified, Stamped, Base):
    """One use of a tool, written before the tool runs. ``turn_id`` is None when a client called it by hand.

    ``deadline_at``: after this nobody runs the call any more. A turn's has none: it ends with its turn.
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
    arguments: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    status: Mapped[ToolCallStatus] = mapped_column(choice(ToolCallStatus, "status"), default=ToolCallStatus.PENDING)
    error: Mapped[str | None] = mapped_column(Text)
    idempotency_key: Mapped[str] = mapped_column(String(200))
    duration_ms: Mapped[float | None]
    deadline_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class CrmRecord(Identified, Stamped, Base):
    """What a scenario wrote about the customer. Its tool call is ACCEPTED in the same commit.

    ``reference`` is what the customer is told; ``details`` holds the scenario's own fields.
    """

    __tablename__ = "crm_records"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "session_id"], ["sessions.tenant_id", "sessions.id"]),
        ForeignKeyConstraint(["session_id", "tool_call_id"], ["tool_calls.session_id", "tool_calls.id"]),
        UniqueConstraint("tool_call_id"),
        UniqueConstraint("tenant_id", "reference"),
        Index("ix_crm_records_tenant_id_id", "tenant_id", "id"),
        Index("ix_crm_records_tenant_id_customer_id_id", "tenant_id", "customer_id", "id"),
        Index("ix_crm_records_session_id_id", "session_id", "id"),
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
    intent: Mapped[str] = mapped_column(String(50))
    priority: Mapped[Priority] = mapped_column(choice(Priority, "priority"))
    status: Mapped[CrmStatus] = mapped_column(choice(CrmStatus, "status"), default=CrmStatus.DONE)
    details: Mapped[dict[str, Any]]
