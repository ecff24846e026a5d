"""Ports of the turn pipeline: protocols for engines (ASR, LLM, TTS), tools, the audio decoder and the journal.

Ports are free of torch, HTTP and SQL. Engines stream their output as async iterators, whose last item completes the
result. Closing an iterator (``aclose``) stops the engine at the next token, segment or piece of audio.

An engine that cannot do its work raises ``db.errors.EngineUnavailable``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from db.agents.definition import AgentDefinition
from db.audio import limits
from db.audio.encoded import EncodedAudio
from db.audio.recording import Recording
from db.enums import Stage
from db.json_value import Json
from db.turns.values import Failure, FinishedCall

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray  # not at runtime: API processes import the ports without 10 MB of numpy

T = TypeVar("T")

#: Sample rate in Hz of every recording for a Transcriber.
SAMPLE_RATE = limits.SAMPLE_RATE

#: One channel of audio, shape ``(samples,)``, float32 in -1..1.
Samples: TypeAlias = "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Names of an engine and of its model. ``languages``: ISO 639-1 codes, empty for any.

    ``voices``: of a synthesizer, all names that ``synthesize`` takes for one of its languages; empty if not known.
    ``voice_languages``: of each of these voices, where they differ.
    """

    engine: str
    model: str
    languages: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    voice_languages: tuple[str, ...] = ()


class Engine(Protocol):
    """Methods of every engine."""

    @property
    def info(self) -> EngineInfo: ...

    @property
    def concurrency(self) -> int:
        """The most turns that may use the engine at the same time; 1 for a model that is not thread-safe."""
        ...

    async def load(self) -> None:
        """Loads the model, off the event loop. Raises EngineUnavailable with the reason.

        May raise ImportError: the worker reports the missing module and how to install it.
        """
        ...

    async def close(self) -> None:
        """Frees the resources of ``load``. Not called while a turn uses the engine."""
        ...


# --- speech recognition -----------------------------------------------------------------------------------


class RecordingDecoder(Protocol):
    async def recording(self, data: bytes, *, owner: Hashable, max_seconds: float) -> Recording:
        """Decodes a recording of a client, which may be malicious, so that it can be stopped at any time.

        ``owner``: the key of the fair share of decoders, a tenant. Raises AudioUnreadable, AudioTooLong or Overloaded.
        """
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of a transcript. Times in seconds from the start of the recording; ``confidence`` in 0..1."""

    start: float
    end: float
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class TranscriptPartial:
    """An interim transcript: the whole text so far. The next partial or the transcript replaces it."""

    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The final transcript. ``text``: empty for a recording without speech.

    ``language``: of the text, ISO 639-1, None if unknown. ``unexpected_language``: the same if it is neither the given
    language nor one of the expected ones, else None. ``details``: JSON values for the model call.
    """

    text: str
    language: str | None
    segments: tuple[Segment, ...] = ()
    output_tokens: int | None = None
    unexpected_language: str | None = None
    details: Mapping[str, Json] = field(default_factory=dict)


class Transcriber(Engine, Protocol):
    def transcribe(
        self, samples: Samples, *, language: str | None, among: Sequence[str] = ()
    ) -> AsyncIterator[TranscriptPartial | Transcript]:
        """Speech recognition: yields partials, then one Transcript. ``samples``: 16 kHz mono.

        ``language``: ISO 639-1; None detects it ``among`` these, and takes the first if none is likely. An empty
        ``among`` means all languages of the model. Speech that is clearly in another language is transcribed in that
        language, not translated. Silence, noise and laughter give an empty Transcript.
        """
        ...


class RecognitionStream(Protocol):
    """Recognition of one turn of a caller while it is spoken. Used by one task; models run off the event loop."""

    def feed(self, samples: Samples) -> None:
        """The next audio, 16 kHz mono."""
        ...

    async def partial(self) -> str | None:
        """The words so far, by a quick decode of what is new; None if nothing is. Digits in them are unreliable."""
        ...

    def pause(self) -> None:
        """The caller pauses here: what came before may be decoded for good in the background."""
        ...

    async def final(self) -> Transcript:
        """The transcript of all audio so far. The caller may go on: more audio and another ``final`` may follow."""
        ...

    async def close(self) -> None:
        """Stops the work that is under way."""
        ...


