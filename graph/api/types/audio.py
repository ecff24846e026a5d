"""GraphQL type of audio files."""

from __future__ import annotations

import strawberry

from db.models.audio import Audio as AudioRow
from graph.api.fields import column, sound_url
from graph.api.loaders import Source


@strawberry.type(description="An audio file.")
class Audio:
    row: strawberry.Private[AudioRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(
        AudioRow.id, "UUID version 7, for normalized client caches; node(id) does not accept it."
    )
    mime_type: str = column(AudioRow.mime_type, "Its media type.")
    duration_ms: int = column(AudioRow.duration_ms, "Its duration in milliseconds.")
    sample_rate: int = column(AudioRow.sample_rate, "Samples per second (Hz).")
    size_bytes: int = column(AudioRow.size_bytes, "Its size in bytes.")
    url: str = sound_url(
        AudioRow.id,
        "A signed URL, for GET without an API key, valid for at least an hour. Range requests are supported.",
    )
