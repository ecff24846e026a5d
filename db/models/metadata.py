"""SQLAlchemy metadata of all tables, which Alembic compares with the database."""

from __future__ import annotations

from db.models import agents, audio, calls, conversation, events, knowledge, tenancy, work, workers
from db.models.base import Base

__all__ = [
    "agents",
    "audio",
    "calls",
    "conversation",
    "events",
    "knowledge",
    "metadata",
    "tenancy",
    "work",
    "workers",
]

metadata = Base.metadata
