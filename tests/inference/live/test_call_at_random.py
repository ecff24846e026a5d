"""Calls at random: whatever callers do in whatever order, no word is lost or stored twice, no sound leaves early.

The seed decides what the caller does and in which order tasks run, so that the load of the machine decides nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from db.enums import CallEndReason, PlaybackSource
from db.turns.live_values import Eagerness, TurnTaking
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.live.caller_events import (
    ClearPlayback,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    SpeechStarted,
    TurnCommitted,
)
from inference.live.ports import CallerGone
from inference.live.times import CallTimes
from tests.inference.live import calls
from tests.inference.live.calls import Caller, calling
from tests.inference.live.fakes import FakeRecognizer, FakeRecord, FakeSpeaker, noise

_SEEDS = 48
_STEPS = 14
#: Rounds of the event loop that stand for a second of sleep: a frame of audio (32 ms) is handled in a few.
_ROUNDS_A_SECOND = 200
_sleep = asyncio.sleep


class Scheduler:
    """Stands for time: sleep, threads and the pace of the caller take rounds of the event loop, by chance."""

    def __init__(self, seed: int, patch: pytest.MonkeyPatch) -> None:
        self._random = random.Random(seed)
        patch.setattr(asyncio, "sleep", self.sleep)
        patch.setattr(asyncio, "to_thread", self.to_thread)
        patch.setattr(calls, "settle", self.settle)

    async def sleep(self, seconds: float, result: Any = None) -> Any:
        rounds = round(seconds * _ROUNDS_A_SECOND * self._random.uniform(0.2, 2)) if seconds > 0 else 0
        for _ in range(max(1, rounds)):
            await _sleep(0)
        return result

    async def to_thread(self, work: Callable[..., Any], *given: Any) -> Any:
        await self.sleep(self._random.choice([0.0, 0.01, 0.1]))
        return work(*given)

    async def settle(self) -> None:
        """The caller's next frame comes before or after the tasks have done what they can do now."""
        for _ in range(self._random.choice([0, 1, 2, 3, 12, 12, 12])):
            await _sleep(0)


class Chance:
    """A caller who acts at random. ``said``: the words of all that was said or typed, which must all be stored."""

    def __init__(self, caller: Caller, seed: int) -> None:
        self.caller = caller
        self.random = random.Random(seed)
        self.said: list[str] = []
        self.records: list[FakeRecord] = [caller.record]
        self.manual = False

    def words(self) -> str:
        fresh = [f"w{len(self.said) + number}" for number in range(self.random.randint(1, 4))]
        self.said += fresh
        return " ".join(fresh)

    async def act(self) -> None:
        caller, chance = self.caller, self.random
        match chance.randrange(13):
            case 0 | 1 | 2:
                await caller.say(self.words(), pause=chance.choice([0.1, 0.3, 0.6, 1.0, 2.0]))
            case 3:
                await caller.wait(chance.choice([0.2, 0.8, 2.0]))
            case 4:
                await caller.hear(noise(chance.choice([0.1, 0.3, 0.9])))
            case 5:
                await caller.call.type_text(self.words())
            case 6:
                await caller.call.interrupt()
            case 7:
                await self.resume()
            case 8:
                await caller.call.type_text(self.words(), respond=False)
            case 9:
                self.said.append(str(9_000 + len(self.said)))
                await caller.call.type_text(f"{self.said[-1]}#", digits=True)
            case 10:
                await (caller.call.commit_audio() if chance.random() < 0.5 else caller.call.respond())
            case 11:
                self.manual = not self.manual
                caller.call.configure(TurnTaking(eagerness=Eagerness.MANUAL if self.manual else Eagerness.AUTO))
            case _:
                await asyncio.sleep(chance.choice([0.0, 0.1, 0.5, 2.0]))
        self.report()

    def report(self) -> None:
        caller = self.caller
        replies = caller.all(ReplyStarted)
        if replies and self.random.random() < 0.6:
            reply = self.random.choice(replies).reply_id
            ms = self.random.uniform(0, 1.2) * caller.speaker.audio_ms(reply)
            if self.random.random() < 0.1:
                caller.call.truncated(reply, ms)
            else:
                caller.call.played(reply, ms, PlaybackSource.ACKS)

    async def resume(self) -> None:
        """The connection is lost, and the caller is back."""
        caller = self.caller
        caller.call.lost()
        with pytest.raises(CallerGone):
            await asyncio.wait_for(caller.running, 30)
        record, speaker = caller.record.taken_over(), FakeSpeaker()
        speaker.events = caller.speaker.events
        assert caller.call.resume(record, speaker)
        self.records.append(record)
        self.caller = Caller(caller.call, record, speaker)


@pytest.mark.parametrize("seed", range(_SEEDS))
async def test_no_word_is_lost_or_stored_twice(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    Scheduler(seed, monkeypatch)
    slow = random.Random(seed)
    final, partial, token, piece, commit = (slow.choice([0.0, 0.0, 0.05, 0.3]) for _ in range(5))
    llm = FakeChatModel(lambda _: "Alpha beta gamma delta. Epsilon zeta eta theta iota. Kappa.", delay=token / 5)
    async with calling(
        recognizer=FakeRecognizer(final_seconds=final, partial_seconds=partial),
        llm=llm,
        tts=FakeSynthesizer(delay=piece),
        times=CallTimes(still_there=None),
        score=lambda _: slow.random(),
    ) as first:
        chance = Chance(first, seed)
        first.record.commit_seconds = commit
        for _ in range(_STEPS):
            await chance.act()
        caller = chance.caller
        await caller.call.hang_up(CallEndReason.CALLER)
        assert await asyncio.wait_for(caller.running, 30) is CallEndReason.CALLER
        stored = [word for text in caller.record.texts for word in text.split()]
        assert sorted(stored) == sorted(chance.said)
        await caller.until(lambda: all(each.status.ended for each in caller.record.turns.values()))
        check(caller)


def check(caller: Caller) -> None:
    """What holds for the events of any call."""
    committed = set()
    cleared = set()
    turns = {}
    finished = []
    for event in caller.speaker.events:
        if isinstance(event, TurnCommitted):
            committed.add(event.turn_id)
        elif isinstance(event, ReplyStarted):
            assert event.turn_id in committed, "a reply before its commit"
            turns[event.reply_id] = event.turn_id
        elif isinstance(event, ReplyAudio):
            assert event.reply_id in turns
            assert event.reply_id not in cleared, "audio of a reply that was cleared"
        elif isinstance(event, ClearPlayback):
            cleared.add(event.reply_id)
        elif isinstance(event, ReplyFinished):
            finished.append(event.reply_id)
        elif isinstance(event, SpeechStarted):
            assert event.at_ms >= 0
    assert len(finished) == len(set(finished)), "a reply finished twice"
    assert committed <= set(caller.record.turns)
    for turn_id, turn in caller.record.turns.items():
        assert turn.heard.turn_id == turn_id
        if turn.playback is not None:
            assert turn.playback.heard_ms <= turn.playback.total_ms
