"""Cache consistency: a client that knows of a change reads it, and no key reads another's cached response."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from db.commands.keys import create_key, revoke_key
from db.postgres.database import Database
from graph.settings import ApiSettings
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.lender import Engines
from tests.client import END, Client
from tests.conftest import holder_of, lent, served
from tests.graph.edge import code_of

_WHOLE = """query($id: ID!) { conversation(sessionId: $id) {
  lastSeq session { status endedAt lastSeq }
  messages { id role type text complete turn { status } modelCalls { stage } toolCalls { status } }
  turns { id status attempt startedAt finishedAt timing { totalMs } reply { id text } modelCalls { id } }
  modelCalls { id stage status } toolCalls { id status result } crmRecords { id reference } } }"""

_TOLD = """subscription($id: ID!, $after: Int! = 0) { sessionEvents(sessionId: $id, afterSeq: $after) {
  __typename seq turnId
  ... on ReplyReady { message { id text } }
  ... on AudioReady { message { id type } }
  ... on StageCompleted { modelCall { id } }
  ... on ToolCallFinished { toolCall { id status } } } }"""

_FILE = 'file billing_query {"query": "my bill", "intent": "billing"}'


@pytest.fixture
def engines() -> Engines:
    """So slow that a turn is read many times while it runs."""
    return lent(FakeTranscriber(), FakeChatModel(delay=0.02), FakeSynthesizer())


@pytest.fixture
async def slow(api_settings: ApiSettings, client: Client, key: str) -> AsyncIterator[Client]:
    """The same database, read by resolvers alone."""
    async with (
        served(api_settings.model_copy(update={"compiled_operations": False})) as address,
        Client(address, key) as opened,
    ):
        yield opened


async def read(client: Client, session_id: str) -> httpx.Response:
    answer = await client.http.post("/graphql", json={"query": _WHOLE, "variables": {"id": session_id}})
    assert answer.status_code == 200
    return answer


def shown(answer: httpx.Response) -> dict[str, Any]:
    conversation: dict[str, Any] = answer.json()["data"]["conversation"]
    return conversation


async def revoke(database: Database, secret: str) -> None:
    key_id = (await holder_of(database, secret)).key_id
    async with database.transaction() as session:
        await revoke_key(session, key_id)


def holds(event: dict[str, Any], conversation: dict[str, Any]) -> bool:
    """Whether what the event tells is part of the conversation."""
    if conversation["lastSeq"] < event["seq"] or conversation["session"]["lastSeq"] < event["seq"]:
        return False
    (turn,) = [each for each in conversation["turns"] if each["id"] == event["turnId"]] or [{"status": None}]
    messages = {each["id"]: each for each in conversation["messages"]}
    kind = event["__typename"]
    if kind == "TurnStarted":
        return bool(turn["status"] != "QUEUED")
    if kind == "TurnCompleted":
        return bool(turn["status"] == "COMPLETED" and turn["timing"]["totalMs"] is not None)
    if kind == "ReplyReady":
        told = event["message"]
        return bool(messages[told["id"]]["text"] == told["text"] == turn["reply"]["text"])
    if kind == "AudioReady":
        return bool(messages[event["message"]["id"]]["type"] == "AUDIO")
    if kind == "StageCompleted":
        call = event["modelCall"]
        return call is None or call["id"] in {each["id"] for each in conversation["modelCalls"]}
    if kind == "ToolCallFinished":
        calls = {each["id"]: each for each in conversation["toolCalls"]}
        return bool(calls[event["toolCall"]["id"]]["status"] == event["toolCall"]["status"])
    if kind == "SessionEnded":
        return bool(conversation["session"]["status"] == "ENDED")
    return kind != "TurnQueued" or turn["status"] is not None


async def test_what_was_told_is_read(client: Client, worker: None) -> None:
    session_id = await client.create_session()
    await read(client, session_id)
    kinds = set()

    async def talk() -> None:
        for text in ("hello. how are you?", _FILE, "and goodbye"):
            await client.say(session_id, text)
        await client.run(END, id=session_id)

    talking = asyncio.create_task(talk())
    async for event in client.events(_TOLD, id=session_id):
        # Several at once: those that find that others are reading wait for them.
        for answer in await asyncio.gather(*(read(client, session_id) for _ in range(3))):
            assert holds(event, shown(answer)), event
        kinds.add(event["__typename"])
    await talking
    wanted = {"TurnStarted", "ReplyReady", "AudioReady", "ToolCallFinished", "TurnCompleted", "SessionEnded"}
    assert wanted <= kinds


async def test_reads_of_one_version_are_the_same_and_go_only_forward(
    client: Client, slow: Client, worker: None
) -> None:
    session_id = await client.create_session()
    texts, versions = ("hello. how are you?", _FILE, "goodbye"), 0
    for text in texts:
        saying = asyncio.create_task(client.say(session_id, text))
        newest = 0
        while not saying.done():
            # What has no event (a call that failed, an attempt's end) changes the row alone: so the slow one judges.
            before = (await read(slow, session_id)).content
            fast = await read(client, session_id)
            after = (await read(slow, session_id)).content
            if before == after:
                assert fast.content == before
            seq = shown(fast)["lastSeq"]
            assert seq >= newest
            versions += seq > newest
            newest = seq
        await saying
        for _ in range(2):
            assert (await read(client, session_id)).content == (await read(slow, session_id)).content
    assert versions > 2 * len(texts), "the turns were not seen while they ran"


async def test_many_who_read_at_once_read_what_was_there_when_they_asked(client: Client, worker: None) -> None:
    session_id = await client.create_session()
    known = 0
    stop = asyncio.Event()

    async def watch() -> None:
        nonlocal known
        while not stop.is_set():
            least = known
            seq = shown(await read(client, session_id))["lastSeq"]
            assert seq >= least, "somebody had read more before this was asked"
            known = max(known, seq)

    watching = [asyncio.create_task(watch()) for _ in range(8)]
    for text in ("hello", "how are you? fine.", "goodbye"):
        await client.say(session_id, text)
    stop.set()
    await asyncio.gather(*watching)


async def test_a_revoked_key_reads_nothing_from_then_on(client: Client, api: str, database: Database) -> None:
    session_id = await client.create_session()
    async with database.transaction() as session:
        secret = await create_key(session, name="second", tenant="acme")
    async with Client(api, secret) as second:
        for _ in range(3):
            assert shown(await read(second, session_id))
        etag = (await _get(second, session_id)).headers["etag"]
        await revoke(database, secret)
        for _ in range(2):
            refused = await second.http.post("/graphql", json={"query": _WHOLE, "variables": {"id": session_id}})
            assert code_of(refused.json()) == "UNAUTHENTICATED"
            by_get = await _get(second, session_id, etag)
            assert by_get.status_code != 304
            assert code_of(by_get.json()) == "UNAUTHENTICATED"
    assert shown(await read(client, session_id))


async def _get(client: Client, session_id: str, etag: str = "") -> httpx.Response:
    params = {"query": _WHOLE, "variables": json.dumps({"id": session_id})}
    return await client.http.get("/graphql", params=params, headers={"if-none-match": etag})


async def test_another_tenant_is_never_answered_from_the_cache(client: Client, stranger: Client) -> None:
    session_id = await client.create_session()
    for number in range(4):
        mine, foreign = await asyncio.gather(read(client, session_id), read(stranger, session_id))
        assert shown(mine)["lastSeq"] == number
        assert code_of(foreign.json()) == "NOT_FOUND"
        again = await asyncio.gather(*(read(each, session_id) for each in (client, stranger, client, stranger)))
        assert again[0].content == again[2].content == mine.content
        assert again[1].content == again[3].content == foreign.content
        await client.send(session_id, {"text": f"number {number}"})


async def test_two_keys_of_a_tenant_read_the_same(client: Client, api: str, database: Database) -> None:
    session_id = UUID(await client.create_session())
    async with database.transaction() as session:
        secret = await create_key(session, name="second", tenant="acme")
    async with Client(api, secret) as second:
        for number in range(4):
            answers = [await read(each, str(session_id)) for each in (client, second, second, client)]
            assert len({each.content for each in answers}) == 1
            assert len(shown(answers[0])["messages"]) == number
            await (client, second)[number % 2].send(str(session_id), {"text": f"number {number}"})
        await revoke(database, secret)
        assert code_of((await read(second, str(session_id))).json()) == "UNAUTHENTICATED"
        assert shown(await read(client, str(session_id)))


async def test_each_host_is_answered_with_its_own_addresses(client: Client, worker: None) -> None:
    session_id = await client.create_session()
    await client.say(session_id, "hello")
    query = "query($id: ID!) { conversation(sessionId: $id) { messages { audio { url } } } }"
    for host in ("one.example", "two.example:8080") * 3:
        body = {"query": query, "variables": {"id": session_id}}
        answer = await client.http.post("/graphql", json=body, headers={"host": host})
        _, reply = shown(answer)["messages"]
        assert reply["audio"]["url"].startswith(f"http://{host}/media/")
