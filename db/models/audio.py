"""Tables of audio: its metadata and, for the default store, its bytes."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.enums import AudioKind
from db.models.base import Base, CreatedAtMixin, IdMixin, enum_type


class Audio(IdMixin, CreatedAtMixin, Base):
    """Metadata of one audio; ``store_key``: the key of its bytes in the audio store. ``sample_rate`` in Hz.

    Belongs to a turn or, as the recording of a whole live call, to a call.
    """

    __tablename__ = "audio"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "turn_id"], ["turns.session_id", "turns.id"]),
        ForeignKeyConstraint(["session_id", "call_id"], ["calls.session_id", "calls.id"]),
        UniqueConstraint("turn_id", "id"),
        Index("uq_audio_call_id", "call_id", unique=True, postgresql_where=text("call_id is not null")),
        Index("ix_audio_session_id_id", "session_id", "id"),
        CheckConstraint("(turn_id is null) = (kind = 'CALL')", name="turn_id"),
        CheckConstraint("(call_id is null) <> (kind = 'CALL')", name="call_id"),
        CheckConstraint("duration_ms > 0 and sample_rate > 0 and size_bytes > 0", name="sizes"),
    )

    session_id: Mapped[UUID]
    turn_id: Mapped[UUID | None]
    call_id: Mapped[UUID | None]
    kind: Mapped[AudioKind] = mapped_column(enum_type(AudioKind, "kind"))
    store_key: Mapped[str] = mapped_column(String(300))
    mime_type: Mapped[str] = mapped_column(String(100))
    duration_ms: Mapped[int]
    sample_rate: Mapped[int]
    size_bytes: Mapped[int]


class AudioBlob(Base):
    """Bytes of the default audio store, written in the same commit as their row in ``audio``."""

    __tablename__ = "audio_blobs"

    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
