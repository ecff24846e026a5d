"""Where the database is and how much of it a process may use."""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseSettings(BaseSettings):
    """Environment variables with the prefix VOXLOOM_, but for DATABASE_URL; `.env` is read too."""

    model_config = SettingsConfigDict(
        env_prefix="VOXLOOM_", env_file=".env", extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    database_url: str | None = Field(None, validation_alias=AliasChoices("DATABASE_URL", "database_url"))
    data_dir: Path = Path(".voxloom")
    database_pool: int = Field(10, ge=2, le=200)
    database_timeout_seconds: float = Field(15, gt=0, le=600)
    audio_store_url: str | None = None
    max_audio_seconds: float = Field(300, gt=0, le=3600)
