"""Sounds: the row that says what one is, and its bytes in the store."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.audio_store import AudioStore, audio_key
from db.ids import new_id
from db.models.audio import Audio
from db.outcome import EncodedAudio
from db.words import AudioKind


async def keep_sound(
    session: AsyncSession, store: AudioStore, kind: AudioKind, audio: EncodedAudio, *, session_id: UUID, turn_id: UUID
) -> UUID:
    """Stores a sound of a turn in the caller's transaction; returns its id."""
    audio_id = new_id()
    key = audio_key(session_id, audio_id)
    await store.put(session, key, audio.data)
    session.add(
        Audio(
            id=audio_id,
            session_id=session_id,
            turn_id=turn_id,
            kind=kind,
            store_key=key,
            mime_type=audio.mime_type,
            duration_ms=audio.duration_ms,
            sample_rate=audio.sample_rate,
            size_bytes=len(audio.data),
        )
    )
    await session.flush()
    return audio_id
