"""Saving audio: its bytes in the audio store, and the row that says what it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.audio.encoded import EncodedAudio
from db.audio.store import AudioStore, audio_key, patiently
from db.enums import AudioKind
from db.ids import new_id
from db.models.audio import Audio, AudioBlob


@dataclass(frozen=True, slots=True)
class SavedAudio:
    """Audio whose bytes are in the store under ``key``, or, as ``blob``, go into the commit that names them."""

    id: UUID
    key: str
    kind: AudioKind
    audio: EncodedAudio
    blob: bytes | None


def new_audio(kind: AudioKind, audio: EncodedAudio, *, session_id: UUID) -> SavedAudio:
    """Audio that is to be stored. Its key is chosen here, once: what is tried again names the same object."""
    audio_id = new_id()
    return SavedAudio(audio_id, audio_key(session_id, audio_id), kind, audio, audio.data)


async def upload(store: AudioStore, audio: SavedAudio, *, patience_seconds: float = 0) -> SavedAudio:
    """Puts the bytes into the store, unless it is the database itself. Not within a transaction: a network is used.

    If no commit ever names the object, the sweep of unnamed objects (``db.audio.sweep``) deletes it. A store that is
    away is tried again for ``patience_seconds``. Raises AudioStoreUnavailable.
    """
    data = audio.audio.data
    blob = await patiently(lambda: store.upload(audio.key, data), patience_seconds=patience_seconds)
    return replace(audio, blob=blob)


def audio_row(saved: SavedAudio, session_id: UUID, turn_id: UUID) -> dict[str, Any]:
    """The columns of the row that names the bytes."""
    return {
        "id": saved.id,
        "session_id": session_id,
        "turn_id": turn_id,
        "kind": saved.kind,
        "store_key": saved.key,
        "mime_type": saved.audio.mime_type,
        "duration_ms": saved.audio.duration_ms,
        "sample_rate": saved.audio.sample_rate,
        "size_bytes": len(saved.audio.data),
    }


async def add_audio(session: AsyncSession, saved: SavedAudio, *, session_id: UUID, turn_id: UUID) -> None:
    """Writes the row, and the bytes if the database is their store, in the caller's transaction."""
    session.add(Audio(**audio_row(saved, session_id, turn_id)))
    if saved.blob is not None:
        await session.execute(insert(AudioBlob).values(key=saved.key, data=saved.blob))
    await session.flush()
