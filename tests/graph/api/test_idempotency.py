"""Idempotency keys: resent messages and tool calls, in sequence and concurrently, run once."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import numpy as np
import pytest

from inference.audio.wav import encode_wav
from tests.client import END, Client, GraphQLFailed
from tests.graph.edge import Edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = """mutation($input: CallToolInput!) { callTool(input: $input) { toolCall {
  id status result crmRecord { id } } } }"""


def spoken(level: float) -> dict[str, Any]:
    wav = encode_wav(np.full(8000, level, np.float32), 8000)
    return {"audio": {"base64": base64.b64encode(wav).decode(), "mimeType": "audio/wav"}}


async def call(client: Client, session: str, **given: Any) -> dict[str, Any]:
    filing = {"name": "billing_query", "arguments": {"query": "charged twice", "intent": "billing"}}
    data = await client.run(CALL, input={"sessionId": session, **filing, **given})
    made: dict[str, Any] = data["callTool"]["toolCall"]
    return made


@pytest.mark.parametrize("content", [{"text": "hello"}, spoken(0.1)], ids=["text", "audio"])
async def test_a_resend_is_the_same_turn(edge: Edge, acme: Client, content: dict[str, Any]) -> None:
    session = await acme.create_session()
    first = await acme.send(session, content, idempotencyKey="key")
    before = await edge.rows()
    again = await acme.send(session, content, idempotencyKey="key")
    assert (again["id"], again["number"]) == (first["id"], 1)
    assert again["userMessage"]["id"] == first["userMessage"]["id"]
    assert await edge.rows() == before


async def test_twenty_resends_at_once_are_one_turn(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    before = await edge.rows()
    sent = await asyncio.gather(*(acme.send(session, {"text": "hello"}, idempotencyKey="key") for _ in range(20)))
    assert len({each["id"] for each in sent}) == 1
    after = await edge.rows()
    grown = {table: after[table] - before[table] for table in after if after[table] != before[table]}
    assert grown.pop("procrastinate_events") > 0
    assert grown == {"turns": 1, "messages": 1, "events": 1, "procrastinate_jobs": 1}


@pytest.mark.parametrize("other", [{"text": "bye"}, spoken(0.2)], ids=["text", "audio"])
async def test_the_key_of_another_message_is_a_conflict(edge: Edge, acme: Client, other: dict[str, Any]) -> None:
    session = await acme.create_session()
    await acme.send(session, {"text": "hello"}, idempotencyKey="key")
    before = await edge.rows()
    with pytest.raises(GraphQLFailed) as failed:
        await acme.send(session, other, idempotencyKey="key")
    assert failed.value.code == "IDEMPOTENCY_CONFLICT"
    assert await edge.rows() == before


async def test_keys_are_the_sessions_own(acme: Client) -> None:
    one, two = await acme.create_session(), await acme.create_session()
    turns = [await acme.send(each, {"text": each}, idempotencyKey="key") for each in (one, two)]
    assert turns[0]["id"] != turns[1]["id"]


async def test_a_resend_after_the_end_is_the_same_turn(acme: Client) -> None:
    session = await acme.create_session()
    first = await acme.send(session, {"text": "hello"}, idempotencyKey="key")
    filed = await call(acme, session, idempotencyKey="key")
    await acme.run(END, id=session)
    assert (await acme.send(session, {"text": "hello"}, idempotencyKey="key"))["id"] == first["id"]
    assert await call(acme, session, idempotencyKey="key") == filed


async def test_a_tool_called_again_files_nothing_new(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    first = await call(acme, session, idempotencyKey="key")
    before = await edge.rows()
    assert await call(acme, session, idempotencyKey="key") == first
    assert await edge.rows() == before
    other = await call(acme, session)
    assert other["crmRecord"]["id"] != first["crmRecord"]["id"]


async def test_twenty_calls_at_once_file_one_record(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    before = await edge.rows()
    made = await asyncio.gather(*(call(acme, session, idempotencyKey="key") for _ in range(20)))
    assert {each["status"] for each in made} == {"ACCEPTED"}
    assert len({each["crmRecord"]["id"] for each in made}) == 1
    after = await edge.rows()
    grown = {table: after[table] - before[table] for table in after if after[table] != before[table]}
    assert grown == {"tool_calls": 1, "crm_records": 1, "events": 2}


@pytest.mark.parametrize(
    "other",
    [
        {"name": "complaint", "arguments": {"query": "charged twice", "intent": "complaint"}},
        {"arguments": {"query": "charged thrice", "intent": "billing"}},
    ],
    ids=["another tool", "other arguments"],
)
async def test_the_key_of_another_call_is_a_conflict(edge: Edge, acme: Client, other: dict[str, Any]) -> None:
    session = await acme.create_session()
    await call(acme, session, idempotencyKey="key")
    before = await edge.rows()
    with pytest.raises(GraphQLFailed) as failed:
        await call(acme, session, idempotencyKey="key", **other)
    assert failed.value.code == "IDEMPOTENCY_CONFLICT"
    assert await edge.rows() == before


async def test_a_tool_call_with_a_large_number_is_found_again(acme: Client) -> None:
    """Postgres keeps 1e23 as an integer, to which Python's float is not equal."""
    session = await acme.create_session()
    given = {"idempotencyKey": "key", "arguments": {"query": "q", "intent": "billing", "amount": [1e23, 0.1]}}
    first = await call(acme, session, **given)
    assert (await call(acme, session, **given))["id"] == first["id"]
    with pytest.raises(GraphQLFailed) as failed:
        await call(acme, session, **{**given, "arguments": {"query": "q", "intent": "billing", "amount": [2e23, 0.1]}})
    assert failed.value.code == "IDEMPOTENCY_CONFLICT"
