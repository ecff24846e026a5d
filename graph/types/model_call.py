"""A model call."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from db.models.work import ModelCall as ModelCallRow
from graph.types.common import described
from graph.types.words import CallStatus, Stage


@strawberry.type(description="One use of a model by a stage. It names the engine and the model that really ran.")
class ModelCall:
    id: strawberry.ID = described("UUID version 7.")
    stage: Stage = described("The stage that used it.")
    engine: str = described("The code that ran the model.")
    model: str = described("The model.")
    status: CallStatus = described("How it ended.")
    attempt: int = described("The turn's attempt it belongs to.")
    started_at: datetime = described("When the engine began.")
    wait_ms: float = described("How long it waited for the engine, which another turn was using.")
    duration_ms: float = described("How long the engine worked.")
    first_output_ms: float | None = described("How long until the engine gave its first piece.")
    input_tokens: int | None = described("Tokens read, where the engine counts them.")
    output_tokens: int | None = described("Tokens written, where the engine counts them.")
    input_audio_ms: int | None = described("Sound heard, in milliseconds.")
    output_audio_ms: int | None = described("Sound made, in milliseconds.")
    error: str | None = described("Why it failed: a code and words.")
    details: JSON | None = described("What the engine tells of itself, such as segments with times and confidence.")

    @strawberry.field(description="Time worked for each time of sound heard or made; under 1 is faster than life.")
    def real_time_factor(self) -> float | None:
        sound = self.input_audio_ms or self.output_audio_ms
        return round(self.duration_ms / sound, 4) if sound else None

    @classmethod
    def of(cls, row: ModelCallRow) -> ModelCall:
        return cls(
            id=strawberry.ID(str(row.id)),
            stage=row.stage,
            engine=row.engine,
            model=row.model,
            status=row.status,
            attempt=row.attempt,
            started_at=row.started_at,
            wait_ms=row.wait_ms,
            duration_ms=row.duration_ms,
            first_output_ms=row.first_output_ms,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            input_audio_ms=row.input_audio_ms,
            output_audio_ms=row.output_audio_ms,
            error=row.error,
            details=None if row.details is None else JSON(row.details),
        )
