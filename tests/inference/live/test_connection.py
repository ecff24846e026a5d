"""Lost and resumed connections, calls taken over, a record out of reach, and audio without a bound."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace

import numpy as np
import pytest

from db.enums import CallEndReason, PlaybackSource, TurnStatus
from db.turns.live_values import Eagerness, TurnTaking
from inference.audio.vad import FRAME
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.live.caller_events import CallOver, CallProblem, ReplyAudio, ReplyFinished, ReplyStarted, SpeechStarted
from inference.live.inbox import AudioInbox
from inference.live.ports import CallerGone, CallState
from inference.live.times import CallTimes
from inference.ports import SAMPLE_RATE, JournalLost, Speech, Superseded, TextDelta
from tests.inference.live.calls import Caller, calling
from tests.inference.live.fakes import FakeRecognizer, FakeRecord, FakeSpeaker, noise, silence, spoken

LONG = "Alpha beta gamma delta epsilon zeta eta theta. Iota kappa lambda mu nu xi omicron pi rho."


def talkative() -> FakeChatModel:
    return FakeChatModel(lambda _: LONG)


async def dropped(caller: Caller) -> None:
    caller.call.lost()
    with pytest.raises(CallerGone):
        await asyncio.wait_for(caller.running, 30)


def resume(caller: Caller, record: FakeRecord | None = None) -> Caller:
    """The same call on another connection."""
    record, speaker = record or caller.record.taken_over(), FakeSpeaker()
    assert caller.call.resume(record, speaker)
    return Caller(caller.call, record, speaker)


async def test_a_turn_whose_caller_is_gone_goes_on_in_the_record() -> None:
    async with calling(llm=talkative(), tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        await dropped(caller)
        (turn,) = caller.record.turns.values()
        assert caller.record.names[-1] == "dropped"
        await caller.until(lambda: turn.status is TurnStatus.COMPLETED)
        assert turn.reply == LONG


async def test_a_connection_that_does_not_read_is_lost() -> None:
    async with calling(llm=talkative()) as caller:
        await caller.say("my bill is wrong", pause=0.3)
        caller.speaker.gone = True
        await caller.wait(0.3)
        with pytest.raises(CallerGone):
            await asyncio.wait_for(caller.running, 30)
        (turn,) = caller.record.turns.values()
        await caller.until(lambda: turn.status is TurnStatus.COMPLETED)


async def test_a_resumed_call_plays_what_was_not_heard() -> None:
    async with calling(llm=talkative()) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        pieces = caller.all(ReplyAudio)
        assert len(pieces) >= 2
        first_ms = pieces[0].samples.size / pieces[0].sample_rate * 1000
        caller.play(first_ms + 10)
        await dropped(caller)
        again = resume(caller)
        await again.until(lambda: bool(again.all(ReplyAudio)))
        assert [each.text for each in again.all(ReplyAudio)] == [each.text for each in pieces[1:]]
        assert again.all(ReplyStarted)[0].reply_id != caller.all(ReplyStarted)[0].reply_id
        again.play()
        await again.wait(0.1)
        (turn,) = again.record.turns.values()
        assert turn.playback is not None
        assert turn.playback.heard_text == LONG
        assert turn.playback.heard_ms <= turn.playback.total_ms
        await again.say("thank you", pause=0.6)
        await again.until(lambda: len(again.record.turns) == 2)
        again.running.cancel()


async def test_a_reply_that_is_still_made_goes_on_to_the_caller_who_is_back() -> None:
    async with calling(llm=talkative(), tts=FakeSynthesizer(delay=0.1)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        await dropped(caller)
        again = resume(caller)
        await again.until(lambda: bool(again.all(ReplyFinished)))
        assert " ".join(each.text for each in again.all(ReplyAudio)) == LONG
        again.running.cancel()


async def test_speech_cut_by_a_lost_connection_is_one_utterance() -> None:
    async with calling() as caller:
        await caller.say("my bill")
        await dropped(caller)
        assert not caller.record.turns
        again = resume(caller)
        await again.say("is wrong", pause=0.6)
        await again.until(lambda: bool(again.record.turns))
        assert again.record.texts == ["my bill is wrong"]
        again.running.cancel()


async def test_another_process_takes_the_call_up_from_the_record() -> None:
    async with calling() as caller:
        await caller.say("my bill")
        taken = caller.record.taken_over()
        async with calling(taken) as other:
            await other.say("is wrong", pause=0.6)
            await other.answered()
            assert other.record.texts == ["my bill is wrong"]
            assert other.record.names.count("begin_turn") == 1


async def test_a_call_that_was_taken_over_ends_silently() -> None:
    async with calling() as caller:
        await caller.say("my bill")
        caller.record.superseded = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(caller.hear(spoken("is wrong")), 1)
        with pytest.raises(Superseded):
            await asyncio.wait_for(caller.running, 30)
        assert not caller.all(CallOver)
        assert not caller.all(CallProblem)
        await asyncio.wait_for(caller.call.hang_up(CallEndReason.CALLER), 30)


async def test_a_session_that_ends_meanwhile_ends_the_call() -> None:
    """The process is told by hang_up; the record has ended already."""
    async with calling() as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        caller.record.ended = CallEndReason.CLOSED
        await caller.call.hang_up(CallEndReason.CLOSED)
        with pytest.raises(Superseded):
            await asyncio.wait_for(caller.running, 30)


async def test_a_record_out_of_reach_ends_the_call_as_failed() -> None:
    async with calling() as caller:
        await caller.say("my bill is wrong", pause=0.3)
        caller.record.lost = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(caller.wait(0.4), 1)
        with pytest.raises(JournalLost):
            await asyncio.wait_for(caller.running, 30)
        assert caller.all(CallProblem)[-1].code == "DATABASE_UNAVAILABLE"
        assert caller.all(CallOver) == [CallOver(CallEndReason.FAILED)]
        assert not caller.all(ReplyAudio)


async def test_a_record_that_comes_back_has_everything() -> None:
    async with calling() as caller:
        caller.record.reachable.clear()
        await caller.say("my bill is wrong", pause=0.6)
        await caller.wait(2)
        await caller.say("and my phone is dead", pause=0.6)
        await caller.wait(2)
        caller.record.reachable.set()
        await caller.answered()
        assert caller.record.texts == ["my bill is wrong", "and my phone is dead"]


async def test_a_dropped_call_that_is_not_resumed_keeps_what_was_said() -> None:
    async with calling() as caller:
        await caller.say("my bill is wrong")
        await dropped(caller)
        await caller.call.hang_up(CallEndReason.DROPPED)
        assert caller.record.texts == ["my bill is wrong"]
        assert caller.record.ended is CallEndReason.DROPPED


async def test_a_call_that_is_stopped_leaves_no_task() -> None:
    async with calling(llm=talkative(), tts=FakeSynthesizer(delay=0.2)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: "begin_turn" in caller.record.names)
        caller.running.cancel()
        await asyncio.wait({caller.running})
        (turn,) = caller.record.turns.values()
        assert turn.status is TurnStatus.RUNNING  # another worker takes it over
        names = [task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}]
        assert not [each for each in names if "turn" in each or "engine" in each or "relay" in each]


async def test_a_turn_that_runs_elsewhere_is_followed() -> None:
    record = FakeRecord()
    record.busy = True
    tone = np.full(8_000, 0.1, np.float32)
    record.elsewhere = [
        TextDelta("All is "),
        TextDelta("well."),
        Speech(tone, 16_000, "All is well."),
        TurnStatus.COMPLETED,
    ]
    async with calling(record) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        caller.play()
        await caller.wait(0.1)
        (turn,) = record.turns.values()
        assert turn.status is TurnStatus.QUEUED
        assert caller.all(ReplyFinished)[0].text == "All is well."
        assert turn.playback is not None
        assert turn.playback.heard_text == "All is well."


async def test_a_turn_elsewhere_that_was_cancelled_by_a_client_stops() -> None:
    record = FakeRecord()
    record.busy = True
    record.elsewhere = [
        TextDelta("All is well."),
        Speech(np.zeros(16_000, np.float32), 16_000, "All is well."),
        TurnStatus.CANCELLED,
    ]
    async with calling(record) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyFinished)))
        assert "ClearPlayback" in caller.kinds()


async def test_a_turn_that_was_cancelled_by_a_client_stops() -> None:
    record = FakeRecord()
    record.elsewhere = [TurnStatus.CANCELLED]
    async with calling(record, llm=talkative(), tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        (turn,) = record.turns.values()
        turn.status = TurnStatus.CANCELLED
        await caller.until(lambda: bool(caller.all(ReplyFinished)))
        await caller.wait(0.1)
        assert "ClearPlayback" in caller.kinds()
        await caller.say("hello again", pause=0.6)
        await caller.until(lambda: len(record.turns) == 2)


# --- audio without a bound ----------------------------------------------------------------------------------


async def test_ten_minutes_of_noise_take_bounded_memory() -> None:
    recognizer = FakeRecognizer()
    async with calling(recognizer=recognizer, times=CallTimes(still_there=None)) as caller:
        second = noise(1)
        most = 0
        for _ in range(600):
            await caller.hear_fast(second)
            kept = sum(each.samples for each in recognizer.streams if not each.closed)
            most = max(most, kept + sum(each.size for each in caller.record.unfinished))
        assert len(caller.all(SpeechStarted)) >= 4
        assert not caller.record.turns
        assert most <= 4 * 130 * SAMPLE_RATE
        await caller.call.clear_audio()
        await caller.wait(0.5)
        await caller.say("hello", pause=0.6)
        await caller.answered()


async def test_a_client_that_never_commits_is_bounded() -> None:
    async with calling(times=CallTimes(longest_turn=3, still_there=None)) as caller:
        caller.call.configure(TurnTaking(Eagerness.MANUAL))
        await caller.hear_fast(spoken("word " * 60))
        assert sum(each.size for each in caller.record.unfinished) <= 4 * SAMPLE_RATE


async def test_audio_faster_than_real_time_waits() -> None:
    inbox = AudioInbox(CallTimes(ahead=0.3, catch_up=0.5), lambda: None)
    taken = 0

    async def take() -> None:
        nonlocal taken
        while True:
            while inbox.take() is not None:
                taken += 1
            await asyncio.sleep(0.001)

    taking = asyncio.create_task(take())
    begun = time.perf_counter()
    for _ in range(10):
        await inbox.put(silence(0.096))
    passed = time.perf_counter() - begun
    taking.cancel()
    assert 0.5 < passed < 5.0


async def test_audio_that_is_not_taken_fills_the_inbox_and_then_waits() -> None:
    inbox = AudioInbox(CallTimes(ahead=1.0), lambda: None, real_time=False)
    putting = asyncio.create_task(inbox.put(silence(60)))
    await asyncio.sleep(0.01)
    assert not putting.done()
    held = 0
    while inbox.take() is not None:
        held += 1
    assert held * FRAME <= 2 * SAMPLE_RATE
    inbox.close()
    await asyncio.wait_for(putting, 30)


async def test_silence_is_assumed_where_the_client_sends_nothing() -> None:
    inbox = AudioInbox(CallTimes(no_audio=0.05), lambda: None)
    begun = time.perf_counter()
    inbox.assume_silence()
    assert inbox.take() is None
    await asyncio.sleep(0.15)
    inbox.assume_silence()
    frames = 0
    while inbox.take() is not None:
        frames += 1
    assert 2 <= frames <= 2 + (time.perf_counter() - begun) * SAMPLE_RATE / FRAME


async def test_frames_of_any_size_are_heard() -> None:
    async with calling() as caller:
        audio = np.concatenate([spoken("my bill is wrong"), silence(0.6)])
        for size in (160, 777, 1, 3_000):
            for start in range(0, min(audio.size, 40 * size), size):
                await caller.call.hear(audio[start : start + size])
            audio = audio[min(audio.size, 40 * size) :]
        await caller.hear(audio)
        await caller.wait(0.7)
        await caller.answered()
        assert caller.record.texts == ["my bill is wrong"]


async def test_a_state_with_unfinished_audio_is_heard_once() -> None:
    base = FakeRecord().state
    state: CallState = replace(base, elapsed_ms=3_000, heard=spoken("my bill"))
    async with calling(FakeRecord(state)) as caller:
        await caller.say("is wrong", pause=0.6)
        await caller.answered()
        caller.play(0, PlaybackSource.ACKS)
        (turn,) = caller.record.turns.values()
        assert turn.texts == ["my bill is wrong"]
        assert turn.heard.live.speech_started_ms < 3_000


async def test_the_record_knows_the_new_connection_before_the_call_does() -> None:
    """A commit that waited for Postgres is refused by the fence of the connection that is just being made."""
    async with calling() as caller:
        caller.record.reachable.clear()
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: not caller.record.turns)
        caller.call.lost()
        with pytest.raises(CallerGone):
            await asyncio.wait_for(caller.running, 30)
        record = caller.record.taken_over()
        caller.record.reachable.set()
        await asyncio.sleep(0.05)
        assert not record.turns
        again = resume(caller, record)
        await again.until(lambda: record.texts == ["my bill is wrong"])
        again.running.cancel()
