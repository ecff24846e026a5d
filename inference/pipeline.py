"""A turn's stages in order. A turn that was begun before goes on at the first stage without a checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from db.languages import primary_language
from db.outcome import Failure, FinishedCall
from db.personas import Persona
from db.scenarios import SCENARIOS
from db.words import Stage
from inference.metering import StageError, failure_of
from inference.ports import (
    ChatRequest,
    HistoryItem,
    Journal,
    Superseded,
    TextDelta,
    ToolBox,
    ToolRequest,
    ToolSpec,
    TranscriptPartial,
    UserSaid,
)
from inference.registry import Engines
from inference.sentences import SentenceSplitter
from inference.stages import asr, llm, tool, tts
from inference.timing import TurnClock

#: Rounds of model and tools in one turn: a model that wants more of them is going in circles.
_MAX_ROUNDS = 6

#: Sentences that may wait to be spoken.
_SENTENCES_AHEAD = 8

#: Deltas that come closer together than this are written as one.
_DELTA_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class TurnWork:
    """What a turn starts from, read once.

    ``earlier_language``: what was spoken before in this session. ``history``: what was said and done before this
    turn, and behind it this turn's finished tool calls in ``used``.
    ``text`` is null when the recording is not understood yet; ``reply`` is null until the reply's checkpoint.
    ``pending``: tool calls that were begun by an attempt that did not see their end.
    """

    session_language: str
    earlier_language: str | None
    persona: Persona
    known: dict[str, str]
    history: tuple[HistoryItem, ...]
    text: str | None
    recording: bytes | None
    reply: str | None
    spoken: bool
    used: tuple[HistoryItem, ...]
    pending: tuple[ToolRequest, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a turn, in seconds."""

    recording: float
    stall: float
    tool: float


