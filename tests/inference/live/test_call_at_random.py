"""Calls at random: whatever callers do in whatever order, no word is lost or stored twice, no sound leaves early."""

from __future__ import annotations

import asyncio
import random

import pytest

from db.enums import CallEndReason
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.live.ports import (
    CallerGone,
    ClearPlayback,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    SpeechStarted,
    TurnCommitted,
)
from inference.live.times import CallTimes
from tests.inference.live.calls import Caller, calling
from tests.inference.live.fakes import FakeRecognizer, FakeRecord, FakeSpeaker, noise

_SEEDS = 24
_STEPS = 14


class Chance:
    """A caller who acts at random. ``said``: the words of all that was said or typed, which must all be stored."""

    def __init__(self, caller: Caller, seed: int) -> None:
        self.caller = caller
        self.random = random.Random(seed)
        self.said: list[str] = []
        self.records: list[FakeRecord] = [caller.record]

    def words(self) -> str:
        fresh = [f"w{len(self.said) + number}" for number in range(self.random.randint(1, 4))]
        self.said += fresh
        return " ".join(fresh)

    async def act(self) -> None:
        caller, chance = self.caller, self.random
        match chance.randrange(9):
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
            case _:
                await asyncio.sleep(chance.choice([0.0, 0.01, 0.05]))
        self.report()

    def report(self) -> None:
        caller = self.caller
        replies = caller.all(ReplyStarted)
        if replies and self.random.random() < 0.6:
            reply = self.random.choice(replies).reply_id
            caller.play_of(reply, self.random.uniform(0, 1.2) * caller.speaker.audio_ms(reply))

    async def resume(self) -> None:
        """The connection is lost, and the caller is back."""
        caller = self.caller
        caller.call.lost()
        with pytest.raises(CallerGone):
            await asyncio.wait_for(caller.running, 5)
        record, speaker = caller.record.taken_over(), FakeSpeaker()
        speaker.events = caller.speaker.events
        caller.call.resume(record, speaker)
        self.records.append(record)
        self.caller = Caller(caller.call, record, speaker)


@pytest.mark.parametrize("seed", range(_SEEDS))
async def test_no_word_is_lost_or_stored_twice(seed: int) -> None:
    slow = random.Random(seed)
    delays = [0.0] * 4  # real delays make the order depend on the machine's load
    recognizer = FakeRecognizer(final_seconds=delays[0], partial_seconds=delays[1])
    llm = FakeChatModel(lambda _: "Alpha beta gamma delta. Epsilon zeta eta theta iota. Kappa.", delay=delays[2] / 5)
    async with calling(
        recognizer=recognizer,
        llm=llm,
        tts=FakeSynthesizer(delay=delays[3]),
        times=CallTimes(still_there=None),
        score=lambda _: slow.random(),
    ) as first:
        chance = Chance(first, seed)
        first.record.commit_seconds = 0.0
        for _ in range(_STEPS):
            await chance.act()
        caller = chance.caller
        await caller.call.hang_up(CallEndReason.CALLER)
        assert await asyncio.wait_for(caller.running, 10) is CallEndReason.CALLER
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
    for turn in caller.record.turns.values():
        if turn.playback is not None:
            assert turn.playback.heard_ms <= turn.playback.total_ms
