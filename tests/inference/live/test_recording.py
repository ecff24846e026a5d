"""Recording of a whole call: both sides aligned, interruptions, lost connections, bounds, and none unless asked for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from db.enums import PlaybackSource
from inference.audio.opus import PACKET_MS, OggFile, OpusEncoder, pack, unpack
from inference.audio.vad import FRAME
from inference.live.caller_events import ReplyStatus
from inference.live.outbox import Outbox
from inference.live.recording import CallRecording
from inference.live.reply_track import ReplyTrack
from inference.live.spoken_reply import SpokenReply
from inference.live.tape import CallTape, Stretch
from inference.live.times import CallTimes
from inference.ports import SAMPLE_RATE, Samples, Speech, Superseded
from tests.inference.live.calls import Caller, calling
from tests.inference.live.fakes import FakeRecord, FakeSpeaker, silence, spoken
from tests.inference.live.recordings import click, clicks, file_of, level, sides

_TONE: Samples = (0.5 * np.sin(np.arange(4 * SAMPLE_RATE) * 0.2)).astype(np.float32)


def recorded_record() -> FakeRecord:
    record = FakeRecord()
    record.state = replace(record.state, record=True)
    return record


class Tape:
    """A recording, its call's clock, and a reply on it."""

    def __init__(self) -> None:
        self.segments: dict[int, tuple[int, bytes]] = {}
        self.recording = CallRecording(self._keep, records=True)
        self.seconds = 0.0
        self.reply = SpokenReply(Outbox(FakeSpeaker(), lambda: None), self.recording.tape, None, lambda: self.seconds)

    async def _keep(self, at_ms: int, duration_ms: int, packets: bytes) -> None:
        self.segments[at_ms] = (duration_ms, packets)

    async def hear(self, samples: Samples) -> None:
        for start in range(0, samples.size, FRAME):
            frame = samples[start : start + FRAME]
            self.recording.tape.heard(self.seconds, frame)
            self.seconds += frame.size / SAMPLE_RATE
        await asyncio.sleep(0)

    async def until(self, seconds: float) -> None:
        await self.hear(np.zeros(round((seconds - self.seconds) * SAMPLE_RATE), np.float32))

    async def sides(self) -> tuple[Samples, Samples]:
        await self.recording.store(10, last=True)
        caller, assistant = sides(file_of(self.segments))
        return caller, assistant


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000])
async def test_clicks_of_both_sides_are_at_their_times(rate: int) -> None:
    tape = Tape()
    await tape.hear(click(4, SAMPLE_RATE, at=0.7))
    await tape.reply.reply_piece(Speech(click(1.5, rate, at=0.3), rate, "Hello"))  # sent at 4.0
    await tape.until(4.2)
    tape.reply.played(100, PlaybackSource.ACKS)  # 100 ms on the way: it began at 4.1
    await tape.reply.reply_piece(Speech(click(1.5, rate, at=1.0), rate, "there"))  # plays from 5.6
    await tape.until(8)
    await tape.hear(click(3, SAMPLE_RATE, at=1.25))
    caller, assistant = await tape.sides()
    assert clicks(caller) == pytest.approx([0.7, 9.25], abs=0.02)
    assert clicks(assistant) == pytest.approx([4.4, 6.6], abs=0.02)
    assert caller.size == pytest.approx(11 * SAMPLE_RATE, abs=0.05 * SAMPLE_RATE)


async def test_one_side_is_not_heard_on_the_other() -> None:
    tape = Tape()
    rng = np.random.default_rng(1)
    await tape.hear(rng.normal(0, 0.2, 3 * SAMPLE_RATE).astype(np.float32))
    await tape.reply.reply_piece(Speech(rng.normal(0, 0.2, 3 * SAMPLE_RATE).astype(np.float32), SAMPLE_RATE, "Hi"))
    await tape.until(7)
    caller, assistant = await tape.sides()
    assert (level(caller, 0.1, 2.9) > 0.5, level(assistant, 0.1, 2.9) < 0.01) == (True, True)
    assert (level(assistant, 3.1, 5.9) > 0.5, level(caller, 3.1, 5.9) < 0.01) == (True, True)


async def test_a_reply_that_is_paused_resumed_and_cut_is_heard_so() -> None:
    tape = Tape()
    await tape.until(1)
    await tape.reply.reply_piece(Speech(_TONE, SAMPLE_RATE, "Hello"))
    await tape.until(2)
    await tape.reply.pause()
    await tape.until(2.5)
    await tape.reply.resume()
    await tape.until(3.5)
    await tape.reply.clear()
    await tape.reply.finish(ReplyStatus.INTERRUPTED)
    await tape.until(8)
    _, assistant = await tape.sides()
    assert [level(assistant, a, b) > 0.1 for a, b in ((0, 0.95), (1.05, 1.95), (2.05, 2.45), (2.55, 3.45))] == [
        False,
        True,
        False,
        True,
    ]
    assert level(assistant, 3.55, 8) < 0.05


async def greeted(caller: Caller) -> None:
    await caller.answered()
    caller.play(0)


async def test_a_call_is_not_recorded_by_default() -> None:
    async with calling(greeting=True) as caller:
        await greeted(caller)
        await caller.say("my bill is wrong", pause=4)
    assert caller.record.ended is not None
    assert caller.record.recording == {}


