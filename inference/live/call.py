"""A live call: one task that owns all others. It hears the caller, gives and takes turns, and writes the record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import numpy as np
import structlog

from db.enums import CallEndReason, PlaybackSource, Prompt
from db.errors import Conflict
from db.languages import primary_language
from db.turns.live_values import Eagerness, TurnTaking
from inference.audio.vad import FRAME
from inference.lane import Priority, use_lane
from inference.live.caller_events import CallOver, CallProblem
from inference.live.closing import outlive
from inference.live.commands import Command, Commands
from inference.live.context import CallContext
from inference.live.digits import DigitKeys
from inference.live.ear import FRAME_SECONDS, Ear, SpeechProbability
from inference.live.floor import Floor
from inference.live.hearing import Hearing
from inference.live.inbox import AudioInbox
from inference.live.open_ends import open_ends
from inference.live.outbox import Outbox
from inference.live.ports import CallerGone, CallerSpeaker, CallRecord
from inference.live.recording import CallRecording
from inference.live.said import Typed
from inference.live.silence import SilenceWatch
from inference.live.times import CallTimes
from inference.live.utterance import Recognition
from inference.ports import JournalLost, RecognitionStream, Samples, StreamingTranscriber, Superseded
from inference.turn.attempt import TurnSetup

#: Seconds for what was said last to be stored when a connection is lost.
_STORE_SECONDS = 3.0

#: Seconds for the reply in progress to reach the record before the call's end does.
_REPLY_SECONDS = 2.0

_DEFAULT_LANGUAGE = "en"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CallParts:
    """What the calls of a process share.

    ``voice``: speech probabilities of a new caller. ``score``: the turn model's score of audio, off the event loop.
    ``greeting``: whether the assistant speaks first.
    """

    setup: TurnSetup
    recognizer: StreamingTranscriber
    voice: Callable[[], SpeechProbability]
    score: Callable[[Samples], Awaitable[float]]
    times: CallTimes = field(default_factory=CallTimes)
    greeting: bool = True


class Call:
    """Implements ``inference.live.ports.LiveCall``. ``real_time``: False for tests, which send audio at any speed."""

    def __init__(self, record: CallRecord, speaker: CallerSpeaker, parts: CallParts, *, real_time: bool = True) -> None:
        state = record.state
        self._parts = parts
        self._times = parts.times
        self._wake = asyncio.Event()
        self._outbox = Outbox(speaker, self._wake.set)
        recognition = Recognition(parts.recognizer.info, parts.setup.limits.retry, self._database_now)
        self._recording = CallRecording(self._keep_recorded, records=state.record, recorded_ms=state.recorded_ms)
        self._context = CallContext(
            record,
            self._outbox,
            self._recording.tape,
            recognition,
            parts.setup,
            parts.times,
            self._now,
            self._listen,
        )
        self._commands = Commands(self._wake.set)
        self._inbox = AudioInbox(parts.times, self._wake.set, real_time=real_time)
        unheard = 0.0 if state.heard is None else state.heard.size // FRAME * FRAME_SECONDS
        self._language = primary_language(state.language) or _DEFAULT_LANGUAGE
        self._begun = False
        self._made = False
        self._elapsed = max(0.0, state.elapsed_ms / 1000 - unheard)
        self._floor = Floor(self._context, self._wake.set, speaking=self._is_speaking)
        self._hearing = Hearing(
            self._context,
            self._floor,
            ear=Ear(parts.voice(), open_ends(self._language)),
            score=parts.score,
            wake=self._wake.set,
            elapsed=self._elapsed,
        )
        self._made = True
        self._digits = DigitKeys(parts.times, self._now)
        self._silence = SilenceWatch(parts.times, self._now)
        self._ending: CallEndReason | None = None
        self._ended: CallEndReason | None = None
        self._running = self._dropped = False
        self.configure(state.turn_taking)

    # --- what the transport calls -------------------------------------------------------------------------

    async def hear(self, samples: Samples) -> None:
        await self._inbox.put(samples)

    def played(self, reply_id: UUID, ms: float, source: PlaybackSource) -> None:
        self._floor.progress.played(reply_id, ms, source)

    def truncated(self, reply_id: UUID, ms: float) -> None:
        self._floor.progress.truncated(reply_id, ms)

    async def type_text(self, text: str, *, digits: bool = False, respond: bool = True) -> None:
        async def typed() -> bool:
            if digits:
                await self._floor.key_pressed()
                self._digits.press(text)
            else:
                await self._floor.typed(Typed(text), respond=respond)
            return True

        if not await self._command(typed):
            raise Conflict("The call has ended.")

    async def commit_audio(self) -> bool:
        async def commit() -> bool:
            if self._manual and (frame := self._inbox.flush()) is not None:
                await self._hearing.hear(*frame)
            return await self._hearing.end_now(respond=not self._manual)

        return await self._command(commit)

    async def clear_audio(self) -> None:
        async def clear() -> bool:
            if await self._hearing.forget():
                await self._floor.forgotten()
                await self._context.record.clear_sound()
            return True

        await self._command(clear)

    async def respond(self) -> None:
        async def respond() -> bool:
            await self._floor.respond()
            return True

        await self._command(respond)

    async def interrupt(self) -> bool:
        return await self._command(self._floor.interrupt)

    def configure(self, turn_taking: TurnTaking) -> None:
        self._floor.taking = turn_taking
        self._hearing.configure(turn_taking)
        self._manual = turn_taking.eagerness is Eagerness.MANUAL

    async def hang_up(self, reason: CallEndReason) -> None:
        if self._ended is not None:
            return
        self._ending = self._ending or reason
        self._wake.set()
        if self._dropped:
            await self._close_out(self._ending)

    def lost(self) -> None:
        self._outbox.lose()

    def resume(self, record: CallRecord, speaker: CallerSpeaker) -> bool:
        if self._ended is not None:
            return False
        if record.state.connection != self._context.record.state.connection + 1:
            outlive(self._fail(Superseded()))
            return False
        self._dropped = False
        self._context.resume(record)
        self._outbox.resume(speaker)
        return True

    async def _command(self, command: Command) -> bool:
        return await self._commands.ask(command, crowded=self._floor.progress.closing.crowded)

    # --- the call's task ----------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._hearing.seconds if self._made else self._elapsed

    def _database_now(self) -> datetime:
        return self._context.record.now()

    async def _keep_recorded(self, at_ms: int, duration_ms: int, packets: bytes) -> None:
        await self._context.write(lambda record: record.recorded(at_ms, duration_ms, packets))

    def _is_speaking(self) -> bool:
        return self._hearing.speaking

    def _listen(self) -> RecognitionStream:
        setup, language = self._parts.setup, primary_language(self._context.record.state.language)
        with nullcontext() if setup.lane is None else use_lane(setup.lane, Priority.FINAL):
            return self._parts.recognizer.listen(language=language, among=setup.engines.reply_languages)

    async def run(self) -> CallEndReason:
        assert not self._running
        self._running, self._dropped = True, False
        self._inbox.connected()
        try:
            await self._begin()
            while self._ending is None:
                await self._step()
                if self._outbox.lost:
                    await self._drop()
                    raise CallerGone
                await self._rest()
            return await self._close_out(self._ending)
        except CallerGone:
            self._dropped = True
            raise
        except BaseException as error:
            await self._fail(error)
            raise
        finally:
            self._running = False

    async def _begin(self) -> None:
        """The call begins, is taken up from the record, or goes on after its connection was lost."""
        await self._floor.progress.come_back()
        self._outbox.returned()
        if self._begun:
            return
        self._begun = True
        state = self._context.record.state
        if state.elapsed_ms == 0 and state.turns == 0 and state.heard is None and self._parts.greeting:
            self._floor.progress.announce(Prompt.GREETING)
        heard = np.zeros(0, np.float32) if state.heard is None else state.heard
        for start in range(0, heard.size // FRAME * FRAME, FRAME):
            await self._hearing.hear(heard[start : start + FRAME], 0.0, stored=True)
            await asyncio.sleep(0)

    async def _step(self) -> None:
        """Handles all that has come."""
        self._wake.clear()
        self._inbox.assume_silence()
        while (item := self._inbox.take()) is not None and self._ending is None:
            await self._hearing.hear(*item)
            await self._tick()
            await asyncio.sleep(0)
        await self._tick()
        while self._ending is None and await self._commands.carry_out_next():
            await self._tick()

    async def _tick(self) -> None:
        await self._hearing.tick()
        await self._floor.tick()
        self._hearing.expect_digits(self._floor.progress.expected_digits)
        digits = self._digits.take()
        if digits:
            await self._floor.typed(Typed(digits, digits=True), respond=True)
        if self._ending is not None:
            return
        caller = self._hearing.utterance is not None or self._digits.pending or self._floor.answers
        self._silence.update(caller=caller or self._manual, assistant=self._floor.busy)
        if self._floor.progress.ends_call and not caller and not self._floor.busy:
            self._ending = CallEndReason.ASSISTANT
        elif self._silence.gives_up:
            self._ending = CallEndReason.SILENCE
        elif self._silence.asks:
            self._floor.progress.announce(Prompt.STILL_THERE)
            self._silence.asked()
        if self._now() >= self._times.longest_call:
            self._ending = CallEndReason.TOO_LONG

    async def _rest(self) -> None:
        """Waits for something to do; at most until silence is to be assumed."""
        if self._wake.is_set() or self._ending is not None:
            return
        try:
            async with asyncio.timeout(FRAME_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    # --- its end ------------------------------------------------------------------------------------------

    async def _drop(self) -> None:
        """The connection is lost. What was said is stored; the turn in progress goes on to its end in the record."""
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                await self._floor.progress.stored()
        except TimeoutError:
            log.warning("call_dropped_before_commit", call_id=str(self._context.record.state.call_id))
        outlive(self._floor.progress.rest())
        await self._recording.store(_STORE_SECONDS)
        await self._context.record.dropped()

    async def _close_out(self, reason: CallEndReason) -> CallEndReason:
        """Stores what was said last, and ends the call. The turn in progress goes on to its end in the record."""
        await self._take_rest()
        while keys := self._digits.take(final=True):
            await self._floor.typed(Typed(keys, digits=True), respond=False)
        await self._hearing.end_now(respond=True)
        await self._floor.last_words()
        await self._floor.progress.hang_up(_REPLY_SECONDS)
        await self._recording.store(_STORE_SECONDS, last=True)
        await self._context.record.end(reason)
        self._context.record.recording_complete()
        self._ended = reason
        await self._outbox.send(CallOver(reason))
        self._outbox.lose()
        outlive(self._floor.progress.rest())
        self._commands.close()
        await self._hearing.close()
        return reason

    async def _take_rest(self) -> None:
        """Audio and commands that were accepted before the end count, however far behind the call was."""
        self._inbox.close()
        self._commands.stop()
        while (item := self._inbox.take() or self._inbox.flush()) is not None:
            await self._hearing.hear(*item)
            await self._hearing.tick()
            await self._floor.tick()
            await asyncio.sleep(0)
        while await self._commands.carry_out_next():
            await self._floor.tick()

    async def _fail(self, error: BaseException) -> None:
        """The call cannot go on here: another connection has it, it was ended, or the record is out of reach."""
        self._ended = CallEndReason.FAILED
        self._inbox.close()
        outlive(self._finish_recording())
        if isinstance(error, asyncio.CancelledError):
            await self._floor.progress.cancel()
        else:
            outlive(self._floor.progress.rest())
        if isinstance(error, JournalLost):
            await self._outbox.send(CallProblem("DATABASE_UNAVAILABLE", "The call's record is out of reach."))
            await self._outbox.send(CallOver(CallEndReason.FAILED))
        self._commands.close()
        await self._hearing.close()

    async def _finish_recording(self) -> None:
        """Stores the last seconds of a call that was ended from outside, or failed."""
        await self._recording.store(_STORE_SECONDS, last=True)
        self._recording.close()
        self._context.record.recording_complete()
