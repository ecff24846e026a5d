"""What a turn needs of the world: the ports its stages talk to.

A port says nothing of torch, HTTP or SQL. Everything a model produces is an async iterator, so that
a listener hears of it while it happens; the last item of each is the whole result. Closing the iterator
(``aclose``) stops the model at the next token, segment or sentence.

An engine that cannot do what it is asked raises ``db.errors.EngineUnavailable``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from db.agents.personas import Persona
from db.audio import limits
from db.audio.encoded import EncodedAudio
from db.audio.recording import Recording
from db.enums import Stage
from db.turns.values import Failure, FinishedCall

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray  # an API process knows the ports too, and does without 10 MB of numpy

#: Samples a second of every recording handed to a Transcriber.
SAMPLE_RATE = limits.SAMPLE_RATE

#: One channel of audio, shape ``(samples,)``, float32 in -1..1.
Samples: TypeAlias = "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which code and which weights. ``languages``: ISO 639-1 codes; empty means any."""

    engine: str
    model: str
    languages: tuple[str, ...] = ()


class Engine(Protocol):
    """What every engine has in common."""

    @property
    def info(self) -> EngineInfo: ...

    @property
    def concurrency(self) -> int:
        """How many turns may use it at the same time; 1 for a model that is not thread-safe."""
        ...

    async def load(self) -> None:
        """Makes it ready, off the event loop. Raises EngineUnavailable with the reason if it cannot be.

        An ImportError may pass: the worker tells which module is missing and how to install it.
        """
        ...

    async def close(self) -> None:
        """Gives back what ``load`` took. Not called while a turn uses it."""
        ...


# --- speech recognition -----------------------------------------------------------------------------------


