"""The pipeline of a turn: ASR, then LLM with tools and TTS side by side. Resumes behind the last checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from db.enums import Stage
from db.errors import VoxLoomError
from db.languages import primary_language
from db.turns.values import Failure
from inference.audio.level import VoiceLevels
from inference.lender import E, Engines, Lender, Names
from inference.ports import (
    Journal,
    JournalLost,
    RecordingDecoder,
    Superseded,
    Synthesizer,
    ToolBox,
    Transcriber,
    TranscriptPartial,
)
from inference.turn.call_meter import StageError, failure_of
from inference.turn.guard.reading import DialogueReader, NoReader
from inference.turn.inputs import TurnInputs
from inference.turn.limits import TurnLimits
from inference.turn.reply_loop import ReplyLoop, Sentences
from inference.turn.reply_relay import ReplyRelay
from inference.turn.retries import EngineRetries, retry_on
from inference.turn.stages import asr, tts
from inference.turn.timing import TurnClock

#: Bound of the queue of sentences between LLM and TTS.
_MAX_QUEUED_SENTENCES = 8


class Pipeline:
    """Runs one attempt at one turn. ``relay``: the way to the listener of a live turn. ``levels``: of its voices.

    ``reader``: of the guard; without one nothing that needs a yes is filed.
    """

    def __init__(
        self,
        work: TurnInputs,
        *,
        engines: Engines,
        decoder: RecordingDecoder,
        toolbox: ToolBox,
        journal: Journal,
        clock: TurnClock,
        limits: TurnLimits,
        language_of: Callable[[str], str | None] = lambda _: None,
        reader: DialogueReader | None = None,
        default_language: str = "en",
        relay: ReplyRelay | None = None,
        levels: VoiceLevels | None = None,
    ) -> None:
        self._work = work
        self._all_engines = engines
        self._names = {stage: _names(work, stage) for stage in ("asr", "llm", "tts")}
        self._engines = engines.preferred(**self._names)
        self._decoder = decoder
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._language_of = language_of
        self._default_language = default_language
        self._relay = relay
        self._levels = levels or VoiceLevels()
        self._typed_language: str | None = None
        self._reply_loop = ReplyLoop(
            work,
            toolbox=toolbox,
            journal=journal,
            clock=clock,
            limits=limits,
            reader=reader or NoReader(),
            relay=relay,
        )

    async def run(self) -> Failure | None:
        """Runs the stages that have no checkpoint yet and ends the turn. Returns the failure; None if it completed.

        Raises Superseded and JournalLost, which end the attempt and not the turn.
        """
        failure: Failure | None = None
        try:
            text, language = await self._transcribe()
            await self._reply(text, language)
        except Exception as error:
            cause = _cause(error)
            if isinstance(cause, Superseded | JournalLost):
                raise cause from error
            if isinstance(cause, StageError):
                failure = cause.failure
                await self._record_failure(cause, will_retry=False)
            else:
                failure = failure_of(cause, None)
        await self._journal.turn_finished(self._clock.timing(), failure)
        return failure

    async def _transcribe(self) -> tuple[str, str]:
        """The text of the user's message, and the language of the reply (ISO 639-1)."""
        work = self._work
        language = primary_language(work.session_language)
        if work.text is not None:
            self._typed_language = self._language_of(work.text)
            return work.text, language or self._reply_language(self._typed_language)
        if work.recording is None:
            raise StageError(Failure("INTERNAL", "The message has neither text nor a recording.", Stage.ASR))
        if not self._engines.asr:
            raise self._none_named("asr", Stage.ASR)
        tries = EngineRetries(self._engines.asr, self._limits.retry)
        recognized: asr.Recognized | None = None
        while recognized is None:
            try:
                recognized = await self._transcribe_on(work.recording, language, tries.lender)
            except StageError as error:
                await self._wait_for_retry(tries, error)
        if recognized.draft is not None:
            await self._journal.call_finished(recognized.draft, ends_stage=False)
        await self._journal.transcript_ready(recognized.transcript, recognized.call)
        return recognized.transcript.text, language or self._reply_language(recognized.transcript.language)

    def _reply_language(self, language: str | None = None) -> str:
        """The language of the reply where the session's is "auto": the first that a language model of this worker
        supports of the message's language, the language of earlier messages and the default."""
        spoken = self._engines.reply_languages
        wanted = [each for each in (language, self._work.earlier_language, self._default_language) if each]
        able = [each for each in wanted if not spoken or each in spoken]
        return able[0] if able else spoken[0]

    async def _transcribe_on(
        self, recording: bytes, language: str | None, engine: Lender[Transcriber]
    ) -> asr.Recognized:
        """Transcribes the recording on one engine; partial transcripts go to the journal. Raises StageError."""
        await self._journal.stage_started(Stage.ASR, engine.info)
        recognized: asr.Recognized | None = None
        first, languages = self._reply_language(), self._engines.reply_languages
        items = asr.transcribe(
            recording,
            owner=self._work.tenant_id,
            decoder=self._decoder,
            language=language,
            among=(first, *(each for each in languages if each != first)) if languages else (),
            limits=self._limits,
            engine=engine,
            draft=self._engines.draft,
            clock=self._clock,
        )
        try:
            async with aclosing(items):
                async for item in items:
                    if isinstance(item, TranscriptPartial):
                        self._clock.mark_first("words")
                        await self._journal.transcript_partial(item.text)
                    else:
                        recognized = item
        except VoxLoomError as error:  # the recording cannot be decoded, or no decoder is free
            raise StageError(failure_of(error, Stage.ASR), next_engine=retry_on(error)) from error
        assert recognized is not None
        return recognized

    async def _record_failure(self, error: StageError, *, will_retry: bool) -> None:
        if not error.journaled:
            error.journaled = True
            await self._journal.stage_failed(error.failure, error.call, will_retry=will_retry)

    async def _wait_for_retry(self, tries: EngineRetries[E], error: StageError) -> None:
        """Records the failure and waits for the next attempt at the stage. Raises the error if there is none."""
        pause = tries.advance(error.retry_on)
        await self._record_failure(error, will_retry=pause is not None)
        if pause is None:
            raise error
        await asyncio.sleep(pause)

    async def _reply(self, text: str, language: str) -> None:
        """LLM and TTS side by side: a sentence is spoken while the next is written."""
        if self._work.spoken:
            return
        able = [lender for lender in self._engines.llm if lender.supports(language)]
        if not self._engines.llm and self._work.reply is None:
            raise self._none_named("llm", Stage.LLM)
        if not able and self._work.reply is None:
            raise StageError(
                Failure("ENGINE_UNAVAILABLE", f"No language model here answers in {language!r}.", Stage.LLM)
            )
        tries = EngineRetries(able or self._all_engines.llm, self._limits.retry)
        while True:
            sentences = Sentences(_MAX_QUEUED_SENTENCES, language)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(
                        self._reply_loop.run(text, language, tries.lender, sentences, self._typed_language)
                    )
                    both.create_task(self._speak(sentences))
                return
            except ExceptionGroup as group:
                cause = _cause(group)
                if not isinstance(cause, StageError) or cause.failure.stage is not Stage.LLM:
                    raise cause from group
                # The reply starts from its beginning, and TTS with it: sentences already spoken are replaced.
                await self._wait_for_retry(tries, cause)
                if self._relay is not None:
                    self._relay.restarted()

    def _none_named(self, stage: str, failed: Stage) -> StageError:
        """The error of a stage of which no engine that the session or its agent names is here."""
        names = ", ".join(self._names[stage] or ())
        message = f"No engine of the session or its agent is offered here: {names} (VOXLOOM_{failed}_OFFERED)."
        return StageError(Failure("ENGINE_UNAVAILABLE", message, failed))

    async def _speak(self, sentences: Sentences) -> None:
        first = await sentences.get()
        language = sentences.language
        voice = self._work.agent.voices.get(language)
        able = [lender for lender in self._engines.tts if lender.supports(language)]
        able.sort(key=lambda lender: not lender.has_voice(voice))
        if not self._engines.tts:
            async for _ in _take(first, sentences):
                pass
            raise self._none_named("tts", Stage.TTS)
        if not able:
            await self._journal.stage_skipped(Stage.TTS, f"No voice here speaks {language!r}.")
            async for _ in _take(first, sentences):
                pass
            return
        spoken = _take(first, sentences)
        try:
            await self._speak_all(language, EngineRetries(able, self._limits.retry), spoken)
        except StageError:
            async for _ in spoken:  # the LLM still finishes the reply, which can be read
                pass
            raise

    async def _speak_all(self, language: str, tries: EngineRetries[Synthesizer], sentences: AsyncIterator[str]) -> None:
        started = False
        chunks = tts.speak(
            sentences,
            language=language,
            voice=self._work.agent.voices.get(language),
            tries=tries,
            limits=self._limits,
            clock=self._clock,
            levels=self._levels,
            relay=self._relay,
        )
        async with aclosing(chunks):
            async for item in chunks:
                if isinstance(item, tts.SynthesisRetried):
                    await self._record_failure(item.error, will_retry=True)
                    await self._journal.stage_started(Stage.TTS, item.next)
                    started = True
                elif isinstance(item, tts.Chunk):
                    if not started:
                        started = True
                        await self._journal.stage_started(Stage.TTS, tries.lender.info)
                    await self._journal.chunk_ready(item.index, item.text, item.audio)
                    self._clock.mark_first("audio")
                elif item.audio is not None:
                    await self._journal.audio_ready(item.audio, item.call)


def _names(work: TurnInputs, stage: str) -> Names:
    """The engines that a session names, else its agent, else None: those of the settings."""
    named: Names = getattr(work.engines, stage) or getattr(work.agent.engines, stage)
    return named


def _cause(error: Exception) -> Exception:
    """The error that counts in an exception group: one that ends the attempt, else a failed stage, else the first."""
    if not isinstance(error, ExceptionGroup):
        return error
    causes = [_cause(each) for each in error.exceptions]
    for kind in (Superseded, JournalLost, StageError):
        for each in causes:
            if isinstance(each, kind):
                return each
    return causes[0]


async def _take(first: str | None, sentences: Sentences) -> AsyncIterator[str]:
    sentence = first
    while sentence is not None:
        yield sentence
        sentence = await sentences.get()
