"""A reply on its way to the caller: order, what is not sent any more, its playback by reports and by the clock."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import numpy as np

from db.enums import PlaybackSource
from inference.live.caller_events import (
    ClearPlayback,
    PausePlayback,
    ReplyAudio,
    ReplyStarted,
    ReplyStatus,
    ReplyText,
    ResumePlayback,
    ToCaller,
)
from inference.live.outbox import Outbox
from inference.live.ports import CallerGone
from inference.live.spoken_reply import SpokenReply
from inference.live.tape import CallTape
from inference.ports import Speech
from tests.inference.live.fakes import FakeSpeaker


def piece(seconds: float = 0.5, text: str = "one two") -> Speech:
    return Speech(np.zeros(round(seconds * 16_000), np.float32), 16_000, text)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def not_recorded() -> CallTape:
    return CallTape(lambda _: None, records=False)


def reply(speaker: FakeSpeaker | None = None, clock: Clock | None = None) -> tuple[SpokenReply, FakeSpeaker]:
    speaker = speaker or FakeSpeaker()
    return SpokenReply(Outbox(speaker, lambda: None), not_recorded(), uuid4(), clock or Clock()), speaker


async def test_a_stopped_reply_sends_nothing_and_its_ledger_does_not_grow() -> None:
    spoken, speaker = reply()
    await spoken.reply_piece(piece())
    spoken.stopped = True
    await spoken.reply_text("more")
    await spoken.reply_piece(piece())
    assert [type(each) for each in speaker.events] == [ReplyStarted, ReplyAudio]
    assert spoken.ledger.total_ms == 500


async def test_what_waits_for_a_slow_connection_is_not_sent_after_the_stop() -> None:
    class Slow(FakeSpeaker):
        async def send(self, event: ToCaller) -> None:
            await asyncio.sleep(0.01)
            await super().send(event)

    spoken, speaker = reply(Slow())
    first = asyncio.create_task(spoken.reply_piece(piece()))
    await asyncio.sleep(0.015)  # its ReplyStarted is sent, its audio is on its way
    second = asyncio.create_task(spoken.reply_piece(piece()))
    await asyncio.sleep(0)
    spoken.stopped = True
    await spoken.clear()
    await asyncio.gather(first, second)
    assert [type(each) for each in speaker.events] == [ReplyStarted, ReplyAudio, ClearPlayback]


async def test_a_lost_connection_is_told_once_and_raises_nothing() -> None:
    told: list[int] = []
    speaker = FakeSpeaker()
    outbox = Outbox(speaker, lambda: told.append(1))
    speaker.gone = True
    spoken = SpokenReply(outbox, not_recorded(), None, Clock())
    await spoken.reply_text("one")
    await spoken.reply_piece(piece())
    assert told == [1]
    assert outbox.lost
    assert spoken.ledger.total_ms == 500  # it is kept for the caller's return


async def test_another_engine_begins_the_reply_anew() -> None:
    spoken, speaker = reply()
    await spoken.reply_text("first try")
    await spoken.reply_piece(piece())
    before = spoken.reply_id
    await spoken.reply_restarted()
    await spoken.reply_text("second")
    assert spoken.reply_id != before
    assert (spoken.text, spoken.ledger.total_ms) == ("second", 0)
    kinds = [type(each).__name__ for each in speaker.events]
    assert kinds == [
        "ReplyStarted",
        "ReplyText",
        "ReplyAudio",
        "ClearPlayback",
        "ReplyFinished",
        "ReplyStarted",
        "ReplyText",
    ]


async def test_the_playback_by_reports() -> None:
    clock = Clock()
    spoken, _ = reply(clock=clock)
    await spoken.reply_piece(piece(1.0))
    spoken.played(400, PlaybackSource.ACKS)
    clock.now = 0.9
    assert spoken.left == 0.6
    assert spoken.heard == 0.4
    assert not spoken.over(1.0)
    spoken.played(1_000, PlaybackSource.ACKS)
    assert spoken.over(1.0)


async def test_the_playback_by_the_clock_with_a_pause_in_it() -> None:
    clock = Clock()
    spoken, speaker = reply(clock=clock)
    await spoken.reply_piece(piece(1.0))
    clock.now = 0.4
    await spoken.pause()
    await spoken.pause()
    clock.now = 5.0
    assert round(spoken.left, 6) == 0.6
    assert not spoken.over(0.5)
    await spoken.resume()
    await spoken.resume()
    clock.now = 5.5
    assert not spoken.over(0.5)
    clock.now = 6.2
    assert spoken.over(0.5)
    assert [type(each) for each in speaker.events[2:]] == [PausePlayback, ResumePlayback]


async def test_a_reply_that_was_never_begun_says_nothing() -> None:
    spoken, speaker = reply()
    await spoken.pause()
    await spoken.clear()
    await spoken.finish(ReplyStatus.INTERRUPTED)
    await spoken.send_again()
    assert speaker.events == []
    await spoken.finish(ReplyStatus.FAILED, "ENGINE_UNAVAILABLE", "No voice.")
    assert [type(each).__name__ for each in speaker.events] == ["ReplyStarted", "ReplyFinished"]


async def test_reports_after_a_return_count_from_what_was_sent_again() -> None:
    spoken, speaker = reply()
    for text in ("one", "two", "three"):
        await spoken.reply_piece(piece(0.5, text))
    spoken.played(700, PlaybackSource.ACKS)
    await spoken.send_again()
    again = [each.text for each in speaker.events if isinstance(each, ReplyAudio) and each.reply_id == spoken.reply_id]
    assert again == ["two", "three"]
    spoken.played(100, PlaybackSource.ACKS)  # the caller hears the second piece anew
    assert spoken.ledger.heard_ms == 700
    spoken.played(1_000, PlaybackSource.ACKS)
    assert spoken.ledger.complete
    assert spoken.ledger.heard_text() == "one two three"


async def test_a_speaker_that_raises_is_not_asked_again() -> None:
    class Counting(FakeSpeaker):
        asked = 0

        async def send(self, event: ToCaller) -> None:
            Counting.asked += 1
            raise CallerGone

    outbox = Outbox(Counting(), lambda: None)
    for _ in range(3):
        assert not await outbox.send(ReplyText(uuid4(), "x"))
    assert Counting.asked == 1