class RecordingDecoder(Protocol):
    async def recording(self, data: bytes, *, owner: Hashable, max_seconds: float) -> Recording:
        """Decodes a recording, which is hostile until then, where it can be stopped.

        ``owner``: whose share of the decoders it uses. Raises AudioUnreadable, AudioTooLong or Overloaded.
        """
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech. Times in seconds from the recording's start; ``confidence`` in 0..1."""

    start: float
    end: float
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class TranscriptPartial:
    """All the words understood so far; the next partial or the transcript replaces it."""

    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The whole recording in words. ``text`` is empty when nobody spoke.

    ``language``: that of the words, ISO 639-1, None if unknown. ``unexpected_language``: the same, where it is neither
    the language that was given nor one of those to choose among.
    """

    text: str
    language: str | None
    segments: tuple[Segment, ...] = ()
    output_tokens: int | None = None
    unexpected_language: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class Transcriber(Engine, Protocol):
    def transcribe(
        self, samples: Samples, *, language: str | None, among: Sequence[str] = ()
    ) -> AsyncIterator[TranscriptPartial | Transcript]:
        """Turns speech at 16 kHz into words: partials as they come, one Transcript last.

        ``language``: ISO 639-1, or None to detect it ``among`` these, of which the first stands where none is likely;
        with none given, among all that the model knows. Speech that is clearly in another language is transcribed in
        that, not translated. Silence, noise and laughter give an empty Transcript.
        """
        ...


# --- language model ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserSaid:
    text: str


@dataclass(frozen=True, slots=True)
class AssistantSaid:
    text: str


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it. ``parameters``: JSON schema of its arguments, without ``$ref``.

    ``repeatable``: calling it twice with the same key does what calling it once does, or it changes nothing.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """A finished tool call. ``result``: what the tool answered, or ``{"ok": false, "errors": [...]}``."""

    call_id: str
    name: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]


#: What was said and done in a session, oldest first. A turn's tool calls stand after its UserSaid.
HistoryItem = UserSaid | AssistantSaid | ToolUsed


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The whole conversation up to now. The last UserSaid opened this turn; ToolUsed items behind it are this turn's.

    ``language``: ISO 639-1 of the reply. ``known``: what the session knows of the customer beside what was said
    (``customer_id``, and ``name``, ``phone``, ``account_id`` where the session's metadata holds them).
    """

    history: tuple[HistoryItem, ...]
    persona: Persona
    language: str
    tools: tuple[ToolSpec, ...]
    known: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the reply, white space included: the reply is all deltas joined."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """The model wants a tool run; the pipeline runs it and asks again with its ToolUsed in the history.

    ``arguments`` is an object of any content: the tool validates it. ``server``: of a call that an earlier attempt
    began, the MCP server that it was sent to; None for a call that is yet to be made.
    """

    call_id: str
    name: str
    arguments: Mapping[str, Any]
    server: str | None = None


@dataclass(frozen=True, slots=True)
class ChatFinished:
    """Always the last item. ``model`` is the one that answered; token counts are null where nobody counts."""

    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class ChatModel(Engine, Protocol):
    def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        """Either words (TextDelta ...) or tools (ToolRequest ...), then one ChatFinished."""
        ...


# --- tools ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolContext:
    """On whose behalf a tool runs; ids as text. The model never sees or sets any of it."""

    tenant_id: str
    session_id: str
    tool_call_id: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """``ok`` is false when the tool ran and said no; ``content`` is its answer, always an object."""

    ok: bool
    content: Mapping[str, Any]


class ToolBox(Protocol):
    async def tools(self) -> tuple[tuple[str, ToolSpec], ...]:
        """Every tool that can be called now, each with its server's name."""
        ...

    async def call(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Runs one tool. The call's id is the key under which its server can tell a repetition.

        Raises EngineUnavailable only if the request was not sent, so that nothing was done, and OutcomeUnknown for all
        that went wrong after that: a lost connection, no answer, an error of the protocol.
        """
        ...


# --- speech synthesis -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speech:
    """A piece of speech at ``sample_rate`` samples a second."""

    samples: Samples
    sample_rate: int


class Synthesizer(Engine, Protocol):
    @property
    def sample_rate(self) -> int: ...

    def synthesize(self, text: str, *, language: str, voice: str | None) -> AsyncIterator[Speech]:
        """Speaks one sentence of written text (numbers, money and dates still as written), piece by piece.

        ``language``: ISO 639-1. Raises EngineUnavailable for a language or voice that it does not have.
        """
        ...


# --- the record of a turn ---------------------------------------------------------------------------------


class Journal(Protocol):
    """Where a turn's progress is written, one commit a call, each telling the listeners.

    Any method raises ``Superseded`` when another attempt has taken the turn over: then nothing was written, and the
    work must stop.
    """

    async def stage_started(self, stage: Stage, info: EngineInfo) -> None: ...

    async def stage_skipped(self, stage: Stage, reason: str) -> None: ...

    async def transcript_partial(self, text: str) -> None: ...

    async def transcript_ready(self, transcript: Transcript, call: FinishedCall) -> None:
        """The checkpoint of ASR: the user message's text, and the call."""
        ...

    async def reply_delta(self, text: str) -> None: ...

    async def reply_ready(self, text: str, language: str) -> None:
        """The checkpoint of LLM: the reply's text, whole."""
        ...

    async def call_finished(self, call: FinishedCall, *, ends_stage: bool) -> None:
        """A model call that went well; ``ends_stage`` when it was the stage's last."""
        ...

    async def tool_started(self, request: ToolRequest, server: str, number: int) -> ToolContext:
        """The intent, before the tool runs; ``number`` counts the turn's tool calls and makes the call's key."""
        ...

    async def tool_finished(self, context: ToolContext, result: ToolResult | None, error: str | None) -> None:
        """Ends the tool call where the tool itself did not, in the commit of what it wrote."""
        ...

    async def chunk_ready(self, index: int, text: str, audio: EncodedAudio) -> None: ...

    async def audio_ready(self, audio: EncodedAudio, call: FinishedCall) -> None:
        """The checkpoint of TTS: the whole spoken reply, and the call."""
        ...

    async def stage_failed(self, failure: Failure, call: FinishedCall | None, *, will_retry: bool) -> None:
        """A try at a stage that failed; ``will_retry`` when another follows."""
        ...

    async def turn_finished(self, timing: Mapping[str, Any], failure: Failure | None) -> None: ...


class Superseded(Exception):
    """Another attempt owns the turn now."""


class JournalLost(Exception):
    """The journal cannot be written for now: the attempt ends here, and the turn does not."""
