"""Table of worker processes: engines and heartbeat."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired, TypedDict

from sqlalchemy import String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.enums import WorkerRole
from db.models.base import Base, IdMixin, enum_type


class VoiceReport(TypedDict):
    """A voice of an engine of speech synthesis. ``language``: ISO 639-1; None if the engine does not tell."""

    name: str
    language: str | None


class EngineReport(TypedDict):
    """An engine as a worker reports it: its model, ISO 639-1 codes of its languages (none: any), and how it loaded.

    ``voices``: empty if the engine does not tell them; absent if a process of an earlier release reports.
    """

    stage: str
    engine: str
    model: str
    languages: list[str]
    loaded: bool
    error: NotRequired[str | None]
    voices: NotRequired[list[VoiceReport]]


class Worker(IdMixin, Base):
    """A worker process and its loaded engines. It is alive while its heartbeat is recent.

    ``role``: None if a process of a release before roles wrote it.
    """

    __tablename__ = "workers"

    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    role: Mapped[WorkerRole | None] = mapped_column(enum_type(WorkerRole, "role"))
    capacity: Mapped[int]
    engines: Mapped[list[EngineReport]] = mapped_column(JSONB)
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    heartbeat_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), index=True)
