"""Sounds: what they are, and, for the default store, their bytes."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.enums import AudioKind
from db.models.base import Base, Identified, Stamped, choice


class Audio(Identified, Stamped, Base):
    """What one stored sound is; the audio store has its bytes under ``store_key``."""

    __tablename__ = "audio"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "turn_id"], ["turns.session_id", "turns.id"]),
        UniqueConstraint("turn_id", "id"),
        Index("ix_audio_session_id_id", "session_id", "id"),
        CheckConstraint("duration_ms > 0 and sample_rate > 0 and size_bytes > 0", name="sizes"),
    )

    session_id: Mapped[UUID]
    turn_id: Mapped[UUID]
    kind: Mapped[AudioKind] = mapped_column(choice(AudioKind, "kind"))
    store_key: Mapped[str] = mapped_column(String(300))
    mime_type: Mapped[str] = mapped_column(String(100))
    duration_ms: Mapped[int]
    sample_rate: Mapped[int]
    size_bytes: Mapped[int]


class AudioBlob(Base):
    """The default audio store: the bytes in the same commit as the row that names them."""

    __tablename__ = "audio_blobs"

    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
