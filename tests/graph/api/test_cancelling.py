"""cancelTurn and retryTurn over the real API, with a real worker and slow engines."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from db.errors import EngineUnavailable
from db.postgres.database import Database
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.lender import Engines
from inference.ports import ChatRequest
from tests.client import END, EVENTS, Client, GraphQLFailed
from tests.conftest import lent, working

CANCEL = "mutation($id: ID!) { cancelTurn(input: {turnId: $id}) { turn { id status finishedAt } } }"
RETRY = "mutation($id: ID!) { retryTurn(input: {turnId: $id}) { turn { id status attempt error { code } } } }"
TURN = """query($id: ID!) { turn(id: $id) { status attempt error { code }
  userMessage { text } reply { text complete } modelCalls { stage status attempt } } }"""

LONG = "One two three four five six seven eight nine ten. " * 8


async def until(client: Client, session: str, name: str) -> None:
    async with asyncio.timeout(10):
        async for event in client.events(EVENTS, id=session):
            if event["__typename"] == name:
                return


async def names(client: Client, session: str) -> list[str]:
    await client.run(END, id=session)
    return [event["__typename"] async for event in client.events(EVENTS, id=session)]


async def test_a_queued_turn_is_cancelled_at_once(client: Client) -> None:
    session = await client.create_session()
    turn = await client.send(session, {"text": "hello"})
    cancelled = (await client.run(CANCEL, id=turn["id"]))["cancelTurn"]["turn"]
    assert cancelled["status"] == "CANCELLED"
    assert cancelled["finishedAt"] is not None
    assert await names(client, session) == ["TurnQueued", "TurnCancelled", "SessionEnded"]


async def test_a_cancelled_turn_is_never_run(client: Client, database: Database, engines: Engines) -> None:
    session = await client.create_session()
    turn = await client.send(session, {"text": "hello"})
    await client.run(CANCEL, id=turn["id"])
    async with working(database, engines):
        assert (await client.say(session, "next"))["status"] == "COMPLETED"
    found = (await client.run(TURN, id=turn["id"]))["turn"]
    assert (found["status"], found["attempt"], found["modelCalls"]) == ("CANCELLED", 0, [])


async def test_a_running_turn_stops_and_keeps_what_was_said(client: Client, database: Database) -> None:
    engines = lent(FakeTranscriber(), FakeChatModel(lambda _: LONG, delay=0.05), FakeSynthesizer())
    async with working(database, engines):
        session = await client.create_session()
        turn = await client.send(session, {"text": "hello"})
        await until(client, session, "AudioChunkReady")
        await client.run(CANCEL, id=turn["id"])
        found = (await client.run(TURN, id=turn["id"]))["turn"]
        assert found["status"] == "CANCELLED"
        assert found["reply"]["complete"] is False
        assert LONG.startswith(found["reply"]["text"])
        again = await client.send(session, {"text": "hello"})
        await until(client, session, "TurnCancelled")
        await client.run(CANCEL, id=again["id"])
        found = (await client.run(TURN, id=turn["id"]))["turn"]
        assert {(call["stage"], call["status"]) for call in found["modelCalls"]} >= {("LLM", "CANCELLED")}
    told = await names(client, session)
    assert told.count("TurnCancelled") == 2
    assert "TurnCompleted" not in told


async def test_cancelling_twice_or_too_late_changes_nothing(client: Client, worker: None) -> None:
    session = await client.create_session()
    turn = await client.say(session, "hello")
    for _ in range(2):
        assert (await client.run(CANCEL, id=turn["id"]))["cancelTurn"]["turn"]["status"] == "COMPLETED"
    assert "TurnCancelled" not in await names(client, session)


async def test_cancelling_races_with_the_end_and_one_of_them_wins(client: Client, worker: None) -> None:
    session = await client.create_session()
    for _ in range(15):
        turn = await client.send(session, {"text": "hello"})
        await asyncio.sleep(0.02)
        status = (await client.run(CANCEL, id=turn["id"]))["cancelTurn"]["turn"]["status"]
        await asyncio.sleep(0.1)
        assert (await client.run(TURN, id=turn["id"]))["turn"]["status"] == status
    told = await names(client, session)
    assert told.count("TurnCompleted") + told.count("TurnCancelled") == 15


async def test_a_failed_turn_is_run_again(client: Client, database: Database) -> None:
    asked: list[ChatRequest] = []

    def script(request: ChatRequest) -> str:
        asked.append(request)
        if len(asked) == 1:
            raise EngineUnavailable("not yet")
        return "Now it works."

    async with working(database, lent(FakeTranscriber(), FakeChatModel(script), FakeSynthesizer())):
        session = await client.create_session()
        turn = await client.say(session, "hello")
        assert (turn["status"], turn["error"]["code"]) == ("FAILED", "ENGINE_UNAVAILABLE")
        assert (await client.run(RETRY, id=turn["id"]))["retryTurn"]["turn"]["status"] == "QUEUED"
        await until(client, session, "TurnCompleted")
        found = (await client.run(TURN, id=turn["id"]))["turn"]
        assert (found["status"], found["attempt"], found["error"]) == ("COMPLETED", 2, None)
        assert found["reply"] == {"text": "Now it works.", "complete": True}
        assert [call["attempt"] for call in found["modelCalls"] if call["stage"] == "LLM"] == [1, 2]


async def test_a_cancelled_turn_is_run_again_without_its_half_reply(client: Client, database: Database) -> None:
    replies = iter([LONG, "Short."])
    model = FakeChatModel(lambda _: next(replies), delay=0.05)
    async with working(database, lent(FakeTranscriber(), model, FakeSynthesizer())):
        session = await client.create_session()
        turn = await client.send(session, {"text": "hello"})
        await until(client, session, "ReplyDelta")
        await client.run(CANCEL, id=turn["id"])
        await client.run(RETRY, id=turn["id"])
        await until(client, session, "TurnCompleted")
        found = (await client.run(TURN, id=turn["id"]))["turn"]
        assert found["reply"] == {"text": "Short.", "complete": True}


async def test_retrying_is_harmless_when_there_is_nothing_to_retry(client: Client, worker: None) -> None:
    session = await client.create_session()
    turn = await client.say(session, "hello")
    again = (await client.run(RETRY, id=turn["id"]))["retryTurn"]["turn"]
    assert (again["status"], again["attempt"]) == ("COMPLETED", 1)


async def test_a_retry_sent_many_times_runs_once(client: Client, database: Database, engines: Engines) -> None:
    session = await client.create_session()
    turn = await client.send(session, {"text": "hello"})
    await client.run(CANCEL, id=turn["id"])
    await asyncio.gather(*(client.run(RETRY, id=turn["id"]) for _ in range(10)))
    async with working(database, engines):
        await until(client, session, "TurnCompleted")
    assert (await client.run(TURN, id=turn["id"]))["turn"]["attempt"] == 1
    assert (await names(client, session)).count("TurnQueued") == 2


async def test_an_ended_session_takes_no_retry(client: Client) -> None:
    session = await client.create_session()
    turn = await client.send(session, {"text": "hello"})
    await client.run(CANCEL, id=turn["id"])
    await client.run(END, id=session)
    with pytest.raises(GraphQLFailed) as failed:
        await client.run(RETRY, id=turn["id"])
    assert failed.value.code == "SESSION_ENDED"


@pytest.mark.parametrize("mutation", [CANCEL, RETRY])
async def test_another_tenants_turn_is_unknown(client: Client, stranger: Client, mutation: str) -> None:
    session = await client.create_session()
    turn: dict[str, Any] = await client.send(session, {"text": "hello"})
    answers = []
    for turn_id in (turn["id"], "01890a5d-ac96-774b-bcce-b302099a8057", "nonsense"):
        with pytest.raises(GraphQLFailed) as failed:
            await stranger.run(mutation, id=turn_id)
        answers.append((failed.value.code, failed.value.message))
    assert set(answers) == {("NOT_FOUND", "No such turn.")}
