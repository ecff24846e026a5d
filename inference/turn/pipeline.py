"""A turn's stages in order. A turn that was begun before goes on at the first stage without a checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from db.enums import Stage
from db.errors import VoxLoomError
from db.languages import primary_language
from db.turns.values import Failure
from inference.lender import E, Engines, Lender
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
from inference.turn.inputs import TurnWork
from inference.turn.limits import Limits
from inference.turn.reply_loop import Sentences, Writer
from inference.turn.retries import Tries, again_after
from inference.turn.stages import asr, tts
from inference.turn.timing import TurnClock

#: Sentences that may wait to be spoken.
_SENTENCES_AHEAD = 8


class Pipeline:
    """Runs one attempt at one turn."""

    def __init__(
        self,
        work: TurnWork,
        *,
        engines: Engines,
        decoder: RecordingDecoder,
        toolbox: ToolBox,
        journal: Journal,
        clock: TurnClock,
        limits: Limits,
        language_of: Callable[[str], str | None] = lambda _: None,
        default_language: str = "en",
    ) -> None:
        self._work = work
        self._engines = engines
        self._decoder = decoder
        self._journal = journal
        self._clock = clock
        self._limits = limits
        self._language_of = language_of
        self._default_language = default_language
        self._writer = Writer(work, toolbox=toolbox, journal=journal, clock=clock, limits=limits)

    async def run(self) -> Failure | None:
        """Runs what is left of the turn and ends it. Returns why it failed, or null.

        Raises Superseded and JournalLost, which end the attempt and not the turn.
        """
        failure: Failure | None = None
        try:
            text, language = await self._understand()
            await self._answer(text, language)
        except Exception as error:
            cause = _cause(error)
            if isinstance(cause, Superseded | JournalLost):
                raise cause from error
            if isinstance(cause, StageError):
                failure = cause.failure
                await self._tell(cause, will_retry=False)
            else:
                failure = failure_of(cause, None)
        await self._journal.turn_finished(self._clock.timing(), failure)
        return failure

    async def _understand(self) -> tuple[str, str]:
        """The user's words, and the language to answer in."""
        work = self._work
        language = primary_language(work.session_language)
        if work.text is not None:
            return work.text, language or self._answerable(self._language_of(work.text))
        if work.recording is None:
            raise StageError(Failure("INTERNAL", "The message has neither text nor a recording.", Stage.ASR))
        tries = Tries(self._engines.asr, self._limits.retry)
        heard: asr.Heard | None = None
        while heard is None:
            try:
                heard = await self._hear(work.recording, language, tries.lender)
            except StageError as error:
                await self._try_again(tries, error)
        if heard.draft is not None:
            await self._journal.call_finished(heard.draft, ends_stage=False)
        await self._journal.transcript_ready(heard.transcript, heard.call)
        return heard.transcript.text, language or self._answerable(heard.transcript.language)

    def _answerable(self, language: str | None = None) -> str:
        """The language to answer in, for a session whose language is "auto": the first of the customer's, the one
        spoken before and the default that a language model here answers in."""
        spoken = self._spoken_here()
        wanted = [each for each in (language, self._work.earlier_language, self._default_language) if each]
        able = [each for each in wanted if not spoken or each in spoken]
        return able[0] if able else spoken[0]

    def _spoken_here(self) -> tuple[str, ...]:
        """The languages that some language model here answers in, in its order; empty if one answers in any."""
        known = [lender.info.languages for lender in self._engines.llm]
        return () if not all(known) else tuple(dict.fromkeys(each for languages in known for each in languages))

    async def _hear(self, recording: bytes, language: str | None, engine: Lender[Transcriber]) -> asr.Heard:
        """One try at the recording, its partial transcripts told as they come."""
        await self._journal.stage_started(Stage.ASR, engine.info)
        heard: asr.Heard | None = None
        first, languages = self._answerable(), self._spoken_here()
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
                        heard = item
        except VoxLoomError as error:  # the recording itself, or no decoder was free
            raise StageError(failure_of(error, Stage.ASR), again=again_after(error)) from error
        assert heard is not None
        return heard

    async def _tell(self, error: StageError, *, will_retry: bool) -> None:
        if not error.told:
            error.told = True
            await self._journal.stage_failed(error.failure, error.call, will_retry=will_retry)

    async def _try_again(self, tries: Tries[E], error: StageError) -> None:
        """Tells of the failure and waits until the next try. Raises the error if there is none."""
        pause = tries.advance(error.again)
        await self._tell(error, will_retry=pause is not None)
        if pause is None:
            raise error
        await asyncio.sleep(pause)

    async def _answer(self, text: str, language: str) -> None:
        """Words and speech side by side: the first sentence is spoken while the next is written."""
        if self._work.spoken:
            return
        able = [lender for lender in self._engines.llm if lender.speaks(language)]
        if not able and self._work.reply is None:
            raise StageError(
                Failure("ENGINE_UNAVAILABLE", f"No language model here answers in {language!r}.", Stage.LLM)
            )
        tries = Tries(able or self._engines.llm, self._limits.retry)
        while True:
            sentences = Sentences(_SENTENCES_AHEAD)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._writer.write(text, language, tries.lender, sentences))
                    both.create_task(self._speak(language, sentences))
                return
            except ExceptionGroup as group:
                cause = _cause(group)
                if not isinstance(cause, StageError) or cause.failure.stage is not Stage.LLM:
                    raise cause from group
                # The reply begins anew, and its speech with it: what was half said is replaced.
                await self._try_again(tries, cause)

    async def _speak(self, language: str, sentences: Sentences) -> None:
        able = [lender for lender in self._engines.tts if lender.speaks(language)]
        if not able:
            await self._journal.stage_skipped(Stage.TTS, f"No voice here speaks {language!r}.")
            async for _ in _take(sentences):
                pass
            return
        try:
            await self._speak_all(language, Tries(able, self._limits.retry), sentences)
        except StageError:
            async for _ in _take(sentences):  # the reply is still written to its end: a person can read it
                pass
            raise

    async def _speak_all(self, language: str, tries: Tries[Synthesizer], sentences: Sentences) -> None:
        started = False
        chunks = tts.speak(
            _take(sentences),
            language=language,
            voice=self._work.persona.voice,
            tries=tries,
            limits=self._limits,
            clock=self._clock,
        )
        async with aclosing(chunks):
            async for item in chunks:
                if isinstance(item, tts.Faltered):
                    await self._tell(item.error, will_retry=True)
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


def _cause(error: Exception) -> Exception:
    """What really happened, out of a group of errors: first what ends the attempt, then a stage that failed."""
    if not isinstance(error, ExceptionGroup):
        return error
    causes = [_cause(each) for each in error.exceptions]
    for kind in (Superseded, JournalLost, StageError):
        for each in causes:
            if isinstance(each, kind):
                return each
    return causes[0]


async def _take(sentences: Sentences) -> AsyncIterator[str]:
    while (sentence := await sentences.get()) is not None:
        yield sentence
