"""Table of worker processes: engines and heartbeat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, func
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, IdMixin


class Worker(IdMixin, Base):
    """A worker process and its loaded engines. It is alive while its heartbeat is recent."""

    __tablename__ = "workers"

    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    capacity: Mapped[int]
    engines: Mapped[list[Any]]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    heartbeat_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), index=True)
