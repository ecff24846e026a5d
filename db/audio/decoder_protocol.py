"""The request to a decoder process (``db.subprocesses.messages``)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from db.audio.recording import CustomerChannel
from db.json_value import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeRequest:
    """A request to decode the payload. ``samples``: whether to return samples, or metadata only."""

    max_seconds: float
    samples: bool
    customer_channel: CustomerChannel = "auto"
    declared_mime_type: str | None = None

    def header(self) -> dict[str, Json]:
        return asdict(self)
