"""The GraphQL type of model calls (ASR, LLM, TTS)."""

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


@strawberry.type(description="A stage's call of a model, with the engine and model that actually ran.")
class ModelCall(Node):
    row: strawberry.Private[ModelCallRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(ModelCallRow.id, "UUID version 7.")
    stage: Stage = column(ModelCallRow.stage, "The stage.")
    engine: str = column(ModelCallRow.engine, "The engine, the code that ran the model.")
    model: str = column(ModelCallRow.model, "The model.")
    status: CallStatus = column(ModelCallRow.status, "Its outcome.")
    attempt: int = column(ModelCallRow.attempt, "The turn's attempt, from 1.")
    started_at: datetime = column(ModelCallRow.started_at, "When the engine started.")
    wait_ms: float = column(ModelCallRow.wait_ms, "Milliseconds of waiting for an engine in use by other turns.")
    duration_ms: float = column(ModelCallRow.duration_ms, "Milliseconds of the engine's work.")
    first_output_ms: float | None = column(
        ModelCallRow.first_output_ms, "Milliseconds until the engine's first output."
    )
    input_tokens: int | None = column(ModelCallRow.input_tokens, "Input tokens, if the engine counts them.")
    output_tokens: int | None = column(ModelCallRow.output_tokens, "Output tokens, if the engine counts them.")
    input_audio_ms: int | None = column(ModelCallRow.input_audio_ms, "Duration of the input audio in milliseconds.")
    output_audio_ms: int | None = column(ModelCallRow.output_audio_ms, "Duration of the output audio in milliseconds.")
    error: str | None = column(ModelCallRow.error, "Its error: code and message.")
    details: JSON | None = column(
        ModelCallRow.details, "Details that the engine reports, such as segments with times and confidence."
    )
    real_time_factor: float | None = computed(
        _real_time_factor,
        _real_time_factor_sql,
        "Real-time factor: processing time divided by audio duration; below 1 is faster than real time.",
    )
