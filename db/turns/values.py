"""Plain values of a turn's attempt, known to the pipeline and to the tables alike: claims, model calls, failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from db.enums import CallStatus, Stage
from db.errors import OutcomeUnknown, VoxLoomError


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one attempt to write a turn. ``started_at`` is the database's time when the attempt began."""

    tenant_id: UUID
    session_id: UUID
    turn_id: UUID
    attempt: int
    queued_at: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """A model call that is over, however it ended. Durations in milliseconds."""

    stage: Stage
    engine: str
    model: str
    status: CallStatus
    started_at: datetime
    wait_ms: float
    duration_ms: float
    first_output_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_audio_ms: int | None = None
    output_audio_ms: int | None = None
    error: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something failed: a code of the contract, words for a person, and the stage it happened in."""

    code: str
    message: str
    stage: Stage | None = None


def error_text(error: VoxLoomError) -> str:
    """An error as text for a tool call's row: ``CODE: message``."""
    return f"{error.code}: {error.message}"


def error_result(error: VoxLoomError) -> dict[str, Any]:
    """The result of a tool call that failed: ``{"ok": false, "errors": [{"loc", "msg"}]}``.

    With ``"outcome": "unknown"`` if the tool may have run.
    """
    content = {"ok": False, "errors": [{"loc": "", "msg": error.message}]}
    return {**content, "outcome": "unknown"} if isinstance(error, OutcomeUnknown) else content
