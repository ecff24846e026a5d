"""GraphQL types of a turn's latency (queue, stages, first audio), with equal digits from Python and from SQL."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

import strawberry
from sqlalchemy import ColumnElement, Double, Text, case, cast, func, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import SQLColumnExpression

from db.models.conversation import Turn as TurnRow
from graph.api.fields import ItemColumns, computed, items, prefixed_id
from graph.api.loaders import Source
from graph.api.types.enums import Stage

_Python = Callable[[TurnRow], float | None]
_Sql = Callable[[type[TurnRow]], ColumnElement[float]]


def _between(
    begin: InstrumentedAttribute[datetime], end: InstrumentedAttribute[datetime | None]
) -> tuple[_Python, _Sql]:
    """Milliseconds between two times of a turn; None unless both are known."""

    def python(turn: TurnRow) -> float | None:
        since, until = getattr(turn, begin.key), getattr(turn, end.key)
        return None if since is None or until is None else (until - since) // timedelta(microseconds=1) / 1000

    def sql(turn: type[TurnRow]) -> ColumnElement[float]:
        return cast(func.extract("epoch", getattr(turn, end.key) - getattr(turn, begin.key)) * 1000, Double)

    return python, sql


def _text(json: SQLColumnExpression[object], name: str) -> ColumnElement[str]:
    """The member of a JSON object as text."""
    member: Any = json[name]  # Any: SQLAlchemy does not declare what the comparator of a JSON type adds to an index
    text: ColumnElement[str] = member.astext
    return text


def _measured(name: str) -> tuple[_Python, _Sql]:
    def python(turn: TurnRow) -> float | None:
        value = (turn.timing or {}).get(name)
        return None if value is None else float(value)

    return python, lambda turn: cast(_text(turn.timing, name), Double)


total_ms, _total_sql = _between(TurnRow.queued_at, TurnRow.finished_at)
_queue, _queue_sql = _between(TurnRow.queued_at, TurnRow.started_at)
_covered, _covered_sql = _measured("covered_ms")
first_audio_ms, _first_audio_sql = _measured("first_audio_ms")


def _unattributed(turn: TurnRow) -> float | None:
    total = total_ms(turn)
    if total is None:
        return None
    rest = total - (_queue(turn) or 0.0) - (_covered(turn) or 0.0)
    return math.floor(max(0.0, rest) * 1000 + 0.5) / 1000


def _unattributed_sql(turn: type[TurnRow]) -> ColumnElement[float]:
    nothing = literal(0.0, Double)
    total, queue, covered = _total_sql(turn), _queue_sql(turn), _covered_sql(turn)
    rest = total - func.coalesce(queue, nothing) - func.coalesce(covered, nothing)
    # greatest() ignores NULL, which must stay NULL here.
    return case((total.is_not(None), func.floor(func.greatest(nothing, rest) * 1000 + 0.5) / 1000))


class _StageTime(TypedDict):
    """An element of ``Turn.timing["stages"]``."""

    stage: str
    start_ms: float
    duration_ms: float
    wait_ms: float


def _stages(turn: TurnRow) -> list[_StageTime]:
    return sorted((turn.timing or {}).get("stages", []), key=lambda each: each["start_ms"])


def _stages_sql(turn: type[TurnRow]) -> SQLColumnExpression[object]:
    return func.coalesce(turn.timing["stages"], cast(literal("[]", Text), JSONB))


def _stage(timed: _StageTime) -> Stage:
    return Stage(timed["stage"])


def _stage_sql(timed: ItemColumns) -> SQLColumnExpression[str]:
    return _text(timed.value, "stage")


def _time(name: Literal["start_ms", "duration_ms", "wait_ms"], description: str) -> float:
    def python(timed: _StageTime) -> float:
        return float(timed[name])

    def sql(timed: ItemColumns) -> SQLColumnExpression[float]:
        return cast(_text(timed.value, name), Double)

    return computed(python, sql, description)


@strawberry.type(description="The time of one stage of a turn. Stages overlap: TTS starts before LLM ends.")
class StageTiming:
    row: strawberry.Private[_StageTime]
    stage: Stage = computed(_stage, _stage_sql, "The stage.")
    start_ms: float = _time("start_ms", "Milliseconds from the turn's queueing to the stage's start.")
    duration_ms: float = _time("duration_ms", "Milliseconds of work.")
    wait_ms: float = _time("wait_ms", "Milliseconds of waiting for an engine in use by other turns.")


@strawberry.type(description="A turn's latency in milliseconds. All but queueMs is null until the turn ends.")
class TurnTiming:
    row: strawberry.Private[TurnRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = prefixed_id("timing", TurnRow.id, "one turn's timing")
    total_ms: float | None = computed(total_ms, _total_sql, "From queueing to the end.")
    queue_ms: float | None = computed(_queue, _queue_sql, "From queueing to the start; null until then.")
    stages: list[StageTiming] = items(
        StageTiming,
        "The stages that ran, by start time.",
        _stages,
        sql=_stages_sql,
        order=lambda timed: cast(_text(timed.value, "start_ms"), Double),
    )
    unattributed_ms: float | None = computed(
        _unattributed, _unattributed_sql, "Time in neither queue nor stages: database, hand-over between stages."
    )
    first_words_ms: float | None = computed(
        *_measured("first_words_ms"), "From queueing until the first words of the recording were transcribed."
    )
    first_text_ms: float | None = computed(
        *_measured("first_text_ms"), "From queueing until the first text of the reply."
    )
    first_audio_ms: float | None = computed(
        first_audio_ms, _first_audio_sql, "From queueing until the first sentence of the reply had audio."
    )
