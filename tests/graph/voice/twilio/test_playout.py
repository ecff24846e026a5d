"""Replies on their way to the line: pace, marks, pause by clearing, and a ledger that is never ahead."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

import numpy as np
import pytest

from db.enums import PlaybackSource
from graph.voice.audio_format import Samples
from graph.voice.outbox import Outbox
from graph.voice.twilio.playout import LEAD_SECONDS, Playout
from inference.live.caller_events import ReplyFinished, ReplyStatus
from inference.live.ports import CallerGone, LiveCall
from tests.waiting import settled, until

_RATE = 16_000


@dataclass
class Far:
    """What an echo canceller is told."""

    played: int = 0
    cleared: int = 0

    def play(self, samples: Samples, sample_rate: int) -> None:
        self.played += samples.size

    def clear(self) -> None:
        self.cleared += 1

    def hear(self, samples: Samples) -> Samples:
        return samples


@dataclass
class Line:
    """``now``: the playout's clock. ``sent``: the messages. ``reports``: what the call was told."""

    now: float = 0.0
    sent: list[dict[str, Any]] = field(default_factory=list)
    reports: list[tuple[UUID, float]] = field(default_factory=list)
    far: Far = field(default_factory=Far)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self._write, stall_seconds=1)
        self.playout = Playout(self.outbox, "MZ1", self.far, lambda: self.now)
        self.call = cast("LiveCall", self)

    async def _write(self, text: str) -> None:
        self.sent.append(json.loads(text))

    def played(self, reply_id: UUID, ms: float, source: PlaybackSource) -> None:
        assert source is PlaybackSource.MARKS
        self.reports.append((reply_id, ms))

    def named(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.sent if each["event"] == event]

    @property
    def frames(self) -> int:
        return len(self.named("media"))

    @property
    def marks(self) -> list[str]:
        return [each["mark"]["name"] for each in self.named("mark")]

    @property
    def reported(self) -> list[tuple[UUID, int]]:
        return [(reply_id, round(ms)) for reply_id, ms in self.reports]

    async def say(self, seconds: float, *, complete: bool = True) -> UUID:
        reply_id = uuid4()
        self.playout.started(reply_id)
        at = np.arange(round(seconds * _RATE))
        await self.playout.audio(reply_id, (0.3 * np.sin(at / 5)).astype(np.float32), _RATE)
        if complete:
            self.playout.finished(ReplyFinished(reply_id, ReplyStatus.COMPLETED, ""))
        return reply_id

    async def pass_time(self, seconds: float) -> None:
        """In steps, as the playout looks at its clock by itself only when it is due."""
        for _ in range(round(seconds / 0.1)):
            self.now += 0.1
            self.playout._wake.set()  # its sleep is in real time
            await settled()


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with running() as opened:
        yield opened


@asynccontextmanager
async def running() -> AsyncIterator[Line]:
    line = Line()
    tasks = [asyncio.create_task(line.outbox.run()), asyncio.create_task(line.playout.run(line.call))]
    yield line
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_audio_is_sent_in_frames_of_20_ms_a_second_ahead(line: Line) -> None:
    await line.say(3)
    await until(lambda: line.frames >= 50)
    await settled()
    assert line.frames == LEAD_SECONDS * 50 + 5  # the slice that is begun
    assert {len(each["media"]["payload"]) for each in line.named("media")} == {216}
    await line.pass_time(1)
    assert abs(line.frames - 105) <= 5
    await line.pass_time(3)
    assert line.frames in (150, 151)
    assert line.far.played == pytest.approx(3 * _RATE, abs=200)


async def test_marks_tell_what_was_played_to_the_last_word(line: Line) -> None:
    reply_id = await line.say(0.5)
    await until(lambda: line.frames >= 25)
    await settled()
    line.playout.marked(line.call, line.marks[1])
    assert line.reports[-1] == (reply_id, 200)
    line.playout.marked(line.call, line.marks[0])  # again, or late: nothing new
    assert len(line.reports) == 1
    line.playout.marked(line.call, line.marks[-1])
    assert line.reports[-1] == (reply_id, 500)


