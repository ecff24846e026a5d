"""A model call."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal

import strawberry
from sqlalchemy import Double, cast, func
from sqlalchemy.sql.elements import SQLColumnExpression
from strawberry.scalars import JSON

from db.models.work import ModelCall as ModelCallRow
from graph.api.fields import column, computed
from graph.api.loaders import Source
from graph.api.types.enums import CallStatus, Stage
from graph.api.types.node import Node


def _real_time_factor(call: ModelCallRow) -> float | None:
    sound = call.input_audio_ms or call.output_audio_ms
    return math.floor(call.duration_ms / sound * 1e4 + 0.5) / 1e4 if sound else None


def _real_time_factor_sql(call: type[ModelCallRow]) -> SQLColumnExpression[float | Decimal]:
    sound = func.coalesce(func.nullif(call.input_audio_ms, 0), func.nullif(call.output_audio_ms, 0))
    return func.floor(call.duration_ms / cast(sound, Double) * 1e4 + 0.5) / 1e4


@strawberry.type(description="One use of a model by a stage. It names the engine and the model that really ran.")
class ModelCall(Node):
    row: strawberry.Private[ModelCallRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(ModelCallRow.id, "UUID version 7.")
    stage: Stage = column(ModelCallRow.stage, "The stage that used it.")
    engine: str = column(ModelCallRow.engine, "The code that ran the model.")
    model: str = column(ModelCallRow.model, "The model.")
    status: CallStatus = column(ModelCallRow.status, "How it ended.")
    attempt: int = column(ModelCallRow.attempt, "The turn's attempt it belongs to.")
    started_at: datetime = column(ModelCallRow.started_at, "When the engine began.")
    wait_ms: float = column(ModelCallRow.wait_ms, "How long it waited for the engine, which another turn was using.")
    duration_ms: float = column(ModelCallRow.duration_ms, "How long the engine worked.")
    first_output_ms: float | None = column(
        ModelCallRow.first_output_ms, "How long until the engine gave its first piece."
    )
    input_tokens: int | None = column(ModelCallRow.input_tokens, "Tokens read, where the engine counts them.")
    output_tokens: int | None = column(ModelCallRow.output_tokens, "Tokens written, where the engine counts them.")
    input_audio_ms: int | None = column(ModelCallRow.input_audio_ms, "Sound heard, in milliseconds.")
    output_audio_ms: int | None = column(ModelCallRow.output_audio_ms, "Sound made, in milliseconds.")
    error: str | None = column(ModelCallRow.error, "Why it failed: a code and words.")
    details: JSON | None = column(
        ModelCallRow.details, "What the engine tells of itself, such as segments with times and confidence."
    )
    real_time_factor: float | None = computed(
        _real_time_factor,
        _real_time_factor_sql,
        "Time worked for each time of sound heard or made; under 1 is faster than life.",
    )
