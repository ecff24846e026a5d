"""Who has the floor in a call: the caller's turns and the replies to them, interruptions, and turns reopened.

At most one turn or announcement is in progress. What ends one of them goes on in ``closing``, in order; the next turn
is stored after that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from uuid import UUID

from db.enums import PlaybackSource, Prompt
from db.languages import primary_language
from db.turns.live_values import TurnTaking
from inference.live.announcement import Announcement
from inference.live.context import CallContext
from inference.live.interruption import SpeechOver, Verdict, verdict
from inference.live.live_turn import LiveTurn, Typed
from inference.live.ports import CallProblem
from inference.live.speculation import Speculation
from inference.live.utterance import Recognized, Utterance
from inference.ports import JournalLost, RecognitionStream, Superseded
from inference.turn.call_meter import failure_of

_DEFAULT_LANGUAGE = "en"

#: Turns that wait for the record at the same time.
_MOST_CLOSINGS = 8


class Floor:
    """Implements ``inference.live.hearing.Turns``; used by the call's task alone. ``wake``: called when ``tick`` has
    something to do. ``speaking``: whether the caller speaks now. ``listen``: begins a recognition."""

    def __init__(
        self,
        context: CallContext,
        wake: Callable[[], None],
        *,
        speaking: Callable[[], bool],
        listen: Callable[[], RecognitionStream],
    ) -> None:
        self._context = context
        self._wake = wake
        self._listen = listen
        self._speaking = speaking
        self.taking = TurnTaking()
        self.turn: LiveTurn | Announcement | None = None
        self._over: SpeechOver | None = None
        self._reopens: LiveTurn | None = None
        self._closing: asyncio.Task[None] | None = None
        self._kept: list[Typed] = []
        self._kept_utterance: Utterance | None = None
        self._respond_later = False
        self._recent: LiveTurn | None = None
        self._truncated = self._heard = False
        self._closings = 0
        self._error: Exception | None = None
        #: The language that is spoken, ISO 639-1.
        self.language = primary_language(context.record.state.language) or _DEFAULT_LANGUAGE
        #: When the last turn or announcement ended, on the call's clock.
        self.quiet_since = context.now()
        self.ends_call = False
        self.expected_digits: tuple[int, ...] = ()

    @property
    def answers(self) -> bool:
        """Whether a turn of the caller is in progress."""
        return isinstance(self.turn, LiveTurn) or self._over is not None

    @property
    def busy(self) -> bool:
        """Whether a turn or announcement is in progress, or one is to come."""
        return self.turn is not None or self._over is not None or self._respond_later

    # --- utterances ---------------------------------------------------------------------------------------

    async def admits(self, utterance: Utterance) -> bool:
        turn = self.turn
        if turn is None or (turn.written and turn.reply.left <= self._context.times.nearly_over):
            return True
        whole = turn.stream if isinstance(turn, LiveTurn) and self._may_go_on(turn) else None
        if not self.taking.interruptible and (turn.reply.audible or whole is None):
            return False
        answers = turn.written and turn.reply.left < self._context.times.backchannel_left
        self._over = SpeechOver(turn, utterance, self._context.now(), answers, whole is not None)
        utterance.whole = whole
        await turn.reply.pause()
        return True

    def _may_go_on(self, turn: LiveTurn) -> bool:
        """Whether speech that begins now may be more of the turn that has just ended."""
        times, reply = self._context.times, turn.reply
        heard = reply.ledger.heard_ms / 1000 if reply.ledger.reported else reply.ledger.total_ms / 1000 - reply.left
        soon = self._context.now() - turn.ended_at <= times.reopen_within
        return soon and heard < times.reopen_heard and (turn.claim is not None or not turn.committed)

    def may_speculate(self, utterance: Utterance) -> bool:
        closed = self._closing is None or self._closing.done()
        return closed and self._over is None and self._reopens is None and self.turn is None and not self._kept

    async def ended(self, utterance: Utterance, speculation: Speculation | None, *, respond: bool) -> None:
        over = self._over
        if over is not None and over.utterance is utterance:
            over.settling = asyncio.create_task(self._final(utterance), name="settle-speech-over-reply")
            over.settling.add_done_callback(lambda _: self._wake())
            return
        if not respond:
            self._kept_utterance = utterance
            return
        await self._begin(utterance, speculation)

    async def _final(self, utterance: Utterance) -> Recognized:
        return await self._context.recognition.final(utterance.stream, utterance.fed)

    async def _begin(
        self,
        utterance: Utterance | None,
        speculation: Speculation | None = None,
        *,
        recognized: Recognized | None = None,
        required: bool = False,
    ) -> None:
        """Begins a turn with what was said and what was kept for it."""
        if self.turn is not None:
            await self._leave(self.turn)
        typed, self._kept = self._kept, []
        reopens, self._reopens = self._reopens, None
        turn = LiveTurn(
            self._context,
            typed,
            utterance,
            speculation=speculation,
            reopens=reopens,
            recognized=recognized,
            required=required or bool(typed),
            after=self._closing,
        )
        self.turn = turn
        turn.start().add_done_callback(lambda _: self._wake())

    async def _leave(self, turn: LiveTurn | Announcement) -> None:
        """Another turn begins: the reply has been played, or is interrupted."""
        if turn.written and turn.reply.left <= self._context.times.nearly_over:
            await self._playback_finished(turn)
        else:
            await self._interrupt(turn)

    # --- speech over a reply ------------------------------------------------------------------------------

    async def _decide(self, over: SpeechOver) -> None:
        if over.settling is not None:
            if over.settling.done():
                self._over = None
                await self._settle(over, over.settling)
            return
        words = over.utterance.words
        decided = verdict(
            words,
            speaking=self._speaking(),
            waited=self._context.now() - over.since,
            decide=self._context.times.decide,
            listens=over.listens(words, self.language, self.taking.backchannels),
        )
        if decided is Verdict.TAKES_TURN:
            self._over = None
            await self._take_turn(over)
        elif decided is Verdict.GOES_ON and not over.goes_on:
            over.goes_on = True
            await over.turn.reply.resume()

    async def _take_turn(self, over: SpeechOver) -> None:
        """The caller goes on with the turn before, or takes the turn from the reply."""
        turn = over.turn
        if turn is not self.turn:  # it has ended by itself
            over.utterance.whole = None
        elif over.reopens and isinstance(turn, LiveTurn):
            self.turn, self._reopens = None, turn
            await turn.stop()
            self._close(turn.withdraw())
        else:
            over.utterance.whole = None
            await self._interrupt(turn)

    async def _settle(self, over: SpeechOver, settling: asyncio.Task[Recognized]) -> None:
        """An utterance over a reply has ended, undecided or as a backchannel: its final words decide."""
        over.utterance.whole = None
        try:
            recognized = settling.result()
        except Exception as error:
            await self._report(error)
        else:
            words = recognized.transcript.text
            if words.strip() and not over.listens(words, self.language, self.taking.backchannels):
                await self._begin(over.utterance, recognized=recognized)
                return
        if over.turn is self.turn:
            await over.turn.reply.resume()
        await over.utterance.close()
        await self._context.record.clear_sound()

    async def forgotten(self) -> None:
        """The utterance that was spoken was dropped."""
        if self._over is not None and self._over.settling is None:
            over, self._over = self._over, None
            if over.turn is self.turn:
                await over.turn.reply.resume()
        if self._reopens is not None and self._reopens.utterance is not None:  # what was said before is answered
            before, whole = self._reopens, self._listen()
            whole.feed(before.samples)
            again = Utterance(self._listen(), self._reopens.utterance.live, whole=whole, own_whole=True)
            again.ended_at = self._reopens.utterance.ended_at
            await self._begin(again)

    # --- commands -----------------------------------------------------------------------------------------

    async def typed(self, typed: Typed, *, respond: bool) -> None:
        self._kept.append(typed)
        if respond:
            await self.respond()

    async def respond(self) -> None:
        """Begins a turn with what was kept, or does so when the reply that may not be interrupted is over."""
        if not self._kept and self._kept_utterance is None:
            return
        if self.turn is not None and not self.taking.interruptible and self.turn.reply.audible:
            self._respond_later = True
            return
        self._respond_later = False
        utterance, self._kept_utterance = self._kept_utterance, None
        await self._begin(utterance, required=True)

    async def key_pressed(self) -> None:
        """The first key of DTMF digits interrupts the reply, as speech does."""
        if self.taking.interruptible:
            await self.interrupt()

    async def interrupt(self, *, clear: bool = True) -> bool:
        """Stops the reply; False if there is none."""
        if self.turn is None:
            return False
        over = self._over
        if over is not None and over.settling is None and not over.goes_on:
            self._over = None
            await self._take_turn(over)
        else:
            await self._interrupt(self.turn, clear=clear)
        return True

    async def announce(self, prompt: Prompt) -> None:
        self.turn = announcement = Announcement(self._context, prompt, self.language)
        announcement.start().add_done_callback(lambda _: self._wake())

    # --- playback -----------------------------------------------------------------------------------------

    def played(self, reply_id: UUID, ms: float, source: PlaybackSource) -> None:
        """See ``LiveCall.played``."""
        turn = self.turn
        if turn is not None and turn.reply.reply_id == reply_id:
            self._heard = turn.reply.played(ms, source) or self._heard
            self._wake()
            return
        recent = self._recent
        if recent is not None and recent.reply.reply_id == reply_id and recent.reply.played(ms, source):
            self._close(recent.close_interrupted())

    def truncated(self, reply_id: UUID, ms: float) -> None:
        """See ``LiveCall.truncated``."""
        self.played(reply_id, ms, PlaybackSource.TRUNCATE)
        if self.turn is not None and self.turn.reply.reply_id == reply_id:
            self._truncated = True

    async def _playback_finished(self, turn: LiveTurn | Announcement) -> None:
        self._leave_floor()
        if isinstance(turn, LiveTurn):
            self._close(self._finished(turn))

    async def _finished(self, turn: LiveTurn) -> None:
        playback = turn.reply.ledger.playback(interrupted=False)
        await self._context.record.playback_finished(turn.turn_id, playback, turn.live)
        await turn.dispose()

    async def _interrupt(self, turn: LiveTurn | Announcement, *, clear: bool = True) -> None:
        self._leave_floor()
        await turn.stop(clear=clear)
        self._recent = turn if isinstance(turn, LiveTurn) else None
        self._close(self._interrupted(turn))

    async def _interrupted(self, turn: LiveTurn | Announcement) -> None:
        await turn.close_interrupted()
        if isinstance(turn, LiveTurn):
            await turn.dispose()

    def _leave_floor(self) -> None:
        if self._over is not None:  # there is nothing any more that its speech could go on with
            self._over.reopens, self._over.utterance.whole = False, None
        self.turn, self.quiet_since = None, self._context.now()
        self._truncated = self._heard = False

    def _close(self, work: Coroutine[object, object, None]) -> None:
        """Does the work after what closes already."""
        before = self._closing

        async def in_order() -> None:
            if before is not None:
                await asyncio.wait({before})
            try:
                await work
            except Exception as error:
                self._error = self._error or error
            finally:
                self._closings -= 1
                self._wake()

        self._closings += 1
        self._closing = asyncio.create_task(in_order(), name="close-turn")

    # --- the call's task ----------------------------------------------------------------------------------

    @property
    def crowded(self) -> bool:
        """Whether so many turns wait for the record that no further one is to begin."""
        return self._closings >= _MOST_CLOSINGS

    async def tick(self) -> None:
        """Takes what tasks have done. Raises Superseded and JournalLost."""
        if self._error is not None:
            error, self._error = self._error, None
            await self._report(error)
        if self._over is not None:
            await self._decide(self._over)
        if self._truncated:
            await self.interrupt(clear=False)
        if self.turn is not None:
            await self._follow(self.turn)
        if self.turn is None and self._respond_later:
            await self.respond()

    async def _follow(self, turn: LiveTurn | Announcement) -> None:
        """Follows the turn in progress to the end of its playback."""
        if self._heard and isinstance(turn, LiveTurn) and not turn.heard:
            turn.heard = True
            await self._context.record.playback_started(turn.turn_id)
        if turn.written:
            self._learn(turn)
            if turn.reply.over(self._context.times.playback_grace):
                await self._playback_finished(turn)
        elif not turn.running:
            self._leave_floor()
            if isinstance(turn, LiveTurn):
                await self._failed(turn)

    async def _failed(self, turn: LiveTurn) -> None:
        """The turn has ended without a reply: nothing was said, or something failed."""
        if not turn.committed:
            await self._context.record.clear_sound()
        self._close(turn.dispose())
        if turn.error is not None:
            await self._report(turn.error)

    def _learn(self, turn: LiveTurn | Announcement) -> None:
        """What the reply tells about the turns to come."""
        details = turn.reply.details
        digits = details.get("expects_digits")
        self.expected_digits = (
            tuple(each for each in digits if isinstance(each, int)) if isinstance(digits, list) else ()
        )
        self.ends_call = details.get("ends_call") is True
        if isinstance(turn, LiveTurn) and turn.language:
            self.language = turn.language

    async def _report(self, error: Exception) -> None:
        if isinstance(error, Superseded | JournalLost):
            raise error
        failure = failure_of(error, None)
        await self._context.outbox.send(CallProblem(failure.code, failure.message))

    async def come_back(self) -> None:
        """The caller is back: what they did not hear of the reply is sent again."""
        if self.turn is not None:
            await self.turn.reply.send_again()

    # --- the call's end -----------------------------------------------------------------------------------

    async def stored(self) -> None:
        """Waits until what was said is in the record, and what has ended is closed there. Raises as ``tick``."""
        if isinstance(self.turn, LiveTurn):
            await self.turn.stored()
        while self._closing is not None and not self._closing.done():
            await asyncio.wait({self._closing})
        if self._error is not None:
            await self._report(self._error)

    async def last_words(self) -> None:
        """No more is said: begins a turn with what was kept, and waits until all of it is stored."""
        over = self._over
        if over is not None and over.settling is not None:
            await asyncio.wait({over.settling})
            await self._decide(over)
        if self._kept or self._kept_utterance is not None:
            utterance, self._kept_utterance = self._kept_utterance, None
            await self._begin(utterance, required=True)
        await self.stored()

    async def hang_up(self, seconds: float) -> None:
        """Records what was heard of the reply in progress, for which the turn's end is waited for so long."""
        turn = self.turn
        if isinstance(turn, Announcement):
            self._leave_floor()
            await turn.close_interrupted()
        elif turn is not None:
            await turn.wait(seconds)
            if turn.error is not None:
                await self._report(turn.error)
            if turn.committed:
                playback = turn.reply.ledger.playback(interrupted=not turn.reply.ledger.complete)
                await self._context.record.playback_finished(turn.turn_id, playback, turn.live)

    async def rest(self) -> None:
        """The turn in progress to its end, and what closes."""
        turn, closing = self.turn, self._closing
        if isinstance(turn, LiveTurn):
            await turn.wait()
        if closing is not None:
            await asyncio.wait({closing})

    async def cancel(self) -> None:
        """Stops at once; the record keeps what it has."""
        if isinstance(self.turn, LiveTurn):
            await self.turn.withdraw()
        elif self.turn is not None:
            await self.turn.close_interrupted()
        if self._closing is not None:
            self._closing.cancel()
            await asyncio.wait({self._closing})


def _is_count(value: object) -> bool:
    return isinstance(value, int)
