"""The metadata of all tables: what Alembic compares with the database."""

from __future__ import annotations

from db.models import audio, conversation, events, tenancy, work
from db.models.base import Base

__all__ = ["audio", "conversation", "events", "metadata", "tenancy", "work"]

metadata = Base.metadata