class StreamingTranscriber(Engine, Protocol):
    def listen(self, *, language: str | None, among: Sequence[str] = ()) -> RecognitionStream:
        """Begins the recognition of one turn. ``language``, ``among``: as in ``Transcriber.transcribe``."""
        ...


# --- language model ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserMessage:
    text: str


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    text: str


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as offered to a model. ``parameters``: JSON Schema of its arguments, without ``$ref``.

    ``repeatable``: whether the tool is idempotent for calls with the same key, or read-only. ``confirm``: whether the
    customer must have said yes to it first.
    """

    name: str
    description: str
    parameters: Mapping[str, Json]
    repeatable: bool = False
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class CompletedToolCall:
    """A finished tool call. ``result``: the tool's result, or ``{"ok": false, "errors": [...]}``."""

    call_id: str
    name: str
    arguments: Mapping[str, Json]
    result: Mapping[str, Json]


#: An item of a session's history, which is oldest first. A turn's tool calls follow its UserMessage.
HistoryItem = UserMessage | AssistantMessage | CompletedToolCall


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The conversation so far. The last UserMessage opened this turn, to which tool calls after it belong.

    ``language``: of the reply, ISO 639-1. ``known``: facts of the customer from the session (``customer_id``, and
    ``name``, ``phone``, ``account_id`` if its metadata has them).
    """

    history: tuple[HistoryItem, ...]
    agent: AgentDefinition
    language: str
    tools: tuple[ToolSpec, ...]
    known: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the reply, with white space: the reply is the concatenation of all deltas.

    ``language``: of the whole reply, ISO 639-1, if it is another than requested; told with the first delta.
    ``templated``: filled into a template from the definition, the customer's words and results of tools, none of it
    generated: the guard of replies checks the text of all other engines (``inference.turn.guard.reply_guard``).
    """

    text: str
    language: str | None = None
    templated: bool = False


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A tool call that the model requests. The pipeline runs it and calls the model again with its result.

    ``arguments``: not validated; the tool validates them. ``server``: the MCP server of a call that an earlier attempt
    started; None for a new call.
    """

    call_id: str
    name: str
    arguments: Mapping[str, Json]
    server: str | None = None


@dataclass(frozen=True, slots=True)
class ChatFinished:
    """The last item of a reply. ``model``: as reported by the server. Token counts: None if not counted."""

    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    details: Mapping[str, Json] = field(default_factory=dict)


class ChatModel(Engine, Protocol):
    def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        """Yields either text (TextDelta ...) or tool calls (ToolRequest ...), then one ChatFinished."""
        ...


# --- tools ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Tenant, session and id of a tool call, as text. Not visible to the model, which cannot set it."""

    tenant_id: str
    session_id: str
    tool_call_id: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """``ok``: False if the tool ran and refused. ``content``: a JSON object."""

    ok: bool
    content: Mapping[str, Json]


class ToolBox(Protocol):
    async def tools(self, agent: AgentDefinition) -> tuple[tuple[str, ToolSpec], ...]:
        """The tools that the agent may use and that are available, as (name of the MCP server, tool)."""
        ...

    async def call(self, name: str, arguments: Mapping[str, Json], context: ToolContext) -> ToolResult:
        """Runs a tool. ``context.tool_call_id`` is the idempotency key for its server.

        Raises EngineUnavailable only if the request was not sent, and OutcomeUnknown for any failure after that: a lost
        connection, a timeout, a protocol error.
        """
        ...


# --- knowledge --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage of the agent's knowledge that a reply was written from. ``heading``: those above it, "" for none."""

    source: str
    heading: str
    passage: str


class TextEmbedder(Protocol):
    """Embeds texts and queries in one space, in which a query is near the texts that answer it."""

    @property
    def name(self) -> str:
        """The model: embeddings of another one cannot be compared."""
        ...

    def is_near(self, similarity: float, *, usual: float, texts: int) -> bool:
        """Whether a text with this cosine similarity probably answers the query.

        ``usual``: the average similarity of the query and all ``texts``.
        """
        ...

    async def embed(self, texts: Sequence[str], *, query: bool) -> Sequence[Sequence[float]]:
        """Unit vectors, one a text, made off the event loop. Raises EngineUnavailable."""
        ...


# --- speech synthesis -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speech:
    """A piece of synthesized audio. ``sample_rate``: in Hz.

    ``text``: what it says, as written: the texts of a sentence's pieces are its consecutive parts, with their white
    space. "" if not known.
    """

    samples: Samples
    sample_rate: int
    text: str = ""


