"""All tables, for the migrations to compare with the database."""

from __future__ import annotations

from db.base import Base
from db.models import audio, conversation, happenings, tenancy, work

__all__ = ["audio", "conversation", "happenings", "metadata", "tenancy", "work"]

metadata = Base.metadata
