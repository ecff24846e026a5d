"""The API's settings."""

from __future__ import annotations

from pydantic import Field, SecretStr

from db.backpressure import QueueLimits
from db.settings import DatabaseSettings


class ApiSettings(DatabaseSettings):
    """Where it listens, whom it lets in, and what it takes."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    api_key: SecretStr | None = None
    public_url: str | None = None
    max_audio_bytes: int = Field(25_000_000, ge=1_000, le=1_000_000_000)
    max_wait_seconds: float = Field(60, gt=0, le=600)
    media_url_seconds: int = Field(3600, ge=60, le=604_800)
    connection_init_seconds: float = Field(10, gt=0, le=300)
    max_queued_turns_per_session: int = Field(20, ge=1)
    max_queued_turns_per_tenant: int = Field(2_000, ge=1)
    live_worker_seconds: float = Field(15, gt=0)

    @property
    def queue_limits(self) -> QueueLimits:
        return QueueLimits(self.max_queued_turns_per_session, self.max_queued_turns_per_tenant)