async def test_a_call_is_recorded_with_its_greeting_words_and_replies() -> None:
    record = recorded_record()
    async with calling(record, greeting=True) as caller:
        await greeted(caller)
        caller.play()
        await caller.wait(5)
        await caller.say("my bill is wrong", pause=1)
        await caller.answered(2)
        await caller.wait(3)
    whole = sides(file_of(record.recording))
    heard = next(iter(record.turns.values())).heard
    start, end = heard.live.speech_started_ms / 1000, heard.live.speech_ended_ms / 1000
    assert level(whole[0], 0, start - 0.1) < 0.02, "the caller was silent"
    assert level(whole[0], start, end) == pytest.approx(float(spoken("my bill is wrong").max()), abs=0.05)
    assert level(whole[1], 0.1, 3) > 0.1, "the greeting"
    assert level(whole[1], start, end) < 0.02
    assert level(whole[1], end + 1, end + 3) > 0.1, "the reply"
    order = [name for name in record.names if name in {"end", "recording_complete"}]
    assert order == ["end", "recording_complete"]


async def test_an_interrupted_reply_is_recorded_as_far_as_it_was_played() -> None:
    record = recorded_record()
    async with calling(record, greeting=True) as caller:
        await caller.answered()
        caller.play(0)
        await caller.wait(0.5)
        caller.play(500)
        begins = caller.call._now()
        await caller.say("my bill is wrong")
        assert "ClearPlayback" in caller.kinds()
        await caller.wait(0.2)
        whole = sides(file_of(await stored(caller)))
    assert level(whole[1], 0.2, 0.5) > 0.05
    assert level(whole[1], begins + 0.4, begins + 1.0) < 0.02


async def stored(caller: Caller) -> dict[int, tuple[int, bytes]]:
    await caller.call._recording.store(5)
    return caller.record.recording


async def test_another_process_goes_on_with_the_recording() -> None:
    record = recorded_record()
    with suppress(Superseded):  # as the process finds that has lost the call
        async with calling(record) as caller:
            await caller.wait(5)
            await caller.hear(spoken("my bill"))
            caller.call.lost()
            await asyncio.wait({caller.running})
            first = dict(record.recording)
            newer = record.taken_over()
            end = sum(duration for duration, _ in first.values())
            newer.state = replace(newer.state, elapsed_ms=end, record=True)
            assert newer.state.recorded_ms == end == pytest.approx(5_000 + 512, abs=2 * PACKET_MS + 40)
            async with calling(newer) as again:
                await again.hear(spoken("is wrong"))
                await again.wait(4)
                await again.answered()
    assert set(first) < set(newer.recording)
    whole = sides(file_of(newer.recording))
    assert level(whole[0], 0, 4.9) < 0.02
    for word in range(4):  # each begins with a step, of which the codec keeps no more than the edge
        at = 5.0 + word * 0.256
        assert level(whole[0], at - 0.01, at + 0.05) > 0.03, "nothing is missing between the processes"
    assert level(whole[0], 6.1, 9.5) < 0.02


async def test_a_record_that_is_away_holds_up_neither_call_nor_memory() -> None:
    record = recorded_record()
    async with calling(record, times=CallTimes(still_there=None)) as caller:
        record.reachable.clear()
        async with asyncio.timeout(20):
            await caller.hear_fast(silence(90))
        waiting = len(caller.call._recording._waiting)
        record.reachable.set()
        assert waiting <= 60
        async with asyncio.timeout(5):
            await caller.until(lambda: max(record.recording, default=0) > 50_000)


async def test_a_tape_of_30_minutes_holds_some_seconds() -> None:
    held = 0
    written: list[int] = []

    def emit(stretch: Stretch) -> None:
        assert sum(each.size for each in stretch.caller) == stretch.size
        written.append(stretch.size)

    tape = CallTape(emit, records=True)
    frame = np.zeros(FRAME, np.float32)
    for number in range(30 * 60 * SAMPLE_RATE // FRAME):
        if number % 300 == 0:  # a reply each 9.6 s
            track = ReplyTrack()
            tape.play(track)
            track.sent(number * FRAME, np.zeros(4 * SAMPLE_RATE, np.float32), SAMPLE_RATE)
        tape.heard(number * FRAME / SAMPLE_RATE, frame)
        held = max(held, len(tape._frames) + len(tape._tracks) * 100)
    tape.flush(last=True)
    assert sum(written) == pytest.approx(30 * 60 * SAMPLE_RATE, abs=SAMPLE_RATE)
    assert held < 3.2 * SAMPLE_RATE / FRAME + 300


def test_a_file_of_30_minutes_is_joined_without_decoding() -> None:
    rng = np.random.default_rng(1)
    packets = OpusEncoder().encode(rng.normal(0, 0.1, (SAMPLE_RATE, 2)).astype(np.float32))
    assert pack(unpack(packets)) == packets
    file = OggFile()
    for second in range(30 * 60):
        if second != 700:  # was lost
            file.add(second * 1000, packets)
    file.add(5_000, packets)  # was sent twice
    data = file.close()
    assert file.duration_ms == 30 * 60 * 1000
    assert len(data) < 16_000_000
