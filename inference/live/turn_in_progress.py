"""The turn or announcement in progress: its playback, its end, and what closes behind it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from db.enums import PlaybackSource, Prompt
from db.languages import primary_language
from inference.live.announcement import Announcement
from inference.live.caller_events import CallProblem
from inference.live.closing import Closing
from inference.live.context import CallContext
from inference.live.live_turn import LiveTurn
from inference.ports import JournalLost, Superseded
from inference.turn.call_meter import failure_of

_DEFAULT_LANGUAGE = "en"


class TurnInProgress:
    """At most one at a time. Used by the call's task alone. ``wake``: called when ``tick`` has something to do."""

    def __init__(self, context: CallContext, wake: Callable[[], None]) -> None:
        self._context = context
        self._wake = wake
        self.turn: LiveTurn | Announcement | None = None
        self.closing = Closing(wake)
        #: The language that is spoken, ISO 639-1.
        self.language = primary_language(context.record.state.language) or _DEFAULT_LANGUAGE
        #: Whether the last reply that was heard ended the conversation, and how many digits may answer it.
        self.ends_call = False
        self.expected_digits: tuple[int, ...] = ()
        self._recent: LiveTurn | None = None
        self._truncated = False

    def begin(self, turn: LiveTurn | Announcement) -> None:
        """A turn takes the floor, which is free."""
        self.turn = turn
        self.ends_call, self.expected_digits = False, ()
        turn.start().add_done_callback(lambda _: self._wake())

    def announce(self, prompt: Prompt) -> None:
        self.begin(Announcement(self._context, prompt, self.language))

    @property
    def nearly_over(self) -> bool:
        """Whether all but the last sound of the reply was heard."""
        turn = self.turn
        return turn is not None and turn.written and turn.reply.left <= self._context.times.nearly_over

    # --- playback -----------------------------------------------------------------------------------------

    def played(self, reply_id: UUID, ms: float, source: PlaybackSource) -> None:
        """See ``LiveCall.played``."""
        turn, recent = self.turn, self._recent
        if turn is not None and turn.reply.reply_id == reply_id:
            turn.reply.played(ms, source)
            self._wake()
        elif recent is not None and recent.reply.reply_id == reply_id and recent.reply.played(ms, source):
            self.closing.add(recent.close_interrupted())  # once more, with what is known now

    def truncated(self, reply_id: UUID, ms: float) -> None:
        """See ``LiveCall.truncated``."""
        self.played(reply_id, ms, PlaybackSource.TRUNCATE)
        if self.turn is not None and self.turn.reply.reply_id == reply_id:
            self._truncated = True

    @property
    def was_truncated(self) -> bool:
        """Whether the caller's side has stopped the playback itself."""
        return self._truncated

    async def come_back(self) -> None:
        """The caller is back: what they did not hear of the reply is sent again."""
        if isinstance(self.turn, LiveTurn):
            await self.turn.announce(again=True)
        if self.turn is not None:
            await self.turn.reply.send_again()

    # --- its end ------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Follows the turn to the end of its playback. Raises Superseded and JournalLost."""
        error = self.closing.take_error()
        if error is not None:
            await self.report(error)
        turn = self.turn
        if isinstance(turn, LiveTurn):
            await turn.note_playback()
        if turn is None:
            return
        if turn.written:
            if isinstance(turn, LiveTurn) and turn.error is not None:  # it answers what was understood
                error, turn.error = turn.error, None
                await self.report(error)
            self._learn(turn)
            if turn.reply.over(self._context.times.playback_grace):
                self.finish()
        elif not turn.running:
            self.leave()
            if isinstance(turn, LiveTurn):
                await self._failed(turn)

    async def _failed(self, turn: LiveTurn) -> None:
        """The turn has ended without a reply: nothing was said, or something failed."""
        if not turn.committed and turn.utterance is not None:
            await self._context.record.clear_sound(turn.utterance.live.speech_ended_ms)
        self.closing.add(turn.dispose())
        if turn.error is not None:
            await self.report(turn.error)

    def _learn(self, turn: LiveTurn | Announcement) -> None:
        """What the reply tells about the turns to come."""
        digits = turn.reply.details.get("expects_digits")
        self.expected_digits = tuple(filter(_is_count, digits)) if isinstance(digits, list | tuple) else ()
        if isinstance(turn, LiveTurn) and turn.language:
            self.language = turn.language

    def leave(self) -> LiveTurn | Announcement | None:
        """The floor is free; the turn that had it."""
        turn, self.turn, self._truncated = self.turn, None, False
        return turn

    def finish(self) -> None:
        """The reply has been played."""
        turn = self.leave()
        if turn is None:
            return
        self.ends_call = turn.reply.details.get("ends_call") is True
        if isinstance(turn, LiveTurn):
            self.closing.add(turn.close_finished())

    async def interrupt(self, *, clear: bool = True) -> None:
        """The reply ends where it is. ``clear``: whether the caller's side is to drop what it has not played."""
        turn = self.leave()
        if turn is not None:
            await turn.stop(clear=clear)
            self._recent = turn if isinstance(turn, LiveTurn) else None
            self.closing.add(turn.close_interrupted())

    async def withdraw(self) -> LiveTurn | None:
        """The caller goes on with the turn: the attempt at it ends. The turn, if it is one."""
        turn = self.leave()
        if not isinstance(turn, LiveTurn):
            return None
        await turn.stop()
        self.closing.add(turn.withdraw())
        return turn

    async def report(self, error: Exception) -> None:
        """Tells the caller's side of an error. Raises those that end the call."""
        if isinstance(error, Superseded | JournalLost):
            raise error
        failure = failure_of(error, None)
        await self._context.outbox.send(CallProblem(failure.code, failure.message))

    # --- the call's end -----------------------------------------------------------------------------------

    async def stored(self) -> None:
        """Waits until what was said is in the record, and what has ended is closed there. Raises as ``tick``."""
        if isinstance(self.turn, LiveTurn):
            await self.turn.stored()
        await self.closing.wait()
        error = self.closing.take_error()
        if error is not None:
            await self.report(error)

    async def hang_up(self, seconds: float) -> None:
        """Records what was heard of the reply, for which the turn's end is waited for so long."""
        turn = self.turn
        if isinstance(turn, Announcement):
            self.leave()
            await turn.close_interrupted()
        elif turn is not None:
            await turn.wait(seconds)
            if turn.error is not None:
                await self.report(turn.error)
            await turn.note_heard(interrupted=not turn.reply.ledger.complete)

    async def rest(self) -> None:
        """The turn to its end in the record, and what closes."""
        if isinstance(self.turn, LiveTurn):
            await self.turn.wait()
        await self.closing.wait()

    async def cancel(self) -> None:
        """Stops at once; the record keeps what it has."""
        if isinstance(self.turn, LiveTurn):
            await self.turn.withdraw()
        elif self.turn is not None:
            await self.turn.close_interrupted()
        await self.closing.cancel()


def _is_count(value: object) -> bool:
    return isinstance(value, int)
