"""A caller who goes on just after the end of their turn: the same turn with more words, not a second one."""

from __future__ import annotations

import asyncio

import pytest

from db.enums import TurnStatus
from db.errors import EngineUnavailable
from inference.engines.fake.chat import FakeChatModel, echo
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.live.caller_events import (
    ClearPlayback,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    ReplyStatus,
    TurnCommitted,
)
from inference.ports import CompletedToolCall, ToolRequest
from tests.inference.live.calls import calling
from tests.inference.live.fakes import FakeRecognizer, noise
from tests.inference.turn.turns import OneTool

LONG = "Alpha beta gamma delta epsilon zeta eta theta. Iota kappa lambda mu nu xi omicron pi rho."


def long() -> FakeChatModel:
    """Replies with what was said, and two sentences more."""
    return FakeChatModel(lambda request: f"{echo(request)}. {LONG}")


async def test_a_caller_who_goes_on_reopens_the_turn() -> None:
    async with calling(llm=long(), tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("cancel my contract", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        caller.play(200)
        await caller.say("for my phone", pause=0.7)
        await caller.until(lambda: len(caller.all(TurnCommitted)) == 2)
        (turn,) = caller.record.turns.values()
        assert turn.texts == ["cancel my contract", "cancel my contract for my phone"]
        first, second = caller.all(TurnCommitted)
        assert (first.turn_id, first.message_id) == (second.turn_id, second.message_id)
        assert (first.reopened, second.reopened) == (False, True)
        await caller.until(lambda: turn.status is TurnStatus.COMPLETED)
        assert turn.attempt == 2
        assert turn.reply.startswith("You said: cancel my contract for my phone.")
        await caller.answered(2)
        assert [each.status for each in caller.all(ReplyFinished)] == [ReplyStatus.INTERRUPTED, ReplyStatus.COMPLETED]
        assert caller.all(ClearPlayback)
        assert "interrupted" not in caller.record.names
        assert turn.heard.audio is not None
        assert turn.heard.audio.duration_ms > 6 * 256


async def test_before_the_commit_it_is_one_turn_without_a_trace() -> None:
    async with calling(recognizer=FakeRecognizer(final_seconds=0.1)) as caller:
        await caller.say("cancel my contract", pause=0.6)
        await caller.say("for my phone", pause=0.7)
        await caller.answered()
        assert caller.record.texts == ["cancel my contract for my phone"]
        assert "reopen_turn" not in caller.record.names
        assert [each.text for each in caller.all(TurnCommitted)] == ["cancel my contract for my phone"]


async def test_while_the_commit_is_under_way_the_turn_is_reopened_after_it() -> None:
    async with calling() as caller:
        caller.record.commit_seconds = 0.1
        await caller.say("cancel my contract", pause=0.6)
        await caller.say("for my phone", pause=0.7)
        await caller.answered()
        (turn,) = caller.record.turns.values()
        assert turn.texts == ["cancel my contract", "cancel my contract for my phone"]
        assert len(caller.all(ReplyStarted)) == 1


async def test_it_may_go_on_twice() -> None:
    async with calling(llm=long(), tts=FakeSynthesizer(delay=0.1)) as caller:
        for text in ("cancel my contract", "for my phone", "right now"):
            await caller.say(text, pause=1.1)
        await caller.until(lambda: len(caller.all(TurnCommitted)) == 3)
        (turn,) = caller.record.turns.values()
        assert turn.texts[-1] == "cancel my contract for my phone right now"
        assert turn.attempt == 3


@pytest.mark.parametrize(("heard_ms", "later"), [(1_100, 0.0), (0, 1.3)])
async def test_who_has_heard_a_second_or_waited_longer_takes_a_new_turn(heard_ms: int, later: float) -> None:
    async with calling(llm=FakeChatModel(lambda _: LONG), tts=FakeSynthesizer(delay=0.02)) as caller:
        await caller.say("cancel my contract", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        caller.play(heard_ms)
        await caller.wait(later)
        await caller.say("for my phone", pause=0.7)
        await caller.until(lambda: len(caller.all(TurnCommitted)) == 2)
        assert caller.record.texts == ["cancel my contract", "for my phone"]
        assert "reopen_turn" not in caller.record.names


async def test_a_turn_that_has_ended_in_the_record_is_not_reopened() -> None:
    """The reply was complete before the caller went on: their words are a turn of its own, without those before."""
    async with calling() as caller:
        await caller.say("cancel my contract", pause=0.6)
        await caller.answered()
        first = next(iter(caller.record.turns.values()))
        await caller.until(lambda: first.status is TurnStatus.COMPLETED)
        caller.play(100)
        await caller.say("for my phone", pause=0.7)
        await caller.until(lambda: len(caller.all(TurnCommitted)) == 2)
        assert caller.record.texts == ["cancel my contract", "for my phone"]
        assert [each.reopened for each in caller.all(TurnCommitted)] == [False, False]
        assert len({each.message_id for each in caller.all(TurnCommitted)}) == 2


@pytest.mark.parametrize("sound", ["noise", "uh-huh"])
async def test_a_sound_or_backchannel_does_not_reopen(sound: str) -> None:
    async with calling(llm=long(), tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        caller.play(200)
        if sound == "noise":
            await caller.hear(noise(0.2))
        else:
            await caller.say(sound)
        await caller.wait(1.0)
        await caller.answered()
        (turn,) = caller.record.turns.values()
        assert turn.texts == ["my bill is wrong"]
        assert not caller.all(ClearPlayback)


async def test_cleared_audio_answers_what_was_said_before() -> None:
    async with calling(llm=long(), tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        caller.play(200)
        await caller.say("and furthermore")
        await caller.call.clear_audio()
        await caller.until(lambda: len(caller.all(TurnCommitted)) == 2)
        (turn,) = caller.record.turns.values()
        await caller.until(lambda: turn.status is TurnStatus.COMPLETED)
        assert turn.texts == ["my bill is wrong", "my bill is wrong"]
        assert turn.reply.startswith("You said: my bill is wrong.")


async def test_a_message_typed_meanwhile_stays_when_the_caller_goes_on_once_more() -> None:
    """The turn's recognition has all of its spoken words, but what was typed is only in the attempt that took it."""
    async with calling(llm=long(), tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("cancel my contract", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        caller.play(200)
        await caller.say("for my")
        await caller.call.type_text("number five")
        await caller.say("phone", pause=1.1)
        for text, commits in (("right now", 3), ("please", 4)):
            await caller.say(text, pause=1.1)
            await caller.until(lambda commits=commits: len(caller.all(TurnCommitted)) == commits)  # type: ignore[misc]
        (turn,) = caller.record.turns.values()
        assert turn.texts[1] == "number five cancel my contract for my phone"
        assert turn.texts[-1] == "number five cancel my contract for my phone right now please"


async def test_words_of_a_turn_that_could_not_be_reopened_stay_when_the_caller_goes_on() -> None:
    """Two utterances become a turn of their own, since the one before has ended; a third goes on with them."""
    recognizer = FakeRecognizer()
    async with calling(recognizer=recognizer, llm=long(), tts=FakeSynthesizer(delay=0.03)) as caller:
        await caller.say("cancel my contract", pause=0.6)
        await caller.answered()
        first = next(iter(caller.record.turns.values()))
        await caller.until(lambda: first.status is TurnStatus.COMPLETED)
        caller.play(100)
        recognizer.final_seconds = 0.1
        await caller.say("for my phone", pause=0.6)
        await caller.say("right now", pause=0.7)  # before the commit
        await caller.until(lambda: len(caller.record.turns) == 2)
        second = list(caller.record.turns.values())[1]
        assert second.texts == ["for my phone right now"]
        await caller.say("please", pause=0.7)
        await caller.until(lambda: len(second.texts) == 2)
        assert second.texts[1] == "for my phone right now please"


async def test_a_turn_that_could_not_be_reopened_while_the_caller_goes_on_with_it() -> None:
    """The third attempt knows which turn the second has become, and the caller's side is told of that one."""
    async with calling(llm=long()) as caller:
        await caller.say("cancel my contract", pause=0.6)
        await caller.answered()
        first = next(iter(caller.record.turns.values()))
        await caller.until(lambda: first.status is TurnStatus.COMPLETED)
        caller.play(100)
        caller.record.commit_seconds = 0.1
        await caller.say("for my phone", pause=0.6)
        await caller.say("right now", pause=0.7)  # while the commit is under way
        await caller.until(lambda: len(caller.all(TurnCommitted)) >= 2 and "right" in caller.record.texts[-1])
        await caller.answered(2)
        second_id, second = list(caller.record.turns.items())[1]
        assert second.texts[-1] == "for my phone right now"
        assert second.heard.turn_id == second_id
        assert {each.turn_id for each in caller.all(TurnCommitted)} <= set(caller.record.turns)
        assert caller.all(ReplyStarted)[-1].turn_id == second_id


async def test_a_turn_that_is_stopped_before_it_becomes_one_of_its_own_is_not_answered() -> None:
    async with calling(llm=long()) as caller:
        await caller.say("cancel my contract", pause=0.6)
        await caller.answered()
        first = next(iter(caller.record.turns.values()))
        await caller.until(lambda: first.status is TurnStatus.COMPLETED)
        caller.play(100)
        caller.record.commit_seconds = 0.1
        await caller.say("for my phone", pause=0.7)
        assert await caller.call.interrupt()
        await caller.until(lambda: caller.record.names.count("interrupted") == 1)
        assert caller.record.texts == ["cancel my contract", "for my phone"]
        assert len(caller.all(ReplyStarted)) == 1


async def test_recognition_that_fails_does_not_lose_the_turn_before() -> None:
    recognizer = FakeRecognizer()
    async with calling(recognizer=recognizer, llm=long(), tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        caller.play(200)
        await caller.say("for my phone", pause=0.2)
        recognizer.errors = [EngineUnavailable("down")] * 8
        await caller.wait(0.7)
        (turn,) = caller.record.turns.values()
        await caller.until(lambda: turn.status is TurnStatus.COMPLETED)
        assert turn.texts[-1] == "my bill is wrong"
        assert turn.reply.startswith("You said: my bill is wrong.")


async def test_a_tool_runs_once_and_not_before_the_commit() -> None:
    """Early work stops at the first tool request; the tool runs after the commit, for the words of the commit."""
    box = OneTool()

    def script(request: object) -> object:
        history = request.history  # type: ignore[attr-defined]
        if isinstance(history[-1], CompletedToolCall):
            return "Done."
        return [ToolRequest("call-1", "note", {"query": history[-1].text})]

    async with calling(llm=FakeChatModel(script), toolbox=box, score=lambda _: 0.0) as caller:  # type: ignore[arg-type]
        await caller.say("my bill", pause=0.4)
        await asyncio.sleep(0.03)
        assert not box.calls
        await caller.say("is wrong", pause=2.0)
        await caller.answered()
        assert [arguments["query"] for _, arguments, _ in box.calls] == ["my bill is wrong"]
