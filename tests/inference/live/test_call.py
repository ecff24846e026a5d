"""A live call: turns, their replies and their record; typed text, digits, silence, and how a call ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest

from db.enums import CallEndReason, PlaybackSource, Prompt, TurnStatus
from db.errors import Conflict, EngineUnavailable
from db.json_value import Json
from db.turns.live_values import Eagerness, TurnTaking
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.lane import Lane, Priority
from inference.live.caller_events import (
    CallOver,
    CallProblem,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    SpeechEnded,
    SpeechStarted,
    TurnCommitted,
    WordsPartial,
)
from inference.live.ports import CallState
from inference.live.times import CallTimes
from inference.ports import ChatFinished, ChatRequest, TextDelta, ToolRequest
from tests.inference.live.calls import COMPLETE, calling, settle
from tests.inference.live.fakes import FakeRecognizer, FakeRecord, noise, silence, spoken, words_in


async def test_a_caller_is_answered() -> None:
    async with calling() as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        caller.play()
        await caller.wait(0.1)
        assert caller.kinds(WordsPartial) == [
            "SpeechStarted",
            "SpeechEnded",
            "TurnCommitted",
            "ReplyStarted",
            "ReplyText",
            "ReplyAudio",
            "ReplyFinished",
        ]
        committed = caller.all(TurnCommitted)[0]
        assert (committed.text, committed.reopened) == ("my bill is wrong", False)
        assert committed.message_id == caller.all(SpeechStarted)[0].message_id == caller.all(SpeechEnded)[0].message_id
        assert caller.all(ReplyFinished)[0].text == "You said: my bill is wrong"
        assert caller.all(WordsPartial)[-1].text == "my bill is wrong"
        (turn,) = caller.record.turns.values()
        assert turn.status is TurnStatus.COMPLETED
        assert turn.reply == "You said: my bill is wrong"
        assert turn.playback is not None
        assert (turn.playback.source, turn.playback.interrupted) == (PlaybackSource.ACKS, False)
        assert turn.playback.heard_text == "You said: my bill is wrong"


async def test_the_turn_has_its_sound_its_model_call_and_its_times() -> None:
    async with calling() as caller:
        await caller.wait(0.96)
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        caller.play()
        await caller.wait(0.1)
        (turn,) = caller.record.turns.values()
        heard, live = turn.heard, turn.live
        assert heard.audio is not None
        assert heard.audio.mime_type == "audio/wav"
        assert 1_300 <= heard.audio.duration_ms <= 2_000
        assert heard.call is not None
        assert (heard.call.engine, heard.call.output_tokens) == ("fake", 4)
        assert live is not None
        assert live.speech_started_ms == pytest.approx(960, abs=40)
        assert live.speech_ended_ms == pytest.approx(960 + 4 * 256 - 32, abs=40)
        assert live.speculative
        assert live.turn_score == COMPLETE
        assert live.end_decided_ms is not None
        assert live.first_audio_sent_ms is not None
        assert live.first_heard_ms is not None
        assert live.end_decided_ms <= live.first_audio_sent_ms


async def test_no_sound_of_a_reply_leaves_before_the_commit() -> None:
    async with calling() as caller:
        caller.record.reachable.clear()
        await caller.say("my bill is wrong", pause=0.6)
        await asyncio.sleep(0.05)
        assert "begin_turn" not in caller.record.names
        assert not caller.all(ReplyStarted)
        assert not caller.all(TurnCommitted)
        caller.record.reachable.set()
        await caller.answered()
        assert caller.kinds(WordsPartial)[2:4] == ["TurnCommitted", "ReplyStarted"]


async def test_the_next_turns_history_holds_what_was_heard() -> None:
    asked: list[object] = []

    def script(request: object) -> str:
        asked.append(request)
        return "Alpha beta gamma delta epsilon. And more."

    async with calling(llm=FakeChatModel(script)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        caller.play(800)
        await caller.wait(1.3)
        await caller.say("no wait please stop", pause=0.7)
        await caller.answered(2)
        last = asked[-1]
        texts = [getattr(each, "text", None) for each in last.history]  # type: ignore[attr-defined]
        assert texts == ["my bill is wrong", "Alpha beta", "no wait please stop"]


async def test_two_turns_quickly() -> None:
    async with calling() as caller:
        for number, text in enumerate(("my bill is wrong", "and my phone is dead"), 1):
            await caller.say(text, pause=0.6)
            await caller.answered(number)
            caller.play()
        await caller.wait(0.2)
        assert caller.record.texts == ["my bill is wrong", "and my phone is dead"]
        assert [turn.status for turn in caller.record.turns.values()] == [TurnStatus.COMPLETED] * 2
        assert [turn.playback and turn.playback.interrupted for turn in caller.record.turns.values()] == [False] * 2


async def test_noise_is_no_turn() -> None:
    async with calling() as caller:
        await caller.hear(noise(0.4))
        await caller.wait(1)
        await settle()
        assert not caller.record.turns
        assert not caller.all(ReplyStarted)
        assert caller.record.unfinished == []


async def test_work_begun_in_a_pause_is_discarded_when_the_caller_goes_on() -> None:
    asked: list[str] = []

    def script(request: object) -> str:
        asked.append(request.history[-1].text)  # type: ignore[attr-defined]
        return "Fine."

    async with calling(llm=FakeChatModel(script), score=lambda _: 0.0) as caller:
        await caller.say("my number is", pause=0.3)
        await caller.until(lambda: bool(asked))
        await caller.say("four two", pause=2.0)
        await caller.answered()
        assert asked == ["my number is", "my number is four two"]
        assert caller.record.texts == ["my number is four two"]
        assert caller.record.names.count("begin_turn") == 1
        assert len(caller.all(ReplyStarted)) == 1


async def test_on_a_busy_lane_early_work_waits_for_a_longer_pause() -> None:
    recognizer, lane, held = FakeRecognizer(), Lane(1), threading.Event()
    async with calling(recognizer=recognizer, lane=lane, score=lambda _: 0.0) as caller:
        busy = asyncio.create_task(lane.run(Priority.FINAL, lambda: held.wait(10)))
        await caller.say("my number is", pause=0.1)
        await caller.say("four two", pause=0.1)
        assert recognizer.finals == 0
        await caller.wait(0.2)
        assert recognizer.finals == 1
        held.set()
        await busy
        await caller.say("and", pause=0.13)
        assert recognizer.finals == 2, "at once on a lane that is free"
    await lane.close()


async def test_words_are_not_decoded_a_second_time_while_early_work_decodes_them() -> None:
    recognizer = FakeRecognizer(final_seconds=0.5)
    async with calling(recognizer=recognizer, score=lambda _: 0.0) as caller:
        await caller.say("my number is", pause=0.8)
        (stream,) = recognizer.streams
        assert (recognizer.finals, stream.pauses) == (1, 0)
        await asyncio.sleep(0.5)
        await settle()
        await caller.wait(0.1)
        assert stream.pauses == 1, "the segment is closed, with the words that are known"


async def test_digits_that_were_asked_for_end_the_turn_sooner() -> None:
    async def decided(details: dict[str, Json]) -> float:
        async with calling(llm=_Details(details), score=lambda _: 0.0) as caller:
            await caller.say("my bill is wrong", pause=2.0)
            await caller.answered()
            caller.play()
            await caller.wait(0.2)
            await caller.say("4 2 7 1 9")
            for number in range(100):
                await caller.wait(0.032)
                if len(caller.all(SpeechEnded)) == 2:
                    return number * 0.032
            raise AssertionError("no end")

    assert await decided({"expects_digits": [5]}) < 0.6
    assert await decided({"expects_digits": []}) > 1.2


class _Details(FakeChatModel):
    """Replies with details of the model call."""

    def __init__(self, details: dict[str, Json]) -> None:
        super().__init__(lambda _: "What is your number?")
        self.details = details

    async def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        async for item in super().reply(request):
            yield replace(item, details=self.details) if isinstance(item, ChatFinished) else item


async def test_an_engine_that_fails_is_asked_again_and_then_told() -> None:
    recognizer = FakeRecognizer()
    async with calling(recognizer=recognizer) as caller:
        recognizer.errors = [EngineUnavailable("down"), EngineUnavailable("down")]  # the speculation's tries
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        assert caller.record.texts == ["my bill is wrong"]
        caller.play()
        recognizer.errors = [EngineUnavailable("down")] * 8
        await caller.say("my phone is dead", pause=0.6)
        await caller.until(lambda: bool(caller.all(CallProblem)))
        assert caller.all(CallProblem)[0].code == "ENGINE_UNAVAILABLE"
        recognizer.errors = []
        await caller.say("hello again", pause=0.6)
        await caller.answered(2)
        assert caller.record.texts == ["my bill is wrong", "hello again"]


async def test_a_failed_reply_is_told_and_the_call_goes_on() -> None:
    async with calling(llm=FakeChatModel(error=EngineUnavailable("no model"))) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyFinished)))
        finished = caller.all(ReplyFinished)[0]
        assert (finished.status, finished.code) == ("FAILED", "ENGINE_UNAVAILABLE")
        await caller.say("hello", pause=0.6)
        await caller.until(lambda: len(caller.all(ReplyFinished)) == 2)
        assert [turn.status for turn in caller.record.turns.values()] == [TurnStatus.FAILED] * 2


# --- typed text and digits ----------------------------------------------------------------------------------


async def test_typed_text_is_a_turn() -> None:
    async with calling() as caller:
        await caller.call.type_text("hello there")
        await caller.answered()
        (turn,) = caller.record.turns.values()
        assert turn.texts == ["hello there"]
        assert turn.heard.audio is None
        assert not turn.heard.digits


async def test_typed_text_without_a_response_is_kept_for_the_next() -> None:
    async with calling() as caller:
        await caller.call.type_text("one", respond=False)
        await caller.call.type_text("two", respond=False)
        await asyncio.sleep(0.02)
        assert not caller.record.turns
        await caller.call.respond()
        await caller.answered()
        assert caller.record.texts == ["one two"]
        await caller.call.respond()  # there is nothing new
        await asyncio.sleep(0.02)
        assert len(caller.record.turns) == 1


async def test_early_work_knows_nothing_of_what_is_typed_in_the_pause_and_is_not_used() -> None:
    async with calling(score=lambda _: 0.0) as caller:
        await caller.say("my bill is wrong", pause=0.3)
        await caller.call.type_text("since May", respond=False)
        await caller.wait(2.0)
        await caller.answered()
        (turn,) = caller.record.turns.values()
        assert turn.texts == ["since May my bill is wrong"]
        assert turn.reply == "You said: since May my bill is wrong"


async def test_typed_text_is_answered_though_the_words_that_follow_are_not_understood() -> None:
    recognizer = FakeRecognizer()
    async with calling(recognizer=recognizer) as caller:
        await caller.call.type_text("my number is 5", respond=False)
        recognizer.errors = [EngineUnavailable("down")] * 8
        await caller.say("my bill is wrong", pause=0.7)
        await caller.answered()
        assert caller.record.texts == ["my number is 5"]
        await caller.until(lambda: bool(caller.all(CallProblem)))
        assert [each.code for each in caller.all(CallProblem)] == ["ENGINE_UNAVAILABLE"]


async def test_typed_text_after_the_end_is_refused() -> None:
    async with calling() as caller:
        await caller.call.hang_up(CallEndReason.CALLER)
        await caller.running
        with pytest.raises(Conflict):
            await caller.call.type_text("hello")
        assert not caller.record.turns


async def test_typed_text_interrupts_a_reply() -> None:
    async with calling() as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        caller.play(500)
        await caller.call.type_text("stop that")
        await caller.answered(2)
        first, second = caller.record.turns.values()
        assert first.playback is not None
        assert first.playback.interrupted
        assert (second.texts, second.status) == (["stop that"], TurnStatus.COMPLETED)


@pytest.mark.parametrize(("keys", "pause"), [("1234#", 0.0), ("1234", 2.1)])
async def test_digits_are_collected_until_the_hash_or_a_pause(keys: str, pause: float) -> None:
    async with calling() as caller:
        for key in keys:
            await caller.call.type_text(key, digits=True)
            await caller.wait(0.2)
        await caller.wait(pause)
        await caller.answered()
        (turn,) = caller.record.turns.values()
        assert turn.texts == ["1234"]
        assert turn.heard.digits


async def test_digits_wait_for_their_pause() -> None:
    async with calling() as caller:
        for _ in range(5):
            await caller.call.type_text("7", digits=True)
            await caller.wait(1.5)
        assert not caller.record.turns


# --- manual turns -------------------------------------------------------------------------------------------


async def test_a_client_that_commits_its_audio_itself() -> None:
    async with calling() as caller:
        caller.call.configure(TurnTaking(Eagerness.MANUAL))
        assert not await caller.call.commit_audio()
        await caller.say("my bill", pause=4.0)
        await caller.say("is wrong", pause=4.0)
        assert not caller.all(SpeechStarted)
        assert not caller.record.turns
        assert await caller.call.commit_audio()
        await asyncio.sleep(0.02)
        assert not caller.record.turns
        await caller.call.respond()
        await caller.answered()
        assert caller.record.texts == ["my bill is wrong"]


async def test_a_client_that_leaves_the_end_of_turns_to_the_call_while_it_sends_audio() -> None:
    async with calling() as caller:
        caller.call.configure(TurnTaking(eagerness=Eagerness.MANUAL))
        await caller.say("my bill", pause=0.6)
        caller.call.configure(TurnTaking())
        await caller.say("is wrong", pause=0.7)
        await caller.answered()
        assert caller.record.texts == ["my bill is wrong"]


async def test_a_client_that_takes_the_end_of_turns_over_in_a_pause() -> None:
    """The words that were found in the pause are not those of the turn: nothing says that the caller has gone on."""
    async with calling(score=lambda _: 0.0) as caller:
        await caller.say("my bill", pause=0.3)
        caller.call.configure(TurnTaking(eagerness=Eagerness.MANUAL))
        await caller.say("is wrong")
        await caller.call.hang_up(CallEndReason.CALLER)
        await caller.running
        assert caller.record.texts == ["my bill is wrong"]


async def test_a_client_that_takes_the_end_of_turns_over_while_the_caller_goes_on_is_answered() -> None:
    async with calling(tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("my bill", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        await caller.say("is wrong")
        caller.call.configure(TurnTaking(eagerness=Eagerness.MANUAL))
        assert await caller.call.commit_audio()
        await caller.call.respond()
        await caller.until(lambda: " ".join(caller.record.texts) == "my bill is wrong")


async def test_cleared_audio_is_no_turn() -> None:
    async with calling() as caller:
        await caller.say("my bill is wrong")
        assert caller.record.unfinished
        await caller.call.clear_audio()
        assert caller.record.unfinished == []
        await caller.wait(1)
        await caller.say("hello", pause=0.6)
        await caller.answered()
        assert caller.record.texts == ["hello"]


async def test_audio_may_be_committed_before_the_pause_is_over() -> None:
    async with calling(score=lambda _: 0.0) as caller:
        await caller.say("my bill is wrong", pause=0.1)
        assert await caller.call.commit_audio()
        await caller.answered()
        assert caller.record.texts == ["my bill is wrong"]


# --- the assistant speaks first, silence, the end -----------------------------------------------------------


async def test_the_greeting_comes_first_and_is_no_turn() -> None:
    async with calling(greeting=True) as caller:
        await caller.answered()
        assert caller.kinds() == ["ReplyStarted", "ReplyText", "ReplyAudio", "ReplyFinished"]
        assert caller.all(ReplyStarted)[0].turn_id is None
        told = [(Prompt.GREETING, "Hello, this is the billing assistant. How can I help you?")]
        assert caller.record.told("prompted") == told
        assert not caller.record.turns
        caller.play()
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered(2)
        assert caller.record.texts == ["my bill is wrong"]


@pytest.mark.parametrize(
    ("language", "greeting"),
    [
        ("de", "Guten Tag, hier ist der Rechnungsassistent. Wie kann ich Ihnen helfen?"),
        ("it", "Buongiorno, come posso aiutarla?"),  # the agent has none in it
    ],
)
async def test_the_greeting_is_the_agents_own_in_the_language_of_the_call(language: str, greeting: str) -> None:
    async with calling(FakeRecord(language=language), greeting=True) as caller:
        await caller.answered()
        assert caller.record.told("prompted") == [(Prompt.GREETING, greeting)]


async def test_a_call_that_goes_on_is_not_greeted_again() -> None:
    state = FakeRecord().state
    resumed = CallState(state.call_id, state.tenant_id, state.session_id, "en", "billing_agent", elapsed_ms=5_000)
    async with calling(FakeRecord(resumed), greeting=True) as caller:
        await caller.wait(0.5)
        assert caller.kinds() == []


async def test_a_greeting_may_be_interrupted() -> None:
    async with calling(greeting=True) as caller:
        await caller.answered()
        caller.play(300)
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered(2)
        assert "ClearPlayback" in caller.kinds()
        assert caller.record.texts == ["my bill is wrong"]


async def test_silence_is_asked_about_and_then_ends_the_call() -> None:
    async with calling(FakeRecord(language="es"), times=CallTimes(still_there=3, give_up=2)) as caller:
        await caller.wait(2.8)
        assert caller.record.told("prompted") == []
        await caller.wait(0.4)
        await caller.answered()
        assert caller.record.told("prompted") == [(Prompt.STILL_THERE, "¿Sigue ahí?")]
        caller.play()
        await caller.wait(1.8)
        assert not caller.running.done()
        await caller.wait(0.4)
        assert await caller.running is CallEndReason.SILENCE
        assert caller.all(CallOver)[-1].reason is CallEndReason.SILENCE
        assert caller.record.ended is CallEndReason.SILENCE


async def test_a_caller_who_speaks_again_is_not_given_up() -> None:
    async with calling(times=CallTimes(still_there=3, give_up=2)) as caller:
        for number in range(1, 4):
            await caller.wait(3.1)
            await caller.until(lambda number=number: len(caller.all(ReplyFinished)) == 2 * number - 1)  # type: ignore[misc]
            caller.play()
            await caller.say("hello", pause=0.6)
            await caller.answered(2 * number)
            caller.play()
        assert not caller.running.done()
        assert len(caller.record.told("prompted")) == 3


async def test_the_assistant_ends_the_call_after_the_goodbye_was_heard() -> None:
    async with calling(llm=_Details({"ends_call": True})) as caller:
        await caller.say("goodbye", pause=0.6)
        await caller.answered()
        await caller.wait(0.2)
        assert not caller.running.done()
        caller.play()
        await caller.wait(0.1)
        assert await caller.running is CallEndReason.ASSISTANT


async def test_a_call_ends_after_its_longest_time() -> None:
    async with calling(times=CallTimes(still_there=None, longest_call=5)) as caller:
        await caller.wait(4.3)
        assert not caller.running.done()
        await caller.hear(spoken("my bill is wrong"))
        assert await caller.running is CallEndReason.TOO_LONG
        assert caller.record.texts == ["my bill is"]  # what was said until then


async def test_who_hangs_up_while_speaking_has_said_it() -> None:
    async with calling() as caller:
        await caller.say("my bill is wrong")
        await caller.call.hang_up(CallEndReason.CALLER)
        assert await caller.running is CallEndReason.CALLER
        (turn,) = caller.record.turns.values()
        assert turn.texts == ["my bill is wrong"]
        assert words_in(np.concatenate([turn.heard.transcript and spoken(turn.texts[0])])) == "my bill is wrong"
        await caller.until(lambda: turn.status is TurnStatus.COMPLETED)
        assert turn.reply == "You said: my bill is wrong"
        assert caller.record.names.index("begin_turn") < caller.record.names.index("end")


async def test_who_hangs_up_over_a_reply_has_heard_what_was_played() -> None:
    async with calling() as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        caller.play(700)
        await caller.call.hang_up(CallEndReason.CALLER)
        await caller.running
        (turn,) = caller.record.turns.values()
        assert turn.status is TurnStatus.COMPLETED
        assert turn.playback is not None
        assert (turn.playback.interrupted, turn.playback.heard_ms) == (True, 700)


async def test_audio_after_the_end_is_dropped() -> None:
    async with calling() as caller:
        await caller.call.hang_up(CallEndReason.CALLER)
        await caller.running
        await asyncio.wait_for(caller.call.hear(silence(10)), 30)
        assert not await caller.call.interrupt()
        assert not await caller.call.commit_audio()
        assert not caller.all(ReplyAudio)


async def test_what_was_accepted_before_the_hang_up_is_stored_however_far_behind_the_call_is() -> None:
    """The call's task has not yet looked at the audio and the message when the caller hangs up."""
    async with calling() as caller:
        await settle()
        await caller.call.hear(spoken("my bill is wrong"))
        typed = asyncio.create_task(caller.call.type_text("and my phone"))
        await asyncio.sleep(0)
        await caller.call.hang_up(CallEndReason.CALLER)
        assert await caller.running is CallEndReason.CALLER
        await typed
        assert " ".join(sorted(caller.record.texts)) == "and my phone my bill is wrong"
