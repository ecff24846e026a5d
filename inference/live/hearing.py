"""Hearing of a call: frames of the caller's audio become utterances, with partial words, scores and early work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

import structlog

from db.logs import error_fields
from db.turns.live_values import Eagerness, LiveTiming, TurnTaking
from inference.live import caller_events
from inference.live.context import CallContext
from inference.live.ear import FRAME_SECONDS, Ear, EarEvent, SpeechPaused, SpeechResumed, SpeechStarted, TurnEnded
from inference.live.endpointing import patience_of
from inference.live.speculation import Speculation
from inference.live.utterance import Utterance
from inference.ports import SAMPLE_RATE, Samples

#: The turn model's score where it fails: the silence alone decides.
_NO_SCORE = 0.5

log = structlog.get_logger(__name__)


class Turns(Protocol):
    """What becomes of utterances."""

    async def admits(self, utterance: Utterance) -> bool:
        """Whether speech that begins now is heard; False over a reply that may not be interrupted. Pauses another."""
        ...

    def may_speculate(self, utterance: Utterance) -> bool:
        """Whether the utterance, if it ended now, would be a turn of its own."""
        ...

    async def ended(self, utterance: Utterance, speculation: Speculation | None, *, respond: bool) -> None:
        """The utterance has ended. ``respond``: whether it is answered at once."""
        ...


class Hearing:
    """Used by the call's task.

    ``score``: the turn model's score of audio, off the event loop. ``wake``: called
    when ``tick`` has something to do. ``elapsed``: seconds of audio before.
    """

    def __init__(
        self,
        context: CallContext,
        turns: Turns,
        *,
        ear: Ear,
        score: Callable[[Samples], Awaitable[float]],
        wake: Callable[[], None],
        elapsed: float,
    ) -> None:
        self._context = context
        self._ear = ear
        self._score = score
        self._turns = turns
        self._wake = wake
        self._taking = TurnTaking()
        self.seconds = elapsed
        self._ear_seconds = 0.0
        self.utterance: Utterance | None = None
        self._speculation: Speculation | None = None
        self._partial: asyncio.Task[str | None] | None = None
        self._partial_at = 0
        self._scores: list[asyncio.Task[float]] = []
        self._paused_at: float | None = None
        self._segment_closed = self._postponed = False
        self._discarding: set[asyncio.Task[None]] = set()

    @property
    def speaking(self) -> bool:
        return self._ear.speaking

    @property
    def _manual(self) -> bool:
        return self._taking.eagerness is Eagerness.MANUAL

    def configure(self, taking: TurnTaking) -> None:
        self._taking = taking
        self._ear.patience = patience_of(taking)
        if self._manual:  # nothing tells any more that the caller has gone on after a pause
            self._cancel_partial()
            self._drop_early_work()

    def expect_digits(self, counts: Collection[int]) -> None:
        """How many digits the assistant asked for; empty for none."""
        self._ear.expect_digits(counts)

    # --- audio --------------------------------------------------------------------------------------------

    async def hear(self, frame: Samples, arrived: float, *, stored: bool = False) -> None:
        """The next 512 samples. ``arrived``: when they came. ``stored``: the record has them already."""
        self._context.tape.heard(self.seconds, frame)
        self.seconds += FRAME_SECONDS
        if self._manual:
            if self.utterance is None:
                self.utterance = self._new_utterance(self.seconds - FRAME_SECONDS)
            await self._feed(self.utterance, frame, stored=stored)
            return
        events = self._ear.feed(frame)
        self._ear_seconds += FRAME_SECONDS
        if self.utterance is not None:
            await self._feed(self.utterance, frame, stored=stored)
        for event in events:
            await self._on(event, arrived, stored=stored)
        if self._ear.look_due():
            self._look()
        utterance = self.utterance
        if utterance is None:
            return
        self._listen(utterance)
        if utterance.seconds > self._context.times.longest_turn:
            await self.end_now(respond=True)

    async def _feed(self, utterance: Utterance, samples: Samples, *, stored: bool) -> None:
        if utterance.seconds > self._context.times.longest_turn:
            return  # the client commits its audio itself, and does not
        utterance.feed(samples)
        if not stored:
            await self._context.record.sound(samples)

    async def _on(self, event: EarEvent, arrived: float, *, stored: bool) -> None:
        at = self.seconds - (self._ear_seconds - event.at)
        if isinstance(event, SpeechStarted):
            await self._started(at, stored=stored)
        elif self.utterance is None:
            return
        elif isinstance(event, SpeechPaused):
            self._pause(self.utterance, at)
        elif isinstance(event, SpeechResumed):
            self._paused_at = None
            self._drop_early_work()
        else:
            await self._ended(event, arrived, respond=True)

    def _new_utterance(self, at: float) -> Utterance:
        ms = round(at * 1000)
        return Utterance(self._context.listen(), LiveTiming(ms, ms))

    async def _started(self, at: float, *, stored: bool) -> None:
        if self.utterance is not None:  # it was begun when the client committed its audio itself, and goes on
            await self._turns.admits(self.utterance)
            return
        utterance = self._new_utterance(at)
        if not await self._turns.admits(utterance):
            await utterance.close()
            return
        self.utterance = utterance
        self._partial_at, self._paused_at, self._segment_closed = 0, None, False
        at_ms = utterance.live.speech_started_ms
        await self._context.record.speech_started(at_ms)
        await self._context.outbox.send(caller_events.SpeechStarted(utterance.message_id, at_ms))
        await self._feed(utterance, self._ear.samples, stored=stored)

    # --- models while the caller speaks -------------------------------------------------------------------

    def _listen(self, utterance: Utterance) -> None:
        """Asks for partial words, and has the words before a long pause decoded for good."""
        times = self._context.times
        quiet = 0.0 if self._paused_at is None else self.seconds - self._paused_at
        # Early work that still runs decodes the same words; a second decode would only compete with it.
        is_decoding = self._speculation is not None and self._speculation.words is None
        if quiet >= times.close_segment and not self._segment_closed and not is_decoding:
            self._segment_closed = True
            utterance.pause()
        if quiet == 0.0:
            self._segment_closed = False
        if self._postponed and quiet >= times.begin_when_busy:
            self._begin_early_work(utterance)
        new = (utterance.fed - self._partial_at) / SAMPLE_RATE
        idle = self._partial is None and self._speculation is None
        if idle and new >= times.partial_every and quiet < times.close_segment:
            self._partial_at = utterance.fed
            self._partial = asyncio.create_task(utterance.stream.partial(), name="partial-words")
            self._partial.add_done_callback(lambda _: self._wake())

    def _pause(self, utterance: Utterance, at: float) -> None:
        """Begins early work; on a busy lane only once the pause is longer than those within a sentence."""
        self._paused_at = at
        lane = self._context.setup.lane
        self._postponed = lane is not None and lane.busy
        if not self._postponed:
            self._begin_early_work(utterance)

    def _begin_early_work(self, utterance: Utterance) -> None:
        self._postponed = False
        if self._turns.may_speculate(utterance):
            self._cancel_partial()
            self._speculation = Speculation(self._context, utterance, self._wake)

    def _look(self) -> None:
        if self.utterance is None:
            return
        task = asyncio.create_task(self._scored(self._ear.samples), name="turn-score")
        task.add_done_callback(lambda _: self._wake())
        self._scores.append(task)

    async def _scored(self, samples: Samples) -> float:
        try:
            return await self._score(samples)
        except Exception as error:
            log.warning("turn_score_failed", **error_fields(error))
            return _NO_SCORE

    def _drop_early_work(self) -> None:
        self._postponed = False
        for task in self._scores:
            task.cancel()
        self._scores.clear()
        speculation, self._speculation = self._speculation, None
        if speculation is not None:
            discarding = asyncio.create_task(speculation.discard(), name="discard-speculation")
            self._discarding.add(discarding)
            discarding.add_done_callback(self._discarding.discard)

    def _cancel_partial(self) -> None:
        if self._partial is not None:
            self._partial.cancel()
            self._partial = None

    async def tick(self) -> None:
        """Takes the results of the models."""
        while self._scores and self._scores[0].done():
            task = self._scores.pop(0)
            if not task.cancelled():
                self._ear.add_score(task.result())
        if self._partial is not None and self._partial.done():
            task_, self._partial = self._partial, None
            if not task_.cancelled() and task_.exception() is None:
                await self._words(task_.result())
        if self._speculation is not None:
            await self._words(self._speculation.words)

    async def _words(self, words: str | None) -> None:
        utterance = self.utterance
        if utterance is None or not words or words == utterance.words:
            return
        utterance.words = words
        self._ear.hear_words(words)
        await self._context.outbox.send(caller_events.WordsPartial(utterance.message_id, words))
        await self._context.record.words(words)

    # --- the end of an utterance --------------------------------------------------------------------------

    async def end_now(self, *, respond: bool) -> bool:
        """Ends the caller's turn; False if there is no audio of one."""
        utterance = self.utterance
        if utterance is None:
            return False
        ended = self._ear.end_turn() or TurnEnded(self._ear_seconds, utterance.samples, 0.0, ())
        await self._ended(ended, time.perf_counter(), respond=respond)
        return True

    async def _ended(self, event: TurnEnded, arrived: float, *, respond: bool) -> None:
        utterance, self.utterance = self.utterance, None
        assert utterance is not None
        self._cancel_partial()
        speculation, self._speculation = self._speculation, None
        self._drop_early_work()
        at = self.seconds - event.silence
        utterance.ended(round(at * 1000), arrived - event.silence, event.scores)
        await self._context.record.speech_ended(utterance.live.speech_ended_ms)
        await self._context.outbox.send(caller_events.SpeechEnded(utterance.message_id, utterance.live.speech_ended_ms))
        await self._turns.ended(utterance, speculation, respond=respond)

    async def forget(self) -> bool:
        """Drops the audio of the turn that has not ended; False if there is none."""
        self._ear.forget_turn()
        self._cancel_partial()
        self._drop_early_work()
        utterance, self.utterance = self.utterance, None
        if utterance is not None:
            await utterance.close()
        return utterance is not None

    async def close(self) -> None:
        """Stops the models' work."""
        await self.forget()
        await asyncio.gather(*self._discarding, return_exceptions=True)
