"""The worker's settings: engines by stage, threads, time limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from db.settings import DatabaseSettings

V = TypeVar("V")


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


#: Several values, comma-separated in the environment, in order of preference.
Listed = Annotated[tuple[V, ...], NoDecode, BeforeValidator(_split), Field(min_length=1)]

#: The same, or None.
Offered = Annotated[tuple[V, ...] | None, NoDecode, BeforeValidator(_split)]

#: The value of VOXLOOM_ASR_DRAFT_ENGINE for no partial transcripts from a second engine.
NO_DRAFT = "none"


class InferenceSettings(DatabaseSettings):
    """Engines by stage and the worker's limits. An engine is named by its entry point and has settings of its own."""

    asr_engine: Listed[str] = ("whisper",)
    asr_draft_engine: str = "ctranslate2"
    live_asr_engine: str = "ctranslate2"
    llm_engine: Listed[str] = ("scripted",)
    tts_engine: Listed[str] = ("espnet", "kokoro", "pico")
    asr_offered: Offered[str] = None
    llm_offered: Offered[str] = None
    tts_offered: Offered[str] = None
    guard_reader: Literal["models", "lexicon"] = "models"

    model_dir: Path | None = None
    model_threads: int = Field(2, ge=1, le=256)
    worker_capacity: int = Field(4, ge=1, le=256)
    engine_wait_seconds: float = Field(120, gt=0)
    engine_load_seconds: float = Field(600, gt=0)
    engine_stall_seconds: float = Field(60, gt=0)
    stage_timeout_seconds: float = Field(180, gt=0)
    engine_tries: int = Field(3, ge=1, le=10)
    engine_retry_pause_seconds: float = Field(0.5, ge=0, le=30)
    heartbeat_seconds: float = Field(2, gt=0, le=60)
    lost_worker_seconds: float = Field(8, gt=0)
    database_patience_seconds: float = Field(60, ge=0)
    drain_seconds: float = Field(20, ge=0)

    @property
    def model_cache_dir(self) -> Path:
        """Where converted models are kept."""
        return self.model_dir or self.data_dir / "models"
