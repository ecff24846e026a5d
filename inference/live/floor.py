"""Who has the floor in a call: the caller's turns and the replies to them.

At most one turn or announcement is in progress. Work on those that have left the floor goes on in order (``Closing``);
the next turn is stored after that.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from db.enums import PlaybackSource, Prompt
from db.languages import primary_language
from db.turns.live_values import TurnTaking
from inference.live.announcement import Announcement
from inference.live.closing import Closing
from inference.live.context import CallContext
from inference.live.interruption import SpeechOverReply
from inference.live.live_turn import LiveTurn
from inference.live.ports import CallProblem
from inference.live.said import Said, Typed
from inference.live.speculation import Speculation
from inference.live.utterance import Recognized, Utterance
from inference.ports import JournalLost, RecognitionStream, Superseded
from inference.turn.call_meter import failure_of

_DEFAULT_LANGUAGE = "en"


class Floor:
    """Implements ``inference.live.hearing.Turns`` and ``inference.live.interruption.Turns``.

    Used by the call's task alone. ``wake``: called when ``tick`` has something to do. ``speaking``: whether the caller
    speaks now. ``listen``: begins a recognition.
    """

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
        self.taking = TurnTaking()
        self.turn: LiveTurn | Announcement | None = None
        #: The language that is spoken, ISO 639-1.
        self.language = primary_language(context.record.state.language) or _DEFAULT_LANGUAGE
        #: Whether the last reply that was heard ended the conversation, and how many digits may answer it.
        self.ends_call = False
        self.expected_digits: tuple[int, ...] = ()
        self._over = SpeechOverReply(context, self, speaking=speaking, wake=wake)
        self._closing = Closing(wake)
        self._reopens: LiveTurn | None = None
        self._kept = Said()
        self._respond_later = False
        self._recent: LiveTurn | None = None
        self._truncated = False

    @property
    def answers(self) -> bool:
        """Whether a turn of the caller is in progress, or may be."""
        return isinstance(self.turn, LiveTurn) or self._over.open or self._respond_later

    @property
    def busy(self) -> bool:
        """Whether anything is in progress."""
        return self.turn is not None or self.answers

    @property
    def crowded(self) -> bool:
        """Whether so many turns wait for the record that no further one is to begin."""
        return self._closing.crowded

    # --- utterances ---------------------------------------------------------------------------------------

    async def admits(self, utterance: Utterance) -> bool:
        turn = self.turn
        return turn is None or self._nearly_over(turn) or await self._over.admits(utterance, turn)

    def _nearly_over(self, turn: LiveTurn | Announcement) -> bool:
        return turn.written and turn.reply.left <= self._context.times.nearly_over

    def may_speculate(self, utterance: Utterance) -> bool:
        free = self.turn is None and self._closing.done
        return free and not self._over.open and self._reopens is None and self._kept.empty

    async def ended(self, utterance: Utterance, speculation: Speculation | None, *, respond: bool) -> None:
        if self._over.ended(utterance):
            return
        if not respond:
            self._kept = self._kept.and_then(utterance)
            return
        await self._begin(utterance, speculation)

    async def begin(self, utterance: Utterance, recognized: Recognized) -> None:
        await self._begin(utterance, recognized=recognized)

    async def _begin(
        self,
        utterance: Utterance | None,
        speculation: Speculation | None = None,
        *,
        recognized: Recognized | None = None,
    ) -> None:
        """Begins a turn with what was said and what was kept for it."""
        if self.turn is not None:
            await self._leave(self.turn)
        said, self._kept = self._kept, Said()
        reopens, self._reopens = self._reopens, None
        self.ends_call, self.expected_digits = False, ()
        turn = LiveTurn(
            self._context,
            said if utterance is None else said.and_then(utterance),
            speculation=speculation,
            reopens=reopens,
            recognized=recognized,
            required=not said.empty,
            after=self._closing.last,
        )
        self.turn = turn
        turn.start().add_done_callback(lambda _: self._wake())

    async def _leave(self, turn: LiveTurn | Announcement) -> None:
        """Another turn begins: the reply has been played, or is interrupted."""
        if self._nearly_over(turn):
            await self._playback_finished(turn)
        else:
            await self.interrupt_turn(turn)

    async def forgotten(self) -> None:
        """The utterance that was spoken was dropped."""
        await self._over.forgotten()
        before = self._reopens
        if before is not None and before.utterance is not None:  # what was said before it is answered all the same
            whole = self._listen()
            whole.feed(before.samples)
            again = Utterance(self._listen(), before.utterance.live, whole=whole, own_whole=True)
            again.ended_at = before.utterance.ended_at
            await self._begin(again)

    # --- commands -----------------------------------------------------------------------------------------

    async def typed(self, typed: Typed, *, respond: bool) -> None:
        self._kept = self._kept.and_then(typed)
        if respond:
            await self.respond()

    async def respond(self) -> None:
        """Begins a turn with what was kept, or does so when the reply that may not be interrupted is over."""
        self._respond_later = False
        if self._kept.empty:
            return
        if self.turn is not None and not self.taking.interruptible and self.turn.reply.audible:
            self._respond_later = True
            return
        await self._begin(None)

    async def key_pressed(self) -> None:
        """A key of DTMF digits interrupts the reply, as speech does."""
        if self.taking.interruptible:
            await self.interrupt()

    async def interrupt(self, *, clear: bool = True) -> bool:
        """Stops the reply; False if there is none."""
        if self.turn is None:
            return False
        if not await self._over.take_turn():
            await self.interrupt_turn(self.turn, clear=clear)
        return True

    async def announce(self, prompt: Prompt) -> None:
        self.turn = announcement = Announcement(self._context, prompt, self.language)
        announcement.start().add_done_callback(lambda _: self._wake())

    # --- playback, and the turn's end ---------------------------------------------------------------------

    def played(self, reply_id: UUID, ms: float, source: PlaybackSource) -> None:
        """See ``LiveCall.played``."""
        turn, recent = self.turn, self._recent
        if turn is not None and turn.reply.reply_id == reply_id:
            turn.reply.played(ms, source)
            self._wake()
        elif recent is not None and recent.reply.reply_id == reply_id and recent.reply.played(ms, source):
            self._closing.add(recent.close_interrupted())  # once more, with what is known now

    def truncated(self, reply_id: UUID, ms: float) -> None:
        """See ``LiveCall.truncated``."""
        self.played(reply_id, ms, PlaybackSource.TRUNCATE)
        if self.turn is not None and self.turn.reply.reply_id == reply_id:
            self._truncated = True

    async def go_on_with(self, turn: LiveTurn) -> None:
        self._leave_floor()
        self._reopens = turn
        await turn.stop()
        self._closing.add(turn.withdraw())

    async def interrupt_turn(self, turn: LiveTurn | Announcement, *, clear: bool = True) -> None:
        self._leave_floor()
        await turn.stop(clear=clear)
        self._recent = turn if isinstance(turn, LiveTurn) else None
        self._closing.add(turn.close_interrupted())

    async def _playback_finished(self, turn: LiveTurn | Announcement) -> None:
        self._leave_floor()
        self.ends_call = turn.reply.details.get("ends_call") is True
        if isinstance(turn, LiveTurn):
            self._closing.add(turn.close_finished())

    def _leave_floor(self) -> None:
        self._over.reply_ended()
        self.turn, self._truncated = None, False

    # --- the call's task ----------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Takes what tasks have done. Raises Superseded and JournalLost."""
        error = self._closing.take_error()
        if error is not None:
            await self.report(error)
        await self._over.decide()
        if self._truncated:
            await self.interrupt(clear=False)
        if self.turn is not None:
            await self._follow(self.turn)
        if self.turn is None and self._respond_later:
            await self.respond()

    async def _follow(self, turn: LiveTurn | Announcement) -> None:
        """Follows the turn in progress to the end of its playback."""
        if isinstance(turn, LiveTurn):
            await turn.note_playback()
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
        self._closing.add(turn.dispose())
        if turn.error is not None:
            await self.report(turn.error)

    def _learn(self, turn: LiveTurn | Announcement) -> None:
        """What the reply tells about the turns to come."""
        digits = turn.reply.details.get("expects_digits")
        self.expected_digits = tuple(filter(_is_count, digits)) if isinstance(digits, list | tuple) else ()
        if isinstance(turn, LiveTurn) and turn.language:
            self.language = turn.language

    async def report(self, error: Exception) -> None:
        """Tells the caller's side of an error. Raises those that end the call."""
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
        await self._closing.wait()
        error = self._closing.take_error()
        if error is not None:
            await self.report(error)

    async def last_words(self) -> None:
        """No more is said: begins a turn with what was kept, and waits until all of it is stored."""
        await self._over.settled()
        if not self._kept.empty:
            await self._begin(None)
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
                await self.report(turn.error)
            await turn.note_heard(interrupted=not turn.reply.ledger.complete)

    async def rest(self) -> None:
        """The turn in progress to its end, and what closes."""
        if isinstance(self.turn, LiveTurn):
            await self.turn.wait()
            await self.turn.dispose()
        await self._closing.wait()

    async def cancel(self) -> None:
        """Stops at once; the record keeps what it has."""
        if isinstance(self.turn, LiveTurn):
            await self.turn.withdraw()
        elif self.turn is not None:
            await self.turn.close_interrupted()
        await self._closing.cancel()


def _is_count(value: object) -> bool:
    return isinstance(value, int)
