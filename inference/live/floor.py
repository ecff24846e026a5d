"""Who has the floor in a call: what becomes of the caller's utterances, typed messages and commands."""

from __future__ import annotations

from collections.abc import Callable

from db.turns.live_values import TurnTaking
from inference.live.announcement import Announcement
from inference.live.context import CallContext
from inference.live.interruption import SpeechOverReply
from inference.live.live_turn import LiveTurn
from inference.live.said import Said, Typed
from inference.live.speculation import Speculation
from inference.live.turn_in_progress import TurnInProgress
from inference.live.utterance import Recognized, Utterance


class Floor:
    """Implements ``inference.live.hearing.Turns`` and ``inference.live.interruption.Turns``.

    Used by the call's task alone. ``wake``: called when ``tick`` has something to do. ``speaking``: whether the caller
    speaks now. ``progress``: the turn that has the floor.
    """

    def __init__(self, context: CallContext, wake: Callable[[], None], *, speaking: Callable[[], bool]) -> None:
        self._context = context
        self.taking = TurnTaking()
        self._over = SpeechOverReply(context, self, speaking=speaking, wake=wake)
        self.progress = TurnInProgress(context, wake)
        self._reopens: LiveTurn | None = None
        self._kept = Said()
        self._respond_later = False

    @property
    def turn(self) -> LiveTurn | Announcement | None:
        return self.progress.turn

    @property
    def language(self) -> str:
        return self.progress.language

    @property
    def answers(self) -> bool:
        """Whether a turn of the caller is in progress, or may be."""
        return isinstance(self.turn, LiveTurn) or self._over.open or self._respond_later

    @property
    def busy(self) -> bool:
        """Whether anything is in progress."""
        return self.turn is not None or self.answers

    # --- utterances ---------------------------------------------------------------------------------------

    async def admits(self, utterance: Utterance) -> bool:
        turn = self.turn
        return turn is None or self.progress.nearly_over or await self._over.admits(utterance, turn)

    def may_speculate(self, utterance: Utterance) -> bool:
        free = self.turn is None and self.progress.closing.done
        return free and not self._over.open and self._reopens is None and self._kept.empty

    async def ended(self, utterance: Utterance, speculation: Speculation | None, *, respond: bool) -> None:
        over = self._over.ended(utterance, respond=respond)
        if speculation is not None and (over or not (respond and self.turn is None and self._kept.empty)):
            await speculation.discard()  # it knows nothing of what came in between
            speculation = None
        if over:
            return
        if respond or self._reopens is not None:  # what the caller goes on with was to be answered
            await self._begin(utterance, speculation)
        else:
            self._kept = self._kept.and_then(utterance)

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
        if self.progress.nearly_over:
            self.progress.finish()
        elif self.turn is not None:
            await self.progress.interrupt()
        said, self._kept = self._kept, Said()
        reopens, self._reopens = self._reopens, None
        self.progress.begin(
            LiveTurn(
                self._context,
                said if utterance is None else said.and_then(utterance),
                speculation=speculation,
                reopens=reopens,
                recognized=recognized,
                required=not said.empty,
                after=self.progress.closing.last,
            )
        )

    async def go_on_with(self, turn: LiveTurn) -> None:
        if turn.utterance is not None:
            turn.utterance.continued = True
        self._reopens = await self.progress.withdraw()

    async def interrupt_turn(self, turn: LiveTurn | Announcement) -> None:
        await self.progress.interrupt()

    async def report(self, error: Exception) -> None:
        await self.progress.report(error)

    async def forgotten(self) -> None:
        """The utterance that was spoken was dropped."""
        await self._over.forgotten()
        before = self._reopens
        if before is not None and before.utterance is not None:  # what was said before it is answered all the same
            again = Utterance(self._context.listen(), before.utterance.live)
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
        if self._kept.empty or self._reopens is not None:  # then it is part of the turn with which the caller goes on
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
            await self.progress.interrupt(clear=clear)
        return True

    # --- the call's task ----------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Takes what tasks have done. Raises Superseded and JournalLost."""
        await self._over.decide()
        if self.progress.was_truncated:
            await self.interrupt(clear=False)
        await self.progress.tick()
        if self.turn is None and self._respond_later:
            await self.respond()

    async def last_words(self) -> None:
        """No more is said: begins a turn with what was kept, and waits until all of it is stored."""
        await self._over.settled()
        if not self._kept.empty:
            await self._begin(None)
        await self.progress.stored()
