"""Persists audio: uploads its bytes to the audio store, then writes its row in the transaction that refers to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.audio.encoded import EncodedAudio
from db.audio.store import AudioStore, audio_key, retry_unavailable
from db.enums import AudioKind
from db.ids import new_id
from db.models.audio import Audio, AudioBlob


@dataclass(frozen=True, slots=True)
class NewAudio:
    """Audio whose row is about to be written. ``key``: its key in the audio store.

    ``blob``: bytes to write in the same commit as the row; None once they are in the object store.
    """

    id: UUID
    key: str
    kind: AudioKind
    audio: EncodedAudio
    blob: bytes | None


def new_audio(kind: AudioKind, audio: EncodedAudio, *, session_id: UUID) -> NewAudio:
    """Chooses id and key, once, so that a retried upload writes the same object."""
    audio_id = new_id()
    return NewAudio(audio_id, audio_key(session_id, audio_id), kind, audio, audio.data)


async def upload(store: AudioStore, audio: NewAudio, *, patience_seconds: float = 0) -> NewAudio:
    """Uploads the bytes if an object store is configured. Not within a transaction: it waits for a network.

    An object whose row is never committed is deleted by ``db.audio.sweep``. An unavailable store is retried for
    ``patience_seconds``. Raises AudioStoreUnavailable.
    """
    data = audio.audio.data
    blob = await retry_unavailable(lambda: store.upload(audio.key, data), patience_seconds=patience_seconds)
    return replace(audio, blob=blob)


def audio_row(
    new: NewAudio, session_id: UUID, turn_id: UUID | None, *, call_id: UUID | None = None
) -> dict[str, object]:
    """The columns of the audio's row. ``call_id``: of the recording of a whole call, which belongs to no turn."""
    return {
        "id": new.id,
        "session_id": session_id,
        "turn_id": turn_id,
        "call_id": call_id,
        "kind": new.kind,
        "store_key": new.key,
        "mime_type": new.audio.mime_type,
        "duration_ms": new.audio.duration_ms,
        "sample_rate": new.audio.sample_rate,
        "size_bytes": len(new.audio.data),
    }


async def add_audio(
    session: AsyncSession,
    new: NewAudio,
    *,
    session_id: UUID,
    turn_id: UUID | None = None,
    call_id: UUID | None = None,
) -> None:
    """Writes the row, and the bytes if the database stores them, in the caller's transaction."""
    session.add(Audio(**audio_row(new, session_id, turn_id, call_id=call_id)))
    if new.blob is not None:
        await session.execute(insert(AudioBlob).values(key=new.key, data=new.blob))
    await session.flush()