class Pipeline:
    """Runs one attempt at one turn."""

    def __init__(
        self,
        work: TurnWork,
        *,
        engines: Engines,
        toolbox: ToolBox,
        journal: Journal,
        clock: TurnClock,
        limits: Limits,
        language_of: Callable[[str], str | None] = lambda _: None,
        default_language: str = "en",
    ) -> None:
        self._work = work
        self._engines = engines
        self._toolbox = toolbox
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._language_of = language_of
        self._default_language = default_language
        self._tools_used = len(work.used)

    async def run(self) -> Failure | None:
        """Runs what is left of the turn and ends it. Returns why it failed, or null."""
        failure: Failure | None = None
        try:
            text, language = await self._understand()
            await self._answer(text, language)
        except Exception as error:
            cause = _cause(error)
            if isinstance(cause, Superseded):
                raise cause from error
            if isinstance(cause, StageError):
                failure = cause.failure
                await self._journal.stage_failed(failure, cause.call)
            else:
                failure = failure_of(cause, None)
        await self._journal.turn_finished(self._clock.timing(), failure)
        return failure

    async def _understand(self) -> tuple[str, str]:
        """The user's words, and the language to answer in."""
        work = self._work
        language = primary_language(work.session_language)
        if work.text is not None:
            language = language or self._language_of(work.text)
            return work.text, language or work.earlier_language or self._default_language
        if work.recording is None:
            raise StageError(Failure("INTERNAL", "The message has neither text nor a recording.", Stage.ASR))
        await self._journal.stage_started(Stage.ASR, self._engines.asr.info)
        items = asr.transcribe(
            work.recording,
            language=language,
            max_seconds=self._limits.recording,
            stall_seconds=self._limits.stall,
            engine=self._engines.asr,
            draft=self._engines.draft,
            clock=self._clock,
        )
        heard: asr.Heard | None = None
        try:
            async with aclosing(items):
                async for item in items:
                    if isinstance(item, TranscriptPartial):
                        self._clock.mark_first("words")
                        await self._journal.transcript_partial(item.text)
                    else:
                        heard = item
        except (StageError, Superseded):
            raise
        except Exception as error:
            raise StageError(failure_of(error, Stage.ASR)) from error
        assert heard is not None
        if heard.draft is not None:
            await self._journal.call_finished(heard.draft, ends_stage=False)
        await self._journal.transcript_ready(heard.transcript, heard.call)
        language = language or heard.transcript.language or work.earlier_language
        return heard.transcript.text, language or self._default_language

    async def _answer(self, text: str, language: str) -> None:
        """Words and speech side by side: the first sentence is spoken while the next is written."""
        if self._work.spoken:
            return
        sentences: asyncio.Queue[str | None] = asyncio.Queue(_SENTENCES_AHEAD)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._write(text, language, sentences))
            both.create_task(self._speak(language, sentences))

    async def _write(self, text: str, language: str, sentences: asyncio.Queue[str | None]) -> None:
        splitter = SentenceSplitter()
        if self._work.reply is not None:
            for sentence in (*splitter.feed(self._work.reply), *splitter.flush()):
                await sentences.put(sentence)
            await sentences.put(None)
            return
        if not self._engines.llm.speaks(language):
            raise StageError(
                Failure("ENGINE_UNAVAILABLE", f"No language model here answers in {language!r}.", Stage.LLM)
            )
        servers = dict[str, str]()
        tools = list[ToolSpec]()
        for server, spec in await self._toolbox.tools():
            if spec.name not in SCENARIOS or spec.name in self._work.persona.scenarios:
                servers[spec.name] = server
                tools.append(spec)
        history = [*self._work.history, UserSaid(text), *self._work.used]
        for left in self._work.pending:
            history.append(await self._use(left, servers))
        await self._journal.stage_started(Stage.LLM, self._engines.llm.info)
        written = ""
        for _ in range(_MAX_ROUNDS):
            request = ChatRequest(tuple(history), self._work.persona, language, tuple(tools), self._work.known)
            wishes, said, call = await self._round(request, splitter, sentences)
            written += said
            await self._journal.call_finished(call, ends_stage=not wishes)
            if not wishes:
                break
            for wish in wishes:
                history.append(await self._use(wish, servers))
        else:
            raise StageError(Failure("ENGINE_UNAVAILABLE", "The model asked for tools without end.", Stage.LLM))
        if not written.strip():
            raise StageError(Failure("ENGINE_UNAVAILABLE", "The model gave no reply.", Stage.LLM))
        for sentence in splitter.flush():
            await sentences.put(sentence)
        await self._journal.reply_ready(written.strip(), language)  # before the end of speech, which is part of it
        await sentences.put(None)

    async def _round(
        self, request: ChatRequest, splitter: SentenceSplitter, sentences: asyncio.Queue[str | None]
    ) -> tuple[list[ToolRequest], str, FinishedCall]:
        """One round of the model: what it wants, what it said, and the call."""
        wishes: list[ToolRequest] = []
        said, unsent, sent_at = "", "", float("-inf")
        call: FinishedCall | None = None
        items = llm.reply(request, engine=self._engines.llm, stall_seconds=self._limits.stall, clock=self._clock)
        async with aclosing(items):
            async for item in items:
                if isinstance(item, TextDelta):
                    said += item.text
                    unsent += item.text
                    for sentence in splitter.feed(item.text):
                        await sentences.put(sentence)
                    if self._clock.now() - sent_at >= _DELTA_SECONDS:
                        await self._journal.reply_delta(unsent)
                        self._clock.mark_first("text")
                        unsent, sent_at = "", self._clock.now()
                elif isinstance(item, ToolRequest):
                    wishes.append(item)
                else:
                    call = item
        assert call is not None
        if unsent:
            await self._journal.reply_delta(unsent)
        return wishes, said, call

    async def _use(self, request: ToolRequest, servers: dict[str, str]) -> HistoryItem:
        server = servers.get(request.name)
        if server is None:
            raise StageError(
                Failure("ENGINE_UNAVAILABLE", "The model asked for a tool that does not exist.", Stage.TOOL)
            )
        number = self._tools_used
        self._tools_used += 1
        return await tool.run_tool(
            request,
            number=number,
            server=server,
            toolbox=self._toolbox,
            journal=self._journal,
            timeout_seconds=self._limits.tool,
            clock=self._clock,
        )

    async def _speak(self, language: str, sentences: asyncio.Queue[str | None]) -> None:
        engine = self._engines.tts
        if not engine.speaks(language):
            await self._journal.stage_skipped(
                Stage.TTS, f"The voice of {engine.info.engine} does not speak {language!r}."
            )
            async for _ in _take(sentences):
                pass
            return
        try:
            await self._speak_all(language, sentences)
        except StageError:
            async for _ in _take(sentences):  # the reply is still written to its end: a person can read it
                pass
            raise

    async def _speak_all(self, language: str, sentences: asyncio.Queue[str | None]) -> None:
        started = False
        chunks = tts.speak(
            _take(sentences),
            language=language,
            voice=self._work.persona.voice,
            engine=self._engines.tts,
            stall_seconds=self._limits.stall,
            clock=self._clock,
        )
        async with aclosing(chunks):
            async for item in chunks:
                if isinstance(item, tts.Chunk):
                    if not started:
                        started = True
                        await self._journal.stage_started(Stage.TTS, self._engines.tts.info)
                    await self._journal.chunk_ready(item.index, item.text, item.audio)
                    self._clock.mark_first("audio")
                elif item.audio is not None:
                    await self._journal.audio_ready(item.audio, item.call)


def _cause(error: Exception) -> Exception:
    """What really happened, out of a group of errors: a turn that was taken over first, then a stage that failed."""
    if not isinstance(error, ExceptionGroup):
        return error
    causes = [_cause(each) for each in error.exceptions]
    for kind in (Superseded, StageError):
        for each in causes:
            if isinstance(each, kind):
                return each
    return causes[0]


async def _take(sentences: asyncio.Queue[str | None]) -> AsyncIterator[str]:
    while (sentence := await sentences.get()) is not None:
        yield sentence
