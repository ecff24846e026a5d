"""Live calls with their record in Postgres: what GraphQL clients and other processes see of a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import select

from db.commands import calls, sessions, turns
from db.enums import CallEndReason, PlaybackSource, Role, TurnStatus
from db.models.conversation import Message, Turn
from db.postgres.database import Database
from db.viewer import Viewer
from graph.voice.calls import CallTicket
from inference.engines.fake.chat import FakeChatModel, echo
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.journal.call_records import CallRecords
from inference.live.call import Call
from inference.live.caller_events import ClearPlayback, ReplyAudio, ReplyStarted, TurnCommitted
from inference.live.ports import CallerGone
from inference.ports import CompletedToolCall, Speech, Superseded, ToolRequest
from tests.conftest import lent, working
from tests.db.calls.rows import call_of, names, open_call
from tests.db.rows import STORE, eventually, open_session, say
from tests.inference.live.calls import Caller, call_parts, end
from tests.inference.live.fakes import FakeRecognizer, FakeSpeaker
from tests.inference.turn.turns import OneTool

LONG = "Alpha beta gamma delta epsilon zeta eta theta. Iota kappa lambda mu nu xi omicron pi rho."


def long() -> FakeChatModel:
    return FakeChatModel(lambda request: f"{echo(request)}. {LONG}")


class OneSentence(FakeSynthesizer):
    """Speaks the first sentence, and is silent for a long time then."""

    spoken = False

    async def synthesize(self, text: str, *, language: str, voice: str | None) -> AsyncGenerator[Speech, None]:
        if self.spoken:
            await asyncio.sleep(30)
        self.spoken = True
        async with aclosing(super().synthesize(text, language=language, voice=voice)) as pieces:
            async for piece in pieces:
                yield piece


class Line:
    """A voice process with one call of one session."""

    def __init__(self, database: Database, records: CallRecords, ticket: CallTicket, session_id: UUID) -> None:
        self.database, self.records, self.ticket, self.session_id = database, records, ticket, session_id

    @asynccontextmanager
    async def calling(self, **given: Any) -> AsyncIterator[Caller]:
        """A caller who is connected."""
        record, speaker = await self.records.connect(self.ticket), FakeSpeaker()
        call = Call(record, speaker, call_parts(**given), real_time=False)
        caller = Caller(call, cast("Any", record), speaker)
        try:
            yield caller
        finally:
            await end(caller)

    async def turns(self) -> list[Turn]:
        async with self.database.reading() as session:
            found = await session.scalars(select(Turn).where(Turn.session_id == self.session_id).order_by(Turn.number))
            return list(found)

    async def messages(self, role: Role) -> list[Message]:
        async with self.database.reading() as session:
            query = select(Message).where(Message.session_id == self.session_id, Message.role == role)
            return list(await session.scalars(query.order_by(Message.id)))

    async def events(self) -> list[str]:
        return await names(self.database, self.session_id)

    async def until(self, event: str, times: int = 1) -> None:
        """Waits until the session has the event so often."""

        async def there() -> bool:
            return (await self.events()).count(event) >= times

        await eventually(there)


@pytest.fixture
async def line(database: Database, viewer: Viewer) -> AsyncIterator[Line]:
    records = CallRecords(database, STORE, heartbeat_seconds=0.5, poll_seconds=0.1)
    running = asyncio.create_task(records.run())
    session_id = await open_session(database, viewer)
    call = await open_call(database, viewer, session_id)
    try:
        yield Line(database, records, CallTicket(call.tenant_id, call.id), session_id)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await records.close()


async def test_a_call_of_two_turns(line: Line) -> None:
    async with line.calling(greeting=True) as caller:
        await caller.answered()
        caller.play()
        await caller.wait(0.1)
        for number, text in enumerate(("my bill is wrong", "and my phone is dead"), 2):
            await caller.say(text, pause=0.6)
            await caller.answered(number)
            caller.play()
            await caller.wait(0.1)
            await line.until("PlaybackFinished", number - 1)
        await caller.call.hang_up(CallEndReason.CALLER)
        assert await caller.running is CallEndReason.CALLER
    assert [each.text for each in await line.messages(Role.USER)] == ["my bill is wrong", "and my phone is dead"]
    replies = await line.messages(Role.ASSISTANT)
    assert [each.text for each in replies] == ["You said: my bill is wrong", "You said: and my phone is dead"]
    assert [(each.playback or {})["interrupted"] for each in replies] == [False, False]
    turns = await line.turns()
    assert [each.status for each in turns] == [TurnStatus.COMPLETED] * 2
    assert {each.call_id for each in turns} == {line.ticket.call_id}
    assert (turns[0].live or {})["first_heard_ms"] is not None
    events = await line.events()
    assert events[:2] == ["CallStarted", "CallPrompted"]
    assert events[-1] == "CallEnded"
    assert events.index("TurnStarted") < events.index("PlaybackStarted") < events.index("PlaybackFinished")


async def test_an_interruption(line: Line) -> None:
    async with line.calling(llm=long(), tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: len(caller.all(ReplyAudio)) >= 2)
        caller.play(1_100)
        await caller.wait(1.3)
        await caller.say("no please stop", pause=0.7)
        await caller.until(lambda: len(caller.all(TurnCommitted)) == 2)
        await caller.until(lambda: len(caller.all(ReplyStarted)) == 2)
    first, second = await line.turns()
    assert (first.status, second.status) == (TurnStatus.CANCELLED, TurnStatus.COMPLETED)
    heard = (await line.messages(Role.ASSISTANT))[0]
    assert (heard.complete, heard.text) == (False, "You said: my bill")
    assert (heard.playback or {})["heard_ms"] == 1_100
    events = await line.events()
    assert events.count("ReplyInterrupted") == 1


async def test_a_reopened_turn_files_once(line: Line) -> None:
    """The caller goes on while a tool runs: the same turn with more words, and one tool call."""
    box = OneTool(seconds=0.3, repeatable=True)

    def script(request: Any) -> Any:
        last = request.history[-1]
        return "Done." if isinstance(last, CompletedToolCall) else [ToolRequest("call-1", "note", {"query": last.text})]

    async with line.calling(llm=FakeChatModel(script), toolbox=box) as caller:
        await caller.say("cancel my contract", pause=0.6)
        await caller.until(lambda: bool(box.calls))
        await caller.say("for my phone", pause=0.7)
        await caller.until(lambda: len(caller.all(TurnCommitted)) == 2)
        await line.until("TurnCompleted")
    (turn,) = await line.turns()
    assert (turn.attempt, turn.reopened, turn.status) == (2, 1, TurnStatus.COMPLETED)
    assert [each.text for each in await line.messages(Role.USER)] == ["cancel my contract for my phone"]
    assert len({context.tool_call_id for _, _, context in box.calls}) == 1
    events = await line.events()
    assert events.count("TurnReopened") == 1
    assert events.count("ToolCallFinished") == 1


async def test_a_lost_connection_is_resumed_in_the_same_process(line: Line) -> None:
    async with line.calling() as caller:
        await caller.say("my bill")
        caller.call.lost()
        with pytest.raises(CallerGone):
            await caller.running
        assert (await line.events())[-1] == "CallDropped"
        record, speaker = await line.records.connect(line.ticket), FakeSpeaker()
        assert caller.call.resume(record, speaker)
        again = Caller(caller.call, cast("Any", record), speaker)
        await again.say("is wrong", pause=0.6)
        await again.answered()
        assert [each.text for each in await line.messages(Role.USER)] == ["my bill is wrong"]
        await end(again)


async def test_another_process_takes_the_call_up_with_its_unfinished_audio(line: Line) -> None:
    async with line.calling() as caller:
        await caller.say("my bill is really")
        caller.call.lost()
        with pytest.raises(CallerGone):
            await caller.running
        async with line.calling() as other:
            await other.say("wrong", pause=0.6)
            await other.answered()
        assert [each.text for each in await line.messages(Role.USER)] == ["my bill is really wrong"]


async def test_a_turn_whose_caller_is_gone_is_finished(line: Line) -> None:
    async with line.calling(llm=long(), tts=FakeSynthesizer(delay=0.05)) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        caller.call.lost()
        with pytest.raises(CallerGone):
            await caller.running
        await line.until("TurnCompleted")
    (reply,) = await line.messages(Role.ASSISTANT)
    assert reply.complete
    assert reply.text == f"You said: my bill is wrong. {LONG}"


async def test_a_session_that_ends_meanwhile(line: Line, viewer: Viewer) -> None:
    async with line.calling() as caller:
        await caller.say("my bill")
        async with line.database.transaction() as session:
            await sessions.end_session(session, viewer, session_id=line.session_id)
        await caller.say("is wrong", pause=0.3)
        await caller.call.hang_up(CallEndReason.CLOSED)
        with pytest.raises(Superseded):
            await asyncio.wait_for(caller.running, 30)
    assert not await line.turns()
    assert (await call_of(line.database, line.ticket.call_id)).end_reason is CallEndReason.CLOSED


async def test_a_client_cancels_the_turn_while_its_reply_is_spoken(line: Line, viewer: Viewer) -> None:
    """Nothing is written that could be refused, since the speech of the next sentence does not come."""
    async with line.calling(llm=long(), tts=OneSentence()) as caller:
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(ReplyAudio)))
        (turn,) = await line.turns()
        async with line.database.transaction() as session:
            await turns.cancel_turn(session, viewer, turn_id=turn.id)
        await caller.until(lambda: bool(caller.all(ClearPlayback)), 20)
        sent = len(caller.all(ReplyAudio))
        await asyncio.sleep(0.2)
        assert len(caller.all(ReplyAudio)) == sent
    assert [each.status for each in await line.turns()] == [TurnStatus.CANCELLED]


async def test_a_client_closes_the_call(line: Line, viewer: Viewer) -> None:
    async with line.calling() as caller:
        ending: list[asyncio.Task[None]] = []

        def leave(_: UUID) -> None:
            ending.append(asyncio.create_task(caller.call.hang_up(CallEndReason.CLOSED)))

        line.records.leave = leave
        await caller.say("my bill is wrong", pause=0.6)
        await caller.answered()
        async with line.database.transaction() as session:
            await calls.close_call(session, viewer, call_id=line.ticket.call_id)
        await asyncio.wait({caller.running}, timeout=30)
        assert caller.running.done()
    (turn,) = await line.turns()
    assert turn.status is TurnStatus.COMPLETED


async def test_a_turn_behind_an_unfinished_one_is_followed(line: Line, viewer: Viewer) -> None:
    """A message sent by GraphQL runs on a worker; what the caller says then is queued behind it, and spoken here."""

    async with line.calling() as caller:
        await say(line.database, viewer, line.session_id, "typed elsewhere")
        await caller.say("my bill is wrong", pause=0.6)
        await caller.until(lambda: bool(caller.all(TurnCommitted)))
        from inference.engines.fake.transcriber import FakeTranscriber

        engines = lent(FakeTranscriber(), FakeChatModel(), FakeSynthesizer())
        async with working(line.database, engines):
            await caller.answered()
        caller.play(source=PlaybackSource.ACKS)
        await caller.wait(0.1)
        await line.until("PlaybackFinished")
    assert [each.status for each in await line.turns()] == [TurnStatus.COMPLETED] * 2


async def test_recognition_that_lasts_while_the_caller_hangs_up(line: Line) -> None:
    async with line.calling(recognizer=FakeRecognizer(final_seconds=0.2)) as caller:
        await caller.say("my bill is wrong")
        await caller.call.hang_up(CallEndReason.CALLER)
        await caller.running
        await line.until("TurnCompleted")
    assert [each.text for each in await line.messages(Role.USER)] == ["my bill is wrong"]
