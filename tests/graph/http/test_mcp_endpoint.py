"""The MCP endpoint (CRM tools) with the official MCP client."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client as McpClient
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from db.agents.builtin import builtin_agents
from tests.client import END, Client
from tests.conftest import holder_of
from tests.db.rows import publish
from tests.graph.edge import Edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "voxloom/idempotency_key"
SAID = "my-secret-words"
FILING = {"query": "charged twice", "intent": "billing", "name": "Maria"}
WORK = """query($id: ID!) { conversation(sessionId: $id) {
  toolCalls { name server status error arguments result crmRecord { id } } crmRecords { id name query } } }"""


@asynccontextmanager
async def tools_of(client: Client) -> AsyncIterator[McpClient]:
    async with (
        httpx2.AsyncClient(headers=client.headers) as http,
        McpClient(streamable_http_client(f"{client.base}/mcp", http_client=http)) as opened,
    ):
        yield opened


async def call(tools: McpClient, name: str, arguments: dict[str, Any], **meta: Any) -> CallToolResult:
    given: Any = {KEY: meta["key"]} if "key" in meta else None
    return await tools.call_tool(name, arguments, meta=given)


def content(result: CallToolResult) -> dict[str, Any]:
    """What it answered, which is the same as text and as structure."""
    (part,) = result.content
    structured: dict[str, Any] = result.structured_content or {}
    assert json.loads(part.text) == structured  # type: ignore[union-attr]
    assert result.is_error is not structured["ok"]
    return structured


async def work(client: Client, session: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    found = (await client.run(WORK, id=session))["conversation"]
    return found["toolCalls"], found["crmRecords"]


async def test_every_scenario_is_a_tool_of_a_session(acme: Client) -> None:
    async with tools_of(acme) as tools:
        listed = {each.name: each for each in (await tools.list_tools()).tools}
    scenarios = {name for agent in builtin_agents().values() for name in agent.scenario_names}
    assert set(listed) == {*scenarios, "find_crm_records", "update_crm_record"}
    for tool in listed.values():
        assert tool.description
        assert "session_id" in tool.input_schema["required"]
        assert tool.input_schema["properties"]["session_id"]["type"] == "string"
        assert "$ref" not in json.dumps(tool.input_schema)


_FIELDS = {
    "small": {"guests": {"schema": {"type": "integer", "maximum": 4}}},
    "large": {"guests": {"schema": {"type": "integer", "maximum": 40}, "required": True}},
}


async def test_a_call_is_validated_by_the_agent_of_its_session(edge: Edge) -> None:
    """Two agents of the tenant define a scenario differently: the schema of the first is listed."""
    async with edge.tenant() as client:
        viewer = await holder_of(edge.database, client.headers["Authorization"].removeprefix("Bearer "))
        sessions = {}
        for name, fields in _FIELDS.items():
            scenario = {"name": "reservation", "description": "A table.", "fields": fields}
            intent = {"name": "book", "scenario": "reservation", "examples": {"en": "a table"}}
            english: dict[str, Any] = {"languages": ["en"], "greeting": {}, "replies": {}, "voices": {}}
            one = {"name": name, "scenarios": [scenario], "intents": [intent], "handover": None, **english}
            await publish(edge.database, viewer, **one)
            sessions[name] = await client.create_session(persona=name)
        async with tools_of(client) as tools:
            (listed,) = [each for each in (await tools.list_tools()).tools if each.name == "reservation"]
            assert listed.input_schema["properties"]["guests"]["maximum"] == 40, "large comes before small"

            async def book(session: str, guests: int | None) -> dict[str, Any]:
                given = {"query": "a table", "intent": "book", "guests": guests}
                return content(await call(tools, "reservation", {"session_id": sessions[session], **given}))

            assert (
                (await book("small", 4))["ok"] and (await book("small", None))["ok"] and (await book("large", 9))["ok"]
            )
            assert [each["loc"] for each in (await book("small", 9))["errors"]] == ["guests"]
            assert [each["loc"] for each in (await book("large", None))["errors"]] == ["guests"]
            other = content(await call(tools, "billing_query", {"session_id": sessions["small"], **FILING}))
            assert other["code"] == "NOT_FOUND", "not of this session's agent"


async def test_a_record_is_changed_over_mcp(acme: Client) -> None:
    session = await acme.create_session()
    async with tools_of(acme) as tools:
        filed = content(await call(tools, "billing_query", {"session_id": session, **FILING}))["record"]
        change = {"session_id": session, "reference": filed["reference"], "name": "Mario"}
        first = content(await call(tools, "update_crm_record", change, key="key"))
        again = content(await call(tools, "update_crm_record", change, key="key"))
        unknown = content(await call(tools, "update_crm_record", {**change, "reference": "K000R000"}))
    assert first == again
    assert (first["changed"], first["record"]["name"], first["record"]["id"]) == (["name"], "Mario", filed["id"])
    assert [each["loc"] for each in unknown["errors"]] == ["reference"]
    assert [each["name"] for each in (await work(acme, session))[1]] == ["Mario"]


async def test_a_call_files_a_record_and_a_resend_does_not(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    async with tools_of(acme) as tools:
        first = content(await call(tools, "billing_query", {"session_id": session, **FILING}, key="key"))
        before = await edge.rows()
        again = content(await call(tools, "billing_query", {"session_id": session, **FILING}, key="key"))
        assert await edge.rows() == before
        other = content(await call(tools, "billing_query", {"session_id": session, **FILING, "name": "Ana"}, key="key"))
    assert first["ok"]
    assert again == first
    assert (other["ok"], other["code"]) == (False, "IDEMPOTENCY_CONFLICT")
    calls, records = await work(acme, session)
    assert [(each["name"], each["server"], each["status"]) for each in calls] == [("billing_query", "crm", "ACCEPTED")]
    assert records == [{"id": first["record"]["id"], "name": "Maria", "query": "charged twice"}]
    assert "session_id" not in calls[0]["arguments"]


async def test_a_call_without_a_key_files_each_time(acme: Client) -> None:
    session = await acme.create_session()
    async with tools_of(acme) as tools:
        for _ in range(2):
            assert content(await call(tools, "billing_query", {"session_id": session, **FILING}))["ok"]
    assert len((await work(acme, session))[1]) == 2


async def test_an_invalid_payload_is_refused_without_repeating_it(acme: Client) -> None:
    session = await acme.create_session()
    wrong = {"query": SAID, "intent": SAID, "phone": SAID, "priority": SAID, "account_id": f"-{SAID}"}
    async with tools_of(acme) as tools:
        result = await call(tools, "billing_query", {"session_id": session, **wrong})
    refused = content(result)
    assert {each["loc"] for each in refused["errors"]} == {"intent", "phone", "priority", "account_id"}
    assert all(each["msg"] for each in refused["errors"])
    assert SAID not in result.model_dump_json()
    (made,), records = await work(acme, session)
    assert (made["status"], made["crmRecord"], records) == ("FAILED", None, [])
    assert "intent" in made["error"]
    assert SAID not in made["error"] + json.dumps(made["result"])


async def test_another_tenants_session_is_an_unknown_one(edge: Edge, acme: Client, rival: Client) -> None:
    theirs = await rival.create_session()
    async with tools_of(rival) as tools:
        assert content(await call(tools, "billing_query", {"session_id": theirs, **FILING}, key="key"))["ok"]
    before = await edge.rows()
    async with tools_of(acme) as tools:
        unknown = await call(tools, "billing_query", {"session_id": str(uuid.uuid4()), **FILING})
        assert content(unknown) == {
            "ok": False,
            "code": "NOT_FOUND",
            "errors": [{"loc": "", "msg": "No such session."}],
        }
        for session in (theirs, "hello", "", 5, None, [theirs], {"id": theirs}):
            for name, arguments in (("billing_query", FILING), ("find_crm_records", {})):
                foreign = await call(tools, name, {"session_id": session, **arguments}, key="key")
                assert foreign.model_dump() == unknown.model_dump(), (session, name)
        assert (await call(tools, "billing_query", FILING)).model_dump() == unknown.model_dump()
    assert await edge.rows() == before


BAD: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "unknown tool": ("order_pizza", {}, {}, "NOT_FOUND"),
    "NUL": ("billing_query", {**FILING, "query": f"{SAID}\0"}, {}, "BAD_USER_INPUT"),
    "too deep": ("billing_query", {**FILING, "name": [[[[[[[[[[[[[[SAID]]]]]]]]]]]]]]}, {}, "BAD_USER_INPUT"),
    "too large": ("billing_query", {**FILING, "query": SAID * 2000}, {}, "BAD_USER_INPUT"),
    "empty key": ("billing_query", FILING, {"key": ""}, "BAD_USER_INPUT"),
    "long key": ("billing_query", FILING, {"key": "k" * 151}, "BAD_USER_INPUT"),
    "key is a number": ("billing_query", FILING, {"key": 5}, "BAD_USER_INPUT"),
    "key is a list": ("billing_query", FILING, {"key": ["key"]}, "BAD_USER_INPUT"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_call_that_cannot_be(edge: Edge, acme: Client, name: str) -> None:
    tool, arguments, meta, code = BAD[name]
    session = await acme.create_session()
    before = await edge.rows()
    async with tools_of(acme) as tools:
        result = await call(tools, tool, {"session_id": session, **arguments}, **meta)
    assert content(result)["code"] == code
    assert SAID not in result.model_dump_json()
    assert await edge.rows() == before


async def test_a_session_that_ended_files_nothing(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    await acme.run(END, id=session)
    before = await edge.rows()
    async with tools_of(acme) as tools:
        refused = content(await call(tools, "billing_query", {"session_id": session, **FILING}))
    assert refused["code"] == "SESSION_ENDED"
    assert await edge.rows() == before


async def test_nobody_chooses_on_whose_behalf_a_call_runs(acme: Client, rival: Client) -> None:
    theirs, mine = await rival.create_session(), await acme.create_session()
    claim: Any = {"voxloom/context": {"tenant_id": "x", "session_id": theirs, "tool_call_id": "x"}}
    async with tools_of(acme) as tools:
        assert content(await tools.call_tool("billing_query", {"session_id": mine, **FILING}, meta=claim))["ok"]
    assert len((await work(acme, mine))[1]) == 1
    assert await work(rival, theirs) == ([], [])


@pytest.mark.parametrize("body", ["", "x", '"x"', "null", "[]", "{}", "[" * 100_000, "9" * 5000, '{"id": 1}'])
async def test_what_is_no_message_is_answered(acme: Client, body: str) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    answer = await acme.http.post("/mcp", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] < 0


@pytest.mark.parametrize("key", [None, "Bearer wrong", "Bearer " + "x" * 9_000])
async def test_without_a_valid_key_the_refusal_is_that_of_every_endpoint(edge: Edge, key: str | None) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx.AsyncClient(base_url=edge.address) as http:
        answer = await http.post("/mcp", json=body, headers={} if key is None else {"Authorization": key})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    (error,) = answer.json()["errors"]
    assert error["message"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_there_is_nothing_to_wait_for(acme: Client) -> None:
    answer = await acme.http.get("/mcp", headers={"Accept": "text/event-stream"}, timeout=5)
    assert answer.status_code == 405
