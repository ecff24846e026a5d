"""Speech over a reply: interruptions in each phase of a turn, backchannels, noise, and replies that go on."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from db.enums import PlaybackSource, TurnStatus
from db.turns.live_values import TurnTaking
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.live.caller_events import (
    ClearPlayback,
    PausePlayback,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    ReplyStatus,
    ResumePlayback,
    SpeechStarted,
)
from inference.live.interruption import Verdict, verdict
from tests.inference.live.calls import Caller, calling
from tests.inference.live.fakes import FakeRecognizer, noise, spoken, words_in

LONG = "Alpha beta gamma delta epsilon zeta eta theta. Iota kappa lambda mu nu xi omicron pi rho."


def talkative() -> FakeChatModel:
    return FakeChatModel(lambda _: LONG)


async def replying(caller: Caller, heard_ms: float = 1_500, text: str = "my bill is wrong") -> None:
    """A turn whose reply plays, past the time in which the caller may go on."""
    await caller.say(text, pause=0.6)
    await caller.answered()
    caller.play(heard_ms)
    await caller.wait(1.3)


@pytest.mark.parametrize(
    ("words", "speaking", "waited", "listens", "expected"),
    [
        ("", True, 0.3, False, Verdict.WAIT),
        ("", False, 0.3, False, Verdict.WAIT),
        ("", True, 0.5, False, Verdict.TAKES_TURN),
        ("", False, 0.5, False, Verdict.GOES_ON),
        ("no", True, 0.1, False, Verdict.TAKES_TURN),
        ("uh-huh", True, 0.3, True, Verdict.WAIT),
        ("uh-huh", False, 0.3, True, Verdict.GOES_ON),
        ("uh-huh", True, 0.5, True, Verdict.GOES_ON),
    ],
)
def test_the_verdict(words: str, speaking: bool, waited: float, listens: bool, expected: Verdict) -> None:
    assert verdict(words, speaking=speaking, waited=waited, decide=0.5, listens=listens) is expected


async def test_an_interruption_ends_the_turn_with_what_was_heard() -> None:
    async with calling(llm=talkative()) as caller:
        await replying(caller)
        await caller.say("no wait please stop", pause=0.7)
        await caller.answered(2)
        assert caller.kinds().index("PausePlayback") < caller.kinds().index("ClearPlayback")
        first_reply = caller.all(ReplyStarted)[0].reply_id
        assert caller.all(ClearPlayback) == [ClearPlayback(first_reply, 1_500)]
        first, second = caller.record.turns.values()
        assert first.playback is not None
        assert first.playback.interrupted
        assert first.playback.heard_text == "Alpha beta gamma delta"
        assert second.texts == ["no wait please stop"]
        assert second.status is TurnStatus.COMPLETED


async def test_the_pause_comes_within_96_ms_of_speech() -> None:
    async with calling(llm=talkative()) as caller:
        await replying(caller)
        await caller.hear(spoken("no")[: 3 * 512])
        assert caller.all(PausePlayback)
        assert not caller.all(ClearPlayback)


async def test_a_reply_that_is_still_made_stops() -> None:
    async with calling(llm=talkative(), tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        caller.play(100)
        await caller.wait(1.3)
        await caller.say("no wait please", pause=0.7)
        await caller.until(lambda: len(caller.record.turns) == 2)
        first = next(iter(caller.record.turns.values()))
        assert first.status is TurnStatus.CANCELLED
        assert first.playback is not None
        assert first.playback.interrupted
        reply = caller.all(ReplyStarted)[0].reply_id
        cleared = caller.speaker.events.index(caller.all(ClearPlayback)[0])
        later = caller.speaker.events[cleared:]
        assert not [each for each in later if isinstance(each, ReplyAudio) and each.reply_id == reply]
        finished = [each.status for each in caller.all(ReplyFinished) if each.reply_id == reply]
        assert finished == [ReplyStatus.INTERRUPTED]


async def test_an_interruption_between_the_commit_and_the_first_sound() -> None:
    async with calling(llm=talkative(), tts=FakeSynthesizer(delay=0.3)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: "begin_turn" in caller.record.names)
        assert not caller.all(ReplyAudio)
        await caller.wait(1.3)
        await caller.say("no wait please", pause=0.7)
        await caller.until(lambda: len(caller.record.turns) == 2)
        first, second = caller.record.turns.values()
        assert first.status is TurnStatus.CANCELLED
        assert first.playback is not None
        assert (first.playback.heard_text, first.playback.heard_ms) == ("", 0)
        assert second.texts == ["no wait please"]


async def test_speech_before_the_commit_waits_for_it() -> None:
    """What was said first is stored, whatever becomes of its reply."""
    async with calling(llm=talkative()) as caller:
        caller.record.reachable.clear()
        await caller.say("my bill is wrong", pause=0.6)
        await caller.wait(1.3)
        await caller.say("no wait please", pause=0.7)
        assert not caller.record.turns
        caller.record.reachable.set()
        await caller.answered()
        assert caller.record.texts == ["my bill is wrong", "no wait please"]
        first, second = caller.record.turns.values()
        assert (first.status, second.status) == (TurnStatus.CANCELLED, TurnStatus.COMPLETED)


@pytest.mark.parametrize("words", ["uh-huh", "okay", "yeah right"])
async def test_a_backchannel_does_not_stop_the_reply(words: str) -> None:
    async with calling(llm=talkative()) as caller:
        await replying(caller)
        await caller.say(words, pause=1.0)
        await caller.until(lambda: "clear_sound" in caller.record.names)
        assert caller.kinds()[-4:].count("ResumePlayback") == 1
        assert not caller.all(ClearPlayback)
        caller.play()
        await caller.wait(0.1)
        (turn,) = caller.record.turns.values()
        assert turn.playback is not None
        assert not turn.playback.interrupted
        assert caller.record.unfinished == []


async def test_a_backchannel_of_the_calls_own() -> None:
    async with calling(llm=talkative()) as caller:
        caller.call.configure(TurnTaking(backchannels=("bueno",)))
        await replying(caller)
        await caller.say("bueno", pause=1.0)
        assert caller.all(ResumePlayback)
        await caller.say("okay", pause=1.0)
        await caller.answered(2)
        assert caller.record.texts[-1] == "okay"


async def test_a_cough_does_not_stop_the_reply() -> None:
    async with calling(llm=talkative()) as caller:
        await replying(caller)
        await caller.hear(noise(0.2))
        await caller.wait(1)
        assert caller.all(ResumePlayback)
        assert not caller.all(ClearPlayback)
        assert len(caller.record.turns) == 1


async def test_words_after_a_backchannel_take_the_turn() -> None:
    async with calling(llm=talkative()) as caller:
        await replying(caller)
        await caller.say("okay", pause=0.3)
        assert caller.all(ResumePlayback)
        await caller.say("but please stop now", pause=0.7)
        await caller.answered(2)
        assert caller.all(ClearPlayback)
        assert caller.record.texts[-1] == "okay but please stop now"


async def test_final_words_may_take_the_turn_when_partials_missed_them() -> None:
    async with calling(llm=talkative(), recognizer=FakeRecognizer(partial_seconds=9)) as caller:
        await replying(caller)
        await caller.say("stop", pause=1.0)
        await caller.answered(2)
        assert caller.record.texts[-1] == "stop"
        assert caller.all(ClearPlayback)


async def test_yes_to_the_end_of_a_question_answers_it() -> None:
    async with calling(llm=FakeChatModel(lambda _: "Shall I file that complaint for you now, Maria?")) as caller:
        await replying(caller)
        reply = caller.all(ReplyStarted)[0].reply_id
        caller.play(caller.speaker.audio_ms(reply) - 500)
        await caller.say("yes", pause=0.7)
        await caller.answered(2)
        assert caller.record.texts[-1] == "yes"


async def test_an_answer_at_the_last_sound_is_no_interruption() -> None:
    async with calling() as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        reply = caller.all(ReplyStarted)[0].reply_id
        await caller.wait(1.3)
        caller.play(caller.speaker.audio_ms(reply) - 100)
        await caller.say("yes please", pause=0.7)
        await caller.answered(2)
        assert not caller.all(PausePlayback)
        assert not caller.all(ClearPlayback)
        first = next(iter(caller.record.turns.values()))
        assert first.playback is not None
        assert not first.playback.interrupted


async def test_a_reply_that_may_not_be_interrupted() -> None:
    async with calling(llm=talkative()) as caller:
        caller.call.configure(TurnTaking(interruptible=False))
        await replying(caller)
        started = len(caller.all(SpeechStarted))
        await caller.say("no wait please stop", pause=1.0)
        assert len(caller.all(SpeechStarted)) == started
        assert not caller.all(PausePlayback)
        await caller.call.type_text("later")
        await asyncio.sleep(0.02)
        assert len(caller.record.turns) == 1
        caller.play()
        await caller.answered(2)
        assert caller.record.texts == ["my bill is wrong", "later"]
        assert not caller.all(ClearPlayback)


async def test_the_client_interrupts() -> None:
    async with calling(llm=talkative()) as caller:
        assert not await caller.call.interrupt()
        await replying(caller, 1_500)
        assert await caller.call.interrupt()
        await caller.until(lambda: "interrupted" in caller.record.names)
        (turn,) = caller.record.turns.values()
        assert turn.playback is not None
        assert turn.playback.heard_text == "Alpha beta gamma delta"
        assert not await caller.call.interrupt()


async def test_the_transport_stops_the_playback_itself() -> None:
    async with calling(llm=talkative()) as caller:
        await replying(caller, 2_000)
        reply = caller.all(ReplyStarted)[0].reply_id
        caller.call.truncated(reply, 900)
        await caller.until(lambda: "interrupted" in caller.record.names)
        (turn,) = caller.record.turns.values()
        assert turn.playback is not None
        assert (turn.playback.heard_ms, turn.playback.source) == (900, PlaybackSource.TRUNCATE)
        assert not caller.all(ClearPlayback)


async def test_a_truncate_event_after_the_interruption_corrects_the_record() -> None:
    async with calling(llm=talkative()) as caller:
        await replying(caller, 2_000)
        reply = caller.all(ReplyStarted)[0].reply_id
        await caller.call.interrupt()
        caller.call.played(reply, 900, PlaybackSource.TRUNCATE)
        await caller.until(lambda: caller.record.names.count("interrupted") == 2)
        (turn,) = caller.record.turns.values()
        assert turn.playback is not None
        assert turn.playback.heard_ms == 900


async def test_truncate_of_what_was_never_sent() -> None:
    async with calling(llm=talkative()) as caller:
        await replying(caller)
        caller.call.truncated(caller.record.state.call_id, 500)
        await caller.wait(0.1)
        assert not caller.all(ClearPlayback)
        assert "interrupted" not in caller.record.names


async def test_a_reply_without_reports_of_its_playback_was_not_heard() -> None:
    async with calling() as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        await caller.wait(1.6 + 1.0)
        assert "playback_finished" not in caller.record.names
        await caller.wait(1.0)
        (turn,) = caller.record.turns.values()
        assert turn.playback is not None
        assert (turn.playback.heard_ms, turn.playback.source) == (0, PlaybackSource.NONE)


async def test_the_caller_speaks_on_before_the_final_words_over_a_reply_are_known() -> None:
    """A slow recogniser: each utterance is settled in order, and none is forgotten for the next."""
    recognizer = FakeRecognizer(partial_seconds=9)
    async with calling(llm=talkative(), recognizer=recognizer) as caller:
        await replying(caller)
        recognizer.final_seconds = 0.3
        await caller.say("stop", pause=1.0)
        await caller.say("thief", pause=1.0)
        await caller.say("again", pause=1.0)
        assert len(caller.record.turns) == 1, "the final words are not known yet"
        await caller.until(lambda: "again" in caller.record.texts[-1])
        assert " ".join(caller.record.texts) == "my bill is wrong stop thief again"


async def test_a_turn_is_not_gone_on_with_past_an_utterance_that_is_not_decided() -> None:
    """The reply is stopped while the caller speaks a second time over it: the words of its turn stay."""
    recognizer = FakeRecognizer(partial_seconds=9)
    async with calling(llm=talkative(), tts=FakeSynthesizer(delay=0.1), recognizer=recognizer) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        caller.play(100)
        recognizer.final_seconds = 0.2
        await caller.say("stop", pause=0.6)
        await caller.say("thief")
        assert await caller.call.interrupt()
        await caller.wait(1.0)
        await caller.until(lambda: "thief" in caller.record.texts[-1])
        assert " ".join(caller.record.texts) == "my bill is wrong stop thief"


async def test_the_client_interrupts_a_reply_that_came_while_the_caller_speaks() -> None:
    async with calling(llm=talkative(), recognizer=FakeRecognizer(partial_seconds=9)) as caller:
        await replying(caller)
        await caller.hear(spoken("stop"))
        await caller.call.type_text("my address")
        await caller.until(lambda: len(caller.record.turns) == 2)
        assert await caller.call.interrupt()
        await caller.until(lambda: caller.record.names.count("interrupted") == 2)


async def test_sound_of_the_next_words_stays_when_a_cough_before_them_is_dropped() -> None:
    """A connection that takes the call over hears all of what is spoken now."""
    recognizer = FakeRecognizer(partial_seconds=9)
    async with calling(llm=talkative(), recognizer=recognizer) as caller:
        await replying(caller)
        recognizer.final_seconds = 0.1
        await caller.hear(noise(0.2))
        await caller.wait(1.0)
        await caller.say("thief of")
        assert "clear_sound" not in caller.record.names, "the final words of the cough are not known yet"
        await caller.until(lambda: "clear_sound" in caller.record.names)
        assert words_in(np.concatenate(caller.record.unfinished)) == "thief of"
