"""Where a turn's time went, in Python and, to the last digit the same, in SQL."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import strawberry
from sqlalchemy import ColumnElement, Double, Text, case, cast, func, literal
from sqlalchemy.dialects.postgresql import JSONB

from db.models.conversation import Turn as TurnRow
from graph.api.fields import Columns, computed, items
from graph.api.loaders import Source
from graph.api.types.enums import Stage


def _ms(begin: datetime | None, end: datetime | None) -> float | None:
    return None if begin is None or end is None else (end - begin) // timedelta(microseconds=1) / 1000


def _ms_sql(begin: ColumnElement[datetime], end: ColumnElement[datetime]) -> ColumnElement[float]:
    return cast(func.extract("epoch", end - begin) * 1000, Double)


def _measured(name: str) -> tuple[Callable[[TurnRow], float | None], Callable[[Columns], ColumnElement[float]]]:
    def python(turn: TurnRow) -> float | None:
        value = (turn.timing or {}).get(name)
        return None if value is None else float(value)

    return python, lambda turn: cast(turn.timing[name].astext, Double)


def _total(turn: TurnRow) -> float | None:
    return _ms(turn.queued_at, turn.finished_at)


def _total_sql(turn: Columns) -> ColumnElement[float]:
    return _ms_sql(turn.queued_at, turn.finished_at)


def _queue(turn: TurnRow) -> float | None:
    return _ms(turn.queued_at, turn.started_at)


def _queue_sql(turn: Columns) -> ColumnElement[float]:
    return _ms_sql(turn.queued_at, turn.started_at)


_covered, _covered_sql = _measured("covered_ms")


def _unattributed(turn: TurnRow) -> float | None:
    total = _total(turn)
    if total is None:
        return None
    rest = total - (_queue(turn) or 0.0) - (_covered(turn) or 0.0)
    return math.floor(max(0.0, rest) * 1000 + 0.5) / 1000


def _unattributed_sql(turn: Columns) -> ColumnElement[float]:
    nothing = literal(0.0, Double)
    total, queue, covered = _total_sql(turn), _queue_sql(turn), _covered_sql(turn)
    rest = total - func.coalesce(queue, nothing) - func.coalesce(covered, nothing)
    # greatest() passes over a null, which here must stay one.
    return case((total.is_not(None), func.floor(func.greatest(nothing, rest) * 1000 + 0.5) / 1000))


def _stages(turn: TurnRow) -> list[dict[str, Any]]:
    return sorted((turn.timing or {}).get("stages", []), key=lambda each: each["start_ms"])


def _time(name: str, description: str) -> Any:
    return computed(lambda timed: float(timed[name]), lambda timed: cast(timed.value[name].astext, Double), description)


@strawberry.type(description="How long one stage of a turn worked. Stages overlap: speech begins before the text ends.")
class StageTiming:
    row: strawberry.Private[dict[str, Any]]
    stage: Stage = computed(
        lambda timed: Stage(timed["stage"]), lambda timed: timed.value["stage"].astext, "The stage."
    )
    start_ms: float = _time("start_ms", "When it began, counted from when the turn was queued.")
    duration_ms: float = _time("duration_ms", "How long it worked.")
    wait_ms: float = _time("wait_ms", "How long it waited for an engine that another turn was using.")


@strawberry.type(description="Where a turn's time went, in milliseconds. All but queueMs is null until the turn ends.")
class TurnTiming:
    row: strawberry.Private[TurnRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = computed(
        lambda turn: f"timing:{turn.id}",
        lambda turn: func.concat("timing:", turn.id),
        "For the caches of clients, which keep what they read of one turn's timing together; node does not take it.",
    )
    total_ms: float | None = computed(_total, _total_sql, "From queued to finished.")
    queue_ms: float | None = computed(_queue, _queue_sql, "From queued to started; null until then.")
    stages: list[StageTiming] = items(
        "Each stage that worked, in the order in which they began.",
        lambda: StageTiming,
        _stages,
        sql=lambda turn: func.coalesce(turn.timing["stages"], cast(literal("[]", Text), JSONB)),
        order=lambda timed: cast(timed.value["start_ms"].astext, Double),
    )
    unattributed_ms: float | None = computed(
        _unattributed, _unattributed_sql, "What is neither queue nor stage: reading, writing, handing over."
    )
    first_words_ms: float | None = computed(
        *_measured("first_words_ms"), "Until the first words of the recording were understood."
    )
    first_text_ms: float | None = computed(*_measured("first_text_ms"), "Until the first words of the reply were out.")
    first_audio_ms: float | None = computed(
        *_measured("first_audio_ms"), "Until the first sentence of the reply could be heard."
    )