class Synthesizer(Engine, Protocol):
    @property
    def sample_rate(self) -> int: ...

    def synthesize(self, text: str, *, language: str, voice: str | None) -> AsyncIterator[Speech]:
        """Speech synthesis: yields the audio of one sentence in pieces.

        ``text``: in written form; the engine normalizes numbers, money and dates. ``language``: ISO 639-1. ``voice``:
        None for the engine's default. Raises EngineUnavailable for a language or voice that it does not have.
        """
        ...


class ReplyListener(Protocol):
    """Gets the reply of a live turn as it is made, before a whole sentence of it exists."""

    async def reply_restarted(self) -> None:
        """Another engine begins the reply anew: text and audio so far are void."""
        ...

    async def reply_text(self, delta: str) -> None: ...

    async def reply_piece(self, speech: Speech) -> None:
        """The next audio of the reply, at the loudness of replies."""
        ...

    async def reply_details(self, details: Mapping[str, Json]) -> None:
        """The text is complete. ``details``: of its model call (``ChatFinished.details``).

        A live call uses two: ``expects_digits``, the numbers of digits that may answer the reply, and ``ends_call``,
        whether all is said.
        """
        ...

    async def tool_started(self, call_id: str, name: str) -> None: ...

    async def tool_finished(self, call_id: str, name: str, *, ok: bool) -> None: ...


# --- journal --------------------------------------------------------------------------------------------


class Journal(Protocol):
    """Records the progress of a turn and publishes it as events, in order; writes may be buffered.

    Any method may raise Superseded or JournalLost, also for an earlier write: then the attempt must stop.
    """

    async def stage_started(self, stage: Stage, info: EngineInfo) -> None: ...

    async def stage_skipped(self, stage: Stage, reason: str) -> None: ...

    async def transcript_partial(self, text: str) -> None: ...

    async def transcript_ready(self, transcript: Transcript, call: FinishedCall) -> None:
        """Checkpoint of ASR: the user message's text, and the model call."""
        ...

    async def reply_delta(self, text: str) -> None: ...

    async def reply_ready(
        self, text: str, language: str, user_language: str | None = None, citations: Sequence[Citation] = ()
    ) -> None:
        """Checkpoint of LLM: the whole reply. ``language``: ISO 639-1.

        ``user_language``: of a typed message of the user, if it is known. A transcript has its own. ``citations``: what
        the reply was written from.
        """
        ...

    async def call_finished(self, call: FinishedCall, *, ends_stage: bool) -> None:
        """A successful model call. ``ends_stage``: whether it was the last of its stage."""
        ...

    async def tool_started(self, request: ToolRequest, server: str, number: int) -> ToolContext:
        """A tool call that is about to run. ``number``: counts the turn's tool calls; the call's id derives from it."""
        ...

    async def tool_finished(self, context: ToolContext, result: ToolResult | None, error: str | None) -> None:
        """Ends a tool call, unless the tool ended it in its own transaction."""
        ...

    async def chunk_ready(self, index: int, text: str, audio: EncodedAudio) -> None: ...

    async def audio_ready(self, audio: EncodedAudio, call: FinishedCall) -> None:
        """Checkpoint of TTS: the audio of the whole reply, and the model call."""
        ...

    async def stage_failed(self, failure: Failure, call: FinishedCall | None, *, will_retry: bool) -> None:
        """A failed try of a stage. ``will_retry``: whether another try follows."""
        ...

    async def turn_finished(self, timing: Mapping[str, Json], failure: Failure | None) -> None: ...


class AttemptJournal(Journal, Protocol):
    """The journal of one attempt, with what ends the attempt."""

    async def guard(self, work: Coroutine[object, object, T]) -> T:
        """Runs the attempt's work; cancels it as soon as nothing more can be written for it.

        Raises Superseded or JournalLost then.
        """
        ...

    async def close(self, seconds: float) -> None:
        """Writes what is queued within ``seconds``, then drops what is left."""
        ...

    async def record_cancelled(self, calls: Sequence[FinishedCall]) -> None:
        """Writes the model calls of a cancelled attempt, if its turn was cancelled: ``calls``, those that were in
        progress, and those that were queued and not written."""
        ...


class Superseded(Exception):
    """Another attempt owns the turn now; nothing was written."""


class JournalLost(Exception):
    """The journal is unavailable: the attempt ends, and the turn is retried later."""
