"""Phone calls through a simulated network to the real call and its record in Postgres."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from db.commands.calls import close_call
from db.enums import CallEndReason
from db.postgres.database import Database
from db.viewer import Viewer
from inference.live.echo import EchoCanceller
from inference.live.ports import LiveCall
from inference.live.times import CallTimes
from inference.ports import ChatRequest
from tests.graph.voice.twilio.exchange import Exchange, exchange
from tests.graph.voice.twilio.simulator import CALLER, SILENCE, Disturbance, PhoneCall, calling
from tests.graph.voice.twilio.tones import music, said
from tests.waiting import until

_SHORT, _LONG = "Thirty euros.", "Your bill is high because of calls abroad and fees."


def answer(request: ChatRequest) -> str:
    return _LONG if "why" in str(request.history[-1]) else _SHORT


@pytest.fixture
async def line(database: Database, key: str) -> AsyncIterator[Exchange]:
    async with exchange(database, answer, times=CallTimes(digits_pause=0.5, no_audio=10)) as running:
        yield running


async def rows(database: Database, sql: str) -> list[dict[str, Any]]:
    async with database.reading() as session:
        return [dict(each) for each in (await session.execute(text(sql))).mappings()]


async def calls(database: Database) -> list[dict[str, Any]]:
    return await rows(database, "select * from calls order by id")


async def messages(database: Database) -> list[dict[str, Any]]:
    return await rows(database, "select role, type, text, digits, playback from messages order by id")


async def has_ended(database: Database, reason: CallEndReason) -> None:
    for _ in range(200):
        (call,) = await calls(database)
        if call["end_reason"] == reason.value:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(call)


async def live(line: Exchange, database: Database) -> LiveCall:
    """The call, once its stream is connected."""
    await until(lambda: line.parts.calls.count == 1)
    (row,) = await calls(database)
    await until(lambda: line.parts.calls.call(row["id"]))
    found = line.parts.calls.call(row["id"])
    assert found is not None
    return found


def played_ms(call: PhoneCall) -> float:
    return sum(len(each.played) for each in call.streams) / 8


async def playback(database: Database, reply: int = 0) -> dict[str, Any]:
    """What was heard of a reply, once it is recorded."""
    for _ in range(300):
        replies = [each["playback"] for each in await messages(database) if each["role"] == "ASSISTANT"]
        if len(replies) > reply and replies[reply] is not None:
            found: dict[str, Any] = replies[reply]
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(replies)


async def test_a_caller_is_answered_and_hangs_up(line: Exchange, database: Database) -> None:
    async with calling(line.base) as call:
        call.say(said("what is my bill"))
        heard = await playback(database)
        assert heard["heard_ms"] == heard["total_ms"] == 780
        assert 780 <= played_ms(call) <= 800
        await call.hang_up()
        await has_ended(database, CallEndReason.CALLER)
        await until(lambda: line.parts.calls.count == 0)
    (session,) = await rows(database, "select * from sessions")
    assert (session["channel"], session["customer_id"], session["persona"]) == ("PHONE", CALLER, "billing_agent")
    assert session["metadata"]["callSid"] == call.sid
    assert (await calls(database))[0]["transport"] == "TWILIO"
    question, reply = await messages(database)
    assert (question["role"], question["text"], reply["text"]) == ("USER", "what is my bill", _SHORT)
    assert (heard["heard_text"], heard["interrupted"], heard["source"]) == (_SHORT, False, "MARKS")
    assert call.closed == [1000]


async def test_an_interruption_clears_the_line_and_the_ledger_says_no_more_than_was_played(
    line: Exchange, database: Database
) -> None:
    async with calling(line.base) as call:
        call.say(said("why is it high"))
        await until(lambda: played_ms(call) > 1_500)
        call.say(said("stop that please now"))
        await until(lambda: call.stream.named("clear"))
        await asyncio.sleep(0.1)
        at_clear = played_ms(call)
        await playback(database, 1)
        first = await playback(database)
        assert first["interrupted"]
        assert first["source"] == "MARKS"
        assert 1_000 < first["heard_ms"] <= at_clear
        assert _LONG.startswith(first["heard_text"])
        assert [each["text"] for each in await messages(database) if each["role"] == "USER"][
            1
        ] == "stop that please now"


async def test_a_backchannel_does_not_cut_the_reply(line: Exchange, database: Database) -> None:
    async with calling(line.base) as call:
        call.say(said("why is it high"))
        await until(lambda: played_ms(call) > 1_500)
        call.say(said("okay"))
        await until(lambda: call.stream.named("clear"))
        await until(lambda: call.stream.buffer)
        heard = await playback(database)
        total = heard["total_ms"]
        assert (heard["heard_text"], heard["interrupted"]) == (_LONG, False)
        assert [each["text"] for each in await messages(database)] == ["why is it high", _LONG]
        assert total <= played_ms(call) <= total + 400, "only what was not confirmed is said again"


async def test_digits_reach_the_turn_as_marked_text(line: Exchange, database: Database) -> None:
    async with calling(line.base) as call:
        await until(lambda: call.streams)
        await call.press("1234#")
        await playback(database)
        question, _ = await messages(database)
        assert (question["text"], question["type"], question["digits"]) == ("1234", "TEXT", True)


async def test_the_assistants_side_hangs_up(line: Exchange, database: Database) -> None:
    async with calling(line.base) as call:
        await (await live(line, database)).hang_up(CallEndReason.ASSISTANT)
        await until(lambda: call.status == "completed")
    assert [each.tag for each in call.answers[-1]] == ["Hangup"]
    await has_ended(database, CallEndReason.ASSISTANT)


async def test_a_lost_stream_goes_on_in_another_one_of_the_same_call(line: Exchange, database: Database) -> None:
    async with calling(line.base) as call:
        call.say(said("why is it high"))
        await until(lambda: played_ms(call) > 1_000)
        call.lose_connection()
        await until(lambda: len(call.streams) == 2)
        await playback(database)
        (row,) = await calls(database)
        assert (row["status"], row["drops"], row["connection"]) == ("CONNECTED", 1, 2)
        assert (await playback(database))["heard_text"] == _LONG
        await call.hang_up()
        await has_ended(database, CallEndReason.CALLER)


async def test_a_caller_who_stays_silent_is_asked_and_then_hung_up(database: Database, key: str) -> None:
    times = CallTimes(still_there=0.5, give_up=0.5, no_audio=10)
    async with exchange(database, answer, times=times) as line, calling(line.base) as call:
        await until(lambda: call.status == "completed")
        assert played_ms(call) > 500, "are you still there?"
        assert [each.tag for each in call.answers[-1]] == ["Hangup"]
        await has_ended(database, CallEndReason.SILENCE)
    assert not await messages(database)


async def test_hold_music_is_no_turn(line: Exchange, database: Database) -> None:
    async with calling(line.base) as call:
        call.say(music(2.0) + SILENCE * 10)
        call.say(said("what is my bill"))
        await playback(database)
        assert [each["text"] for each in await messages(database)] == ["what is my bill", _SHORT]


async def test_words_survive_jitter_loss_and_reordering(line: Exchange, database: Database) -> None:
    disturbance = Disturbance(lost=17, swapped=7, jitter=4)
    async with calling(line.base, disturbance=disturbance) as call:
        call.say(said("what is my bill"))
        await playback(database)
        assert (await messages(database))[0]["text"] == "what is my bill"


async def test_a_network_that_runs_fast_is_understood_too(line: Exchange, database: Database) -> None:
    async with calling(line.base, speed=1.3) as call:
        call.say(said("what is my bill"))
        await playback(database)
        assert (await messages(database))[0]["text"] == "what is my bill"


async def test_the_echo_of_a_reply_is_not_speech(database: Database, key: str) -> None:
    times = CallTimes(no_audio=10)
    async with (
        exchange(database, answer, times=times, canceller=EchoCanceller) as line,
        calling(line.base, echo=0.3) as call,
    ):
        call.say(said("why is it high"))
        heard = await playback(database)
        assert (heard["heard_text"], heard["interrupted"]) == (_LONG, False)
        assert not call.stream.named("clear"), "the echo was taken for the caller"


async def test_the_webhook_reports_a_hang_up_that_the_stream_did_not(line: Exchange, database: Database) -> None:
    async with calling(line.base) as call:
        await live(line, database)
        assert (await call.webhook("/v1/twilio/status", CallStatus="completed")).status_code == 204
        await has_ended(database, CallEndReason.CALLER)


async def test_a_call_that_a_client_closes_hangs_up_the_phone(
    line: Exchange, database: Database, viewer: Viewer
) -> None:
    async with calling(line.base) as call:
        await live(line, database)
        (row,) = await calls(database)
        await database.run(lambda session: close_call(session, viewer, call_id=row["id"]))
        await until(lambda: call.status == "completed")
    assert [each.tag for each in call.answers[-1]] == ["Hangup"]