async def test_marks_of_two_replies_tell_of_both(line: Line) -> None:
    first, second = await line.say(0.2), await line.say(0.2)
    await until(lambda: line.frames >= 20)
    await settled()
    line.playout.marked(line.call, line.marks[-1])
    assert line.reported == [(first, 200), (second, 200)]


async def test_a_mark_that_was_never_sent_says_nothing(line: Line) -> None:
    await line.say(0.5)
    await until(lambda: line.marks)
    for name in ("", "0", "999", "x"):
        line.playout.marked(line.call, name)
    assert not line.reports


async def test_a_pause_clears_and_what_was_not_confirmed_is_sent_again(line: Line) -> None:
    reply_id = await line.say(0.8)
    await until(lambda: line.frames >= 40)
    await settled()
    line.playout.marked(line.call, line.marks[2])
    cleared = line.marks[3:]
    line.playout.pause(reply_id)
    await until(lambda: line.named("clear"))
    for name in cleared:  # Twilio returns them as if they were reached
        line.playout.marked(line.call, name)
    assert line.reports == [(reply_id, 300)]
    before = line.frames
    await line.pass_time(0.3)
    assert line.frames == before, "nothing is sent in the pause"
    line.playout.resume(reply_id)
    await until(lambda: line.frames == before + 25)
    await settled()
    assert line.frames == before + 25
    assert line.far.cleared == 1
    line.playout.marked(line.call, line.marks[-1])
    assert line.reported[-1] == (reply_id, 800)
    payloads = [each["media"]["payload"] for each in line.named("media")]
    assert payloads[15:40] == payloads[before:], "the same audio, from the last mark on"


async def test_a_cleared_reply_is_not_sent_again_and_the_next_one_is(line: Line) -> None:
    first = await line.say(2)
    await until(lambda: line.frames >= 50)
    await settled()
    line.playout.marked(line.call, line.marks[0])
    line.playout.pause(first)
    before = line.frames
    second = await line.say(0.2)
    line.playout.clear(first)
    line.playout.finished(ReplyFinished(first, ReplyStatus.INTERRUPTED, ""))
    await until(lambda: line.frames == before + 10)
    await settled()
    assert (line.frames, len(line.named("clear"))) == (before + 10, 1)
    line.playout.marked(line.call, line.marks[-1])
    assert line.reported == [(first, 100), (second, 200)]


async def test_a_reply_that_is_cleared_takes_none_of_the_next_with_it(line: Line) -> None:
    first, second = await line.say(0.3), await line.say(0.3)
    await until(lambda: line.frames >= 30)
    await settled()
    line.playout.clear(first)
    await until(lambda: line.frames == 45)
    line.playout.marked(line.call, line.marks[-1])
    assert line.reported == [(second, 300)]


async def test_audio_that_is_made_faster_than_played_waits(line: Line) -> None:
    reply_id = await line.say(20, complete=False)
    await line.playout.audio(reply_id, np.zeros(20 * _RATE, np.float32), _RATE)
    waits = asyncio.create_task(line.playout.audio(reply_id, np.zeros(_RATE, np.float32), _RATE))
    await settled()
    assert not waits.done()
    line.playout.clear(reply_id)
    await asyncio.wait_for(waits, 30)


async def test_a_line_that_returns_no_marks_has_bounded_memory(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.voice.twilio.playout._MAX_MARKS", 20)
    for _ in range(3):
        await line.say(2)
    await line.pass_time(6)
    assert line.frames >= 250
    assert len(line.playout._marks) <= 20
    assert not line.reports


async def test_whoever_makes_audio_for_a_lost_line_is_told() -> None:
    async with running() as line:
        reply_id = await line.say(1)
        line.outbox.finish()
        await until(lambda: line.outbox.gone)
        line.playout._wake.set()
        await settled()
        with pytest.raises(CallerGone):
            await line.playout.audio(reply_id, np.zeros(10, np.float32), _RATE)
