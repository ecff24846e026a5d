"""Table of events: the log of each session, numbered without gaps (``db.feed.events``)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from db.enums import EventType
from db.json_value import Json
from db.models.base import Base, enum_type


class Event(Base):
    """An event of a session; ``seq`` counts from 1. ``data``: ids of the rows it is about, and small texts."""

    __tablename__ = "events"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "turn_id"], ["turns.session_id", "turns.id"]),
        Index("ix_events_turn_id_seq", "turn_id", "seq"),
        CheckConstraint("seq > 0", name="seq"),
    )

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    turn_id: Mapped[UUID | None]
    type: Mapped[EventType] = mapped_column(enum_type(EventType, "type"))
    data: Mapped[dict[str, Json]]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
