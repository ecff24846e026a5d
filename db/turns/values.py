"""Value objects of a turn's attempt, shared by the pipeline and the database: claims, model calls, failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from db.enums import CallStatus, Stage
from db.errors import OutcomeUnknown, VoxLoomError
from db.json_value import Json

#: NOTIFY channel; the payload is the id of a cancelled turn, which its process stops.
CANCELLED_CHANNEL = "voxloom_cancelled"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one attempt to write a turn; ``attempt`` is its fencing token. Times are the database's."""

    tenant_id: UUID
    session_id: UUID
    turn_id: UUID
    attempt: int
    queued_at: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """A model call that succeeded, failed or was cancelled. Durations in milliseconds."""

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
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a turn or a stage failed: error code of the API, message, and stage."""

    code: str
    message: str
    stage: Stage | None = None


def error_text(error: VoxLoomError) -> str:
    """The error of a tool call's row: ``CODE: message``."""
    return f"{error.code}: {error.message}"


def error_result(error: VoxLoomError) -> dict[str, Json]:
    """The result of a failed tool call: ``{"ok": false, "errors": [{"loc", "msg"}]}``.

    With ``"outcome": "unknown"`` if the tool may have run.
    """
    content = {"ok": False, "errors": [{"loc": "", "msg": error.message}]}
    return {**content, "outcome": "unknown"} if isinstance(error, OutcomeUnknown) else content
