"""Interruption (barge-in): whether speech over a reply takes the turn, or only shows that the caller listens.

The caller's side is told to hold the playback at once. Then the words decide, within half a second: a backchannel
("uh-huh") or a cough lets the reply go on, everything else takes the turn. Words that follow a backchannel may take it
later, and so may the final words.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from db.enums import Prompt
from db.turns.live_values import TurnTaking
from inference.live.announcement import Announcement
from inference.live.backchannels import is_backchannel
from inference.live.context import CallContext
from inference.live.live_turn import LiveTurn
from inference.live.utterance import Recognized, Utterance


class Verdict(Enum):
    WAIT = "undecided"
    TAKES_TURN = "the caller takes the turn"
    GOES_ON = "the reply goes on"


def verdict(words: str, *, speaking: bool, waited: float, decide: float, listens: bool) -> Verdict:
    """What speech over a reply does to it, by what is known now.

    ``words``: the partial transcript of the speech. ``speaking``: whether the caller still speaks. ``waited``: seconds
    since they began; after ``decide`` there is an answer. ``listens``: whether the words are a backchannel.
    """
    if words.strip():
        if not listens:
            return Verdict.TAKES_TURN
        return Verdict.WAIT if speaking and waited < decide else Verdict.GOES_ON
    if waited < decide:
        return Verdict.WAIT
    return Verdict.TAKES_TURN if speaking else Verdict.GOES_ON


class Turns(Protocol):
    """The turn in progress, and what speech over its reply does to it."""

    @property
    def turn(self) -> LiveTurn | Announcement | None: ...

    @property
    def taking(self) -> TurnTaking: ...

    @property
    def language(self) -> str: ...

    async def interrupt_turn(self, turn: LiveTurn | Announcement) -> None: ...

    async def go_on_with(self, turn: LiveTurn) -> None:
        """The caller goes on with the turn that the reply answers."""
        ...

    async def begin(self, utterance: Utterance, recognized: Recognized) -> None: ...

    async def report(self, error: Exception) -> None: ...


@dataclass(slots=True, eq=False)
class _Speech:
    """An utterance over a reply.

    ``since``: when it began, on the call's clock. ``answers``: the reply was nearly over, so that "yes" answers it.
    ``reopens``: whether it may be more of the turn that the reply answers. ``goes_on``: it was taken for a backchannel.
    ``settling``: its final words, once it has ended.
    """

    turn: LiveTurn | Announcement
    utterance: Utterance
    since: float
    answers: bool
    reopens: bool
    goes_on: bool = False
    settling: asyncio.Task[Recognized] | None = None


class SpeechOverReply:
    """The speech over the reply in progress, if there is any. ``speaking``: whether the caller speaks now.

    The caller may speak again before the final words of an utterance are known: utterances are settled in order.
    """

    def __init__(
        self, context: CallContext, turns: Turns, *, speaking: Callable[[], bool], wake: Callable[[], None]
    ) -> None:
        self._context = context
        self._turns = turns
        self._speaking = speaking
        self._wake = wake
        #: What is spoken now.
        self._speech: _Speech | None = None
        #: What was spoken, whose final words are not known yet.
        self._settling: deque[_Speech] = deque()

    @property
    def open(self) -> bool:
        """Whether there is speech whose meaning for the reply is not settled."""
        return self._speech is not None or bool(self._settling)

    async def admits(self, utterance: Utterance, turn: LiveTurn | Announcement) -> bool:
        """Whether speech that begins over the reply is heard; pauses the reply then."""
        reopens = isinstance(turn, LiveTurn) and self._may_go_on(turn)
        if not self._turns.taking.interruptible and (turn.reply.audible or not reopens):
            return False
        asked = isinstance(turn, Announcement) and turn.prompt is Prompt.STILL_THERE
        answers = asked or (turn.written and turn.reply.left < self._context.times.backchannel_left)
        self._speech = _Speech(turn, utterance, self._context.now(), answers, reopens)
        await turn.reply.pause()
        return True

    def _may_go_on(self, turn: LiveTurn) -> bool:
        """Whether speech that begins now may be more of the turn that has just ended."""
        times = self._context.times
        soon = turn.utterance is not None and self._context.now() - turn.ended_at <= times.reopen_within
        return soon and turn.reply.heard < times.reopen_heard and (turn.claim is not None or not turn.committed)

    def ended(self, utterance: Utterance, *, respond: bool) -> bool:
        """The utterance has ended; whether it is one over a reply, whose final words decide then.

        So do those of one that is to be answered and comes behind such an utterance.
        """
        speech = self._speech
        if speech is not None and speech.utterance is utterance:
            self._speech = None
        elif self._settling and respond:
            speech = _Speech(self._settling[-1].turn, utterance, self._context.now(), answers=True, reopens=False)
        else:
            return False
        self._settling.append(speech)
        work = self._context.recognition.final(utterance.stream, utterance.fed)
        speech.settling = asyncio.create_task(work, name="settle-speech-over-reply")
        speech.settling.add_done_callback(lambda _: self._wake())
        return True

    async def decide(self) -> None:
        """Decides what can be decided now."""
        while self._settling:
            settling = self._settling[0].settling
            if settling is None or not settling.done():
                return
            await self._settle(self._settling.popleft(), settling)
        speech = self._speech
        if speech is None:
            return
        words = speech.utterance.words
        decided = verdict(
            words,
            speaking=self._speaking(),
            waited=self._context.now() - speech.since,
            decide=self._context.times.decide,
            listens=self._listens(speech, words),
        )
        if decided is Verdict.TAKES_TURN:
            await self._take_turn(speech)
        elif decided is Verdict.GOES_ON and not speech.goes_on:
            speech.goes_on = True
            await speech.turn.reply.resume()

    def _listens(self, speech: _Speech, words: str) -> bool:
        """Whether the words are a backchannel."""
        own = self._turns.taking.backchannels
        return not speech.answers and is_backchannel(words, self._turns.language, own)

    async def take_turn(self) -> bool:
        """The reply was stopped otherwise: undecided speech over it takes the turn; False if there is none."""
        speech = self._speech
        if speech is None or speech.goes_on or speech.turn is not self._turns.turn:
            return False
        await self._take_turn(speech)
        return True

    async def _take_turn(self, speech: _Speech) -> None:
        """The caller goes on with the turn before, or takes the turn from the reply."""
        self._speech = None
        turn = speech.turn
        if turn is not self._turns.turn:
            return  # it has ended by itself
        # An utterance in between that may yet be a turn of its own leaves nothing to go on with.
        if speech.reopens and not self._settling and isinstance(turn, LiveTurn):
            await self._turns.go_on_with(turn)
        else:
            await self._turns.interrupt_turn(turn)

    async def _settle(self, speech: _Speech, settling: asyncio.Task[Recognized]) -> None:
        """The utterance has ended, undecided or as a backchannel: its final words decide."""
        try:
            recognized = settling.result()
        except Exception as error:
            await self._turns.report(error)
        else:
            words = recognized.transcript.text
            if words.strip() and not self._listens(speech, words):
                await self._turns.begin(speech.utterance, recognized)
                self._now_over(self._turns.turn)
                return
        if speech.turn is self._turns.turn and self._speech is None:
            await speech.turn.reply.resume()
        await speech.utterance.close()
        await self._context.record.clear_sound(speech.utterance.live.speech_ended_ms)

    def _now_over(self, turn: LiveTurn | Announcement | None) -> None:
        """What is spoken now goes on with the turn that has begun with the words before it."""
        if self._speech is not None and isinstance(turn, LiveTurn):
            self._speech.turn, self._speech.reopens = turn, self._may_go_on(turn)

    async def settled(self) -> None:
        """Waits for the final words of utterances that have ended, and decides."""
        while self._settling and (settling := self._settling[0].settling) is not None:
            await asyncio.wait({settling})
            await self.decide()

    async def forgotten(self) -> None:
        """The utterance was dropped by the client."""
        speech = self._speech
        if speech is not None:
            self._speech = None
            if speech.turn is self._turns.turn:
                await speech.turn.reply.resume()
