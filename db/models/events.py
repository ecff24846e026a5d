"""What happened: the events of each session; and which workers are alive to make more happen."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from db.enums import EventType
from db.models.base import Base, Identified, choice


class Event(Base):
    """One thing that happened in a session. ``data`` holds ids and small texts; the rows hold the rest."""

    __tablename__ = "events"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "turn_id"], ["turns.session_id", "turns.id"]),
        Index("ix_events_turn_id_seq", "turn_id", "seq"),
        CheckConstraint("seq > 0", name="seq"),
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    turn_id: Mapped[UUID | None]
    type: Mapped[EventType] = mapped_column(choice(EventType, "type"))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Worker(Identified, Base):
    """A worker process and the engines it has loaded. It is alive while its heartbeat is fresh."""

    __tablename__ = "workers"

    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    capacity: Mapped[int]
    engines: Mapped[list[Any]]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    heartbeat_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), index=True)
