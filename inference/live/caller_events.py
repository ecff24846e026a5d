"""What a live call tells its caller, in order; a transport (``graph.voice``) turns it into messages of its own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from db.enums import CallEndReason
from inference.ports import Samples


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller began to speak.

    ``message_id``: of the user message that it becomes. ``at_ms``: position in the call's audio.
    """

    message_id: UUID
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The caller's turn has ended. ``at_ms``: the end of its last word, of the call's audio."""

    message_id: UUID
    at_ms: int


@dataclass(frozen=True, slots=True)
class WordsPartial:
    """The words so far; replaces the partial before."""

    message_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """The turn is stored, with its final words. Sent before any sound of its reply.

    ``reopened``: the turn was stored before with fewer words; its earlier reply is void.
    """

    message_id: UUID
    turn_id: UUID
    text: str
    language: str | None
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """``reply_id``: identifies the reply to the transport, which reports with it what was played.

    ``turn_id``: None for what answers no turn, such as a greeting. A reply that goes on after a lost connection is sent
    again from where it was heard, with a ``reply_id`` of its own.
    """

    reply_id: UUID
    turn_id: UUID | None


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The next text of the reply, to append."""

    reply_id: UUID
    delta: str


@dataclass(frozen=True, slots=True)
class ReplyAudio:
    """The next piece of the reply's audio: float32 mono at ``sample_rate`` Hz, and its text."""

    reply_id: UUID
    index: int
    text: str
    samples: Samples
    sample_rate: int


class ReplyStatus(StrEnum):
    COMPLETED = "COMPLETED"
    INTERRUPTED = "INTERRUPTED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """All audio of the reply was sent, or no more will be.

    ``text``: the whole text. ``code``, ``message``: of a failure.
    """

    reply_id: UUID
    status: ReplyStatus
    text: str
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class PausePlayback:
    """The caller speaks over the reply: hold its audio until ResumePlayback or ClearPlayback."""

    reply_id: UUID


@dataclass(frozen=True, slots=True)
class ResumePlayback:
    """It was a backchannel ("uh-huh"): play on."""

    reply_id: UUID


@dataclass(frozen=True, slots=True)
class ClearPlayback:
    """The reply was interrupted: drop what was not played. ``heard_ms``: as the ledger has it."""

    reply_id: UUID
    heard_ms: int


@dataclass(frozen=True, slots=True)
class ToolProgress:
    """A tool call of the reply started (``ok`` None) or ended."""

    reply_id: UUID
    call_id: str
    name: str
    ok: bool | None = None


@dataclass(frozen=True, slots=True)
class CallProblem:
    """Something failed and the call goes on. ``code``: an error code of the API."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CallOver:
    """The last event: the transport closes its connection."""

    reason: CallEndReason


ToCaller = (
    SpeechStarted
    | SpeechEnded
    | WordsPartial
    | TurnCommitted
    | ReplyStarted
    | ReplyText
    | ReplyAudio
    | ReplyFinished
    | PausePlayback
    | ResumePlayback
    | ClearPlayback
    | ToolProgress
    | CallProblem
    | CallOver
)
