"""forkSession: a copy of a stored conversation up to a turn, in which the later messages run again."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from db.commands.conversation_copy import COPIED
from db.models.metadata import metadata
from db.postgres.database import Database
from inference.lender import Engines
from tests.client import END, EVENTS, Client, GraphQLFailed
from tests.conftest import working
from tests.db.agents.definitions import small_definition
from tests.db.rows import eventually, everything, scalar
from tests.graph.api.test_agents import PUBLISH
from tests.graph.api.test_conversation import recording
from tests.graph.edge import code_of
from tests.inference.tools.shop import Shop

FORK = """mutation($input: ForkSessionInput!) { forkSession(input: $input) { session {
  id status persona customerId language channel metadata engines forkedFrom forkedAfter lastSeq
  turns { number status } } } }"""
_TURN = """number status attempt queuedAt startedAt finishedAt error { code message stage } timing { totalMs queueMs
  stages { stage startMs durationMs } }"""
WHOLE = f"""query($id: ID!) {{ conversation(sessionId: $id) {{
  messages {{ role type text language complete digits createdAt audio {{ durationMs sizeBytes mimeType }}
    modelCalls {{ stage engine }} toolCalls {{ name }} turn {{ number }} }}
  turns {{ {_TURN} userMessage {{ text }} reply {{ text }} modelCalls {{ stage model durationMs }}
    toolCalls {{ name arguments }} crmRecords {{ reference }} }}
  modelCalls {{ stage engine model status durationMs waitMs startedAt details }}
  toolCalls {{ id name server arguments result status error durationMs createdAt crmRecord {{ id }} }}
  crmRecords {{ id scenario reference customerId query intent priority details createdAt forked
    toolCall {{ name }} session {{ id }} }}
  }} }}"""
HISTORY = """subscription($id: ID!, $after: Int! = 0) { sessionEvents(sessionId: $id, afterSeq: $after) {
  __typename seq at
  ... on TurnStarted { attempt turn { number } } ... on StageStarted { stage engine model }
  ... on StageCompleted { modelCall { stage engine durationMs } }
  ... on TranscriptReady { message { text } } ... on ReplyDelta { text } ... on ReplyReady { message { text } }
  ... on ToolCallStarted { toolCall { name arguments } } ... on ToolCallFinished { toolCall { name status } }
  ... on AudioChunkReady { index text url durationMs } ... on AudioReady { message { type audio { durationMs } } }
  ... on TurnCompleted { turn { number status } } } }"""
FILE = 'file billing_query {"query": "my bill", "intent": "billing"}'
TOOL = "mutation($input: CallToolInput!) { callTool(input: $input) { toolCall { id result } } }"
RECORDS = "query($f: CrmRecordFilter) { crmRecords(filter: $f) { totalCount nodes { id reference forked } } }"


async def fork(client: Client, session: str, after: int, **given: Any) -> dict[str, Any]:
    data = await client.run(FORK, input={"sessionId": session, "afterTurn": after, **given})
    made: dict[str, Any] = data["forkSession"]["session"]
    return made


async def spoken_to(client: Client) -> str:
    """A conversation of four turns: text, a filed record, a recording, text."""
    session = await client.create_session(metadata={"name": "Zoë"})
    await client.say(session, "hello. how are you?")
    await client.say(session, FILE)
    content = {"audio": {"base64": base64.b64encode(await recording()).decode(), "mimeType": "audio/wav"}}
    assert (await client.send(session, content, waitSeconds=60))["status"] == "COMPLETED"
    await client.say(session, "goodbye")
    return session


async def all_ended(client: Client, session: str) -> bool:
    turns = (await client.run("query($id: ID!) { session(id: $id) { turns { status } } }", id=session))["session"]
    return all(each["status"] == "COMPLETED" for each in turns["turns"])


def alike(value: Any) -> Any:
    """A conversation without ids, which a copy has anew."""
    if isinstance(value, dict):
        return {key: alike(part) for key, part in value.items() if key not in ("id", "forked")}
    if isinstance(value, list):
        return [alike(part) for part in value]
    return value


async def test_the_copied_part_reads_like_the_original(client: Client, worker: None) -> None:
    session = await spoken_to(client)
    before = (await client.run(WHOLE, id=session))["conversation"]
    made = await fork(client, session, 4)
    assert made == {
        "id": made["id"], "status": "OPEN", "persona": "billing_agent", "customerId": "customer-1", "language": "en",
        "channel": "WEB", "metadata": {"name": "Zoë"}, "engines": None, "forkedFrom": session, "forkedAfter": 4,
        "lastSeq": made["lastSeq"], "turns": [{"number": each, "status": "COMPLETED"} for each in (1, 2, 3, 4)],
    }  # fmt: skip
    for _ in range(2):  # by resolvers, then compiled
        copied = (await client.run(WHOLE, id=made["id"]))["conversation"]
        assert alike(copied) == alike(before)
        assert [each["forked"] for each in copied["crmRecords"]] == [True]
    assert (await client.run(WHOLE, id=session))["conversation"] == before
    both = await asyncio.gather(*(client.run(END, id=each) for each in (session, made["id"])))
    assert len(both) == 2
    seen = [[event async for event in client.events(HISTORY, id=each)] for each in (session, made["id"])]
    sounds = [event.pop("url") for event in seen[1] if "url" in event]
    for event in seen[0]:
        event.pop("url", None)
    assert seen[0][:-1] == seen[1][:-1]  # the last one is SessionEnded
    assert seen[1][-1]["seq"] == made["lastSeq"] + 1
    assert sounds
    for url in sounds:  # the bytes are there
        assert (await client.http.get(url)).content.startswith(b"RIFF")


def _ids(value: Any) -> set[str]:
    return set(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", str(value)))


async def test_a_fork_shares_no_id_with_its_original(client: Client, worker: None) -> None:
    session = await spoken_to(client)
    made = await fork(client, session, 4)
    one, other = [(await client.run(WHOLE, id=each))["conversation"] for each in (session, made["id"])]
    assert _ids(one) and not (_ids(one) & _ids(other))
    (record,), (call,) = other["crmRecords"], other["toolCalls"]
    assert call["result"]["record"]["id"] == record["id"]


async def test_later_messages_run_again_in_order(client: Client, worker: None, database: Database) -> None:
    session = await spoken_to(client)
    made = await fork(client, session, 1)
    await eventually(lambda: all_ended(client, made["id"]))
    found, before = [(await client.run(WHOLE, id=each))["conversation"] for each in (made["id"], session)]
    said = ["hello. how are you?", FILE, "hello there", "goodbye"]
    assert [each["userMessage"]["text"] for each in found["turns"]] == said
    assert [each["reply"]["text"] for each in found["turns"]] == [each["reply"]["text"] for each in before["turns"]]
    assert [each["type"] for each in found["messages"] if each["text"] == "hello there"] == ["AUDIO"]
    assert found["turns"][0] == before["turns"][0]
    assert found["turns"][3]["queuedAt"] > before["turns"][3]["queuedAt"]
    await client.run(END, id=made["id"])
    events = [event async for event in client.events(EVENTS, id=made["id"])]
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))
    await client.say((await fork(client, session, 4))["id"], "and another thing")  # a fork goes on by hand, too
    assert await scalar(database, "select count(*) from audio_blobs") == await scalar(
        database, "select count(distinct store_key) from audio"
    )


async def test_what_a_fork_files_is_no_request_of_the_customer(client: Client, worker: None) -> None:
    session = await spoken_to(client)
    (real,) = (await client.run(RECORDS))["crmRecords"]["nodes"]
    trial = (await fork(client, session, 1))["id"]  # files again
    copy = (await fork(client, session, 2))["id"]  # has the record as a copy
    for each in (trial, copy):
        await eventually(partial(all_ended, client, each))
    for _ in range(2):
        assert (await client.run(RECORDS))["crmRecords"] == {"totalCount": 1, "nodes": [real]}
        assert len((await client.run(RECORDS, f={"forked": True}))["crmRecords"]["nodes"]) == 2
        (filed,) = (await client.run(RECORDS, f={"sessionId": trial}))["crmRecords"]["nodes"]
        assert filed["forked"] and filed["reference"] != real["reference"]
        (copied,) = (await client.run(RECORDS, f={"sessionId": copy}))["crmRecords"]["nodes"]
        assert copied["forked"] and copied["reference"] == real["reference"] and copied["id"] != real["id"]
        by = "query($r: String!) { crmRecord(reference: $r) { id } }"
        assert (await client.run(by, r=real["reference"]))["crmRecord"]["id"] == real["id"]
        assert (await client.run(by, r=filed["reference"]))["crmRecord"] is None

    async def found_in(session_id: str) -> list[str]:
        answer = await client.run(TOOL, input={"sessionId": session_id, "name": "find_crm_records", "arguments": {}})
        return [each["id"] for each in answer["callTool"]["toolCall"]["result"]["records"]]

    other = await client.create_session()
    assert await found_in(other) == await found_in(session) == [real["id"]]
    assert await found_in(copy) == [copied["id"]]
    assert await found_in(trial) == [filed["id"]]
    again = (await fork(client, trial, 0, replay=0))["id"]
    assert await found_in(again) == []  # neither of its original nor of that one's
    await client.run(
        TOOL, input={"sessionId": other, "name": "billing_query", "arguments": {"query": "q", "intent": "refund"}}
    )
    assert len(await found_in(again)) == 1  # a request of the customer's that was filed elsewhere


async def test_a_record_that_was_changed_has_the_values_of_the_turn(client: Client, worker: None) -> None:
    session = await client.create_session()
    await client.say(session, 'file billing_query {"query": "my bill", "intent": "billing", "phone": "+49 30 1234567"}')
    (real,) = (await client.run(RECORDS))["crmRecords"]["nodes"]
    for phone in ("+49 30 7654321", "+49 30 1111111"):
        update = {"reference": real["reference"], "phone": phone}
        turn = await client.say(session, f"file update_crm_record {json.dumps(update)}")
        assert turn["reply"]["text"] == "The tool update_crm_record said yes."
    phones = "query($f: CrmRecordFilter) { crmRecords(filter: $f) { nodes { phone updatedAt query } } }"
    values = ["+49 30 1234567", "+49 30 7654321", "+49 30 1111111"]
    for after, phone in enumerate(values, 1):
        made = (await fork(client, session, after, replay=0))["id"]
        (copy,) = (await client.run(phones, f={"sessionId": made}))["crmRecords"]["nodes"]
        assert (copy["phone"], copy["updatedAt"] is None) == (phone, after == 1)
    made = (await fork(client, session, 1))["id"]  # the changes are made again, in the fork alone
    await eventually(partial(all_ended, client, made))
    (copy,) = (await client.run(phones, f={"sessionId": made}))["crmRecords"]["nodes"]
    (kept,) = (await client.run(phones))["crmRecords"]["nodes"]
    assert copy["phone"] == kept["phone"] == values[-1] and copy["updatedAt"] > kept["updatedAt"]
    update = {"reference": real["reference"], "phone": values[0]}
    answer = await client.run(TOOL, input={"sessionId": made, "name": "update_crm_record", "arguments": update})
    assert answer["callTool"]["toolCall"]["result"]["ok"]
    (kept,) = (await client.run(phones))["crmRecords"]["nodes"]
    assert kept["phone"] == values[-1]


def test_every_table_of_a_session_is_copied_or_left_out_on_purpose() -> None:
    of_sessions = {name for name, table in metadata.tables.items() if "session_id" in table.columns}
    copied = {model.__tablename__ for model in COPIED} | {"events"}
    assert of_sessions - copied == {"calls"}, "docs/decisions/2026-11-26-forked-sessions.md"


async def test_a_key_makes_one_fork(client: Client, worker: None) -> None:
    session = await spoken_to(client)
    made = await asyncio.gather(*(fork(client, session, 2, idempotencyKey="k", replay=0) for _ in range(4)))
    assert len({each["id"] for each in made}) == 1
    assert (await fork(client, session, 2, replay=0))["id"] != made[0]["id"]
    for given in ({"replay": 1}, {"replay": 0, "externalTools": True}, {"replay": 0, "engines": {"llm": ["x"]}}):
        with pytest.raises(GraphQLFailed) as failed:
            await fork(client, session, 2, idempotencyKey="k", **given)
        assert failed.value.code == "IDEMPOTENCY_CONFLICT"
    listed = "query($f: SessionFilter) { sessions(filter: $f) { totalCount nodes { id } } }"
    for _ in range(2):
        found = (await client.run(listed, f={"forkedFrom": session}))["sessions"]
        assert found["totalCount"] == 2 and made[0]["id"] in {each["id"] for each in found["nodes"]}


async def test_nothing_is_left_of_a_fork_that_cannot_be(client: Client, database: Database, other_key: str) -> None:
    """No worker: the turns of the session do not end."""
    session = await client.create_session()
    for number in range(20):
        await client.send(session, {"text": f"message {number}"})
    before = await everything(database)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"afterTurn": 1}, "CONFLICT"),
        ({"afterTurn": -1}, "BAD_USER_INPUT"),
        ({"afterTurn": 21}, "BAD_USER_INPUT"),
        ({"afterTurn": 0, "replay": -1}, "BAD_USER_INPUT"),
        ({"afterTurn": 0, "idempotencyKey": ""}, "BAD_USER_INPUT"),
        ({"afterTurn": 0, "idempotencyKey": "a" * 201}, "BAD_USER_INPUT"),
        ({"afterTurn": 0, "engines": {"llm": []}}, "BAD_USER_INPUT"),
        ({"afterTurn": 0, "engines": {"llm": ["\0"]}}, "BAD_USER_INPUT"),
        ({"afterTurn": 0, "engines": {"tts": ["a"] * 2}}, "BAD_USER_INPUT"),
        ({"afterTurn": 0, "engines": {"tts": ["a" * 101]}}, "BAD_USER_INPUT"),
        ({"afterTurn": 0, "sessionId": str(uuid.uuid4())}, "NOT_FOUND"),
        ({"afterTurn": 0, "sessionId": "none"}, "NOT_FOUND"),
    ]
    for given, code in wrong:
        answer = await client.post(FORK, input={"sessionId": session, **given})
        assert code_of(answer) == code, given
    async with Client(client.base, other_key) as stranger:
        assert code_of(await stranger.post(FORK, input={"sessionId": session, "afterTurn": 0})) == "NOT_FOUND"
    call = "mutation($id: ID!) { openCall(input: {sessionId: $id}) { call { id } } }"
    assert await everything(database) == before
    assert len((await fork(client, session, 0))["turns"]) == 20
    await client.run(call, id=session)
    assert code_of(await client.post(FORK, input={"sessionId": session, "afterTurn": 0})) == "CONFLICT"


async def test_a_fork_calls_external_tools_only_if_it_is_asked_to(
    client: Client, database: Database, engines: Engines, tmp_path: Path
) -> None:
    shop = Shop("http", tmp_path)
    await shop.start()
    try:
        async with working(database, engines, mcp_servers=(shop.settings,)):
            await client.run(PUBLISH, d=small_definition(tools=[{"server": "shop"}]))
            session = await client.create_session(persona="desk")
            turn = await client.say(session, "file shop__charge {}")
            assert turn["reply"]["text"] == "The tool shop__charge said yes."
            made = (await fork(client, session, 0))["id"]
            await eventually(partial(all_ended, client, made))
            found = (await client.run(WHOLE, id=made))["conversation"]
            (call,) = found["toolCalls"]
            assert call["status"] == "FAILED" and call["error"].startswith("FORBIDDEN: This fork of a session calls no")
            assert found["turns"][0]["reply"]["text"] == "The tool shop__charge said no."
            assert shop.runs == ["charge"]
            wanted = (await fork(client, session, 0, externalTools=True))["id"]
            await eventually(partial(all_ended, client, wanted))
            assert shop.runs == ["charge", "charge"]
    finally:
        await shop.kill()
