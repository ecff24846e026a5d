"""Tenant isolation: unknown, malformed and other tenants' ids get identical responses."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.client import END, EVENTS, SEND, Client
from tests.graph.edge import Edge, bare_socket, init, operate, post_raw

pytestmark = pytest.mark.asyncio(loop_scope="module")

TURN_EVENTS = "subscription($id: ID!) { turnEvents(turnId: $id) { seq } }"
CALL = "mutation($input: CallToolInput!) { callTool(input: $input) { toolCall { id } } }"
TOOL = {"name": "billing_query", "arguments": {"query": "q", "intent": "billing"}}

#: What can be asked about a session, and what about a turn.
OF_SESSION: dict[str, tuple[str, dict[str, Any]]] = {
    "session": ("query($id: ID!) { session(id: $id) { id } }", {"id": "ID"}),
    "conversation": ("query($id: ID!) { conversation(sessionId: $id) { lastSeq } }", {"id": "ID"}),
    "sendMessage": (SEND, {"input": {"sessionId": "ID", "content": {"text": "hello"}}}),
    "sendMessage again": (SEND, {"input": {"sessionId": "ID", "content": {"text": "a"}, "idempotencyKey": "key"}}),
    "endSession": (END, {"id": "ID"}),
    "callTool": (CALL, {"input": {"sessionId": "ID", **TOOL}}),
    "callTool again": (CALL, {"input": {"sessionId": "ID", **TOOL, "idempotencyKey": "key"}}),
    "crmRecords": (
        "query($id: ID!) { crmRecords(filter: {sessionId: $id}) { nodes { id } pageInfo { hasNextPage } } }",
        {"id": "ID"},
    ),
}
OF_TURN: dict[str, tuple[str, dict[str, Any]]] = {
    "turn": ("query($id: ID!) { turn(id: $id) { id status } }", {"id": "ID"}),
    "cancelTurn": ("mutation($id: ID!) { cancelTurn(input: {turnId: $id}) { turn { id } } }", {"id": "ID"}),
    "retryTurn": ("mutation($id: ID!) { retryTurn(input: {turnId: $id}) { turn { id } } }", {"id": "ID"}),
}


def rubbish(real: str) -> dict[str, str]:
    """What is no id, among it other ways to write a real one."""
    return {
        "no id": "hello",
        "empty": "",
        "NUL": "\0",
        "half a character": "\ud800",
        "10 kB": "a" * 10_000,
        "a statement": "' or 1=1 --",
        "as a URN": f"urn:uuid:{real}",
        "in braces": f"{{{real}}}",
        "without dashes": real.replace("-", ""),
        "with spaces": f" {real} ",
        "in other digits": real.translate({ord("0") + digit: 0x660 + digit for digit in range(10)}),
    }


@pytest_asyncio.fixture(loop_scope="module")
async def theirs(rival: Client) -> AsyncIterator[tuple[str, str]]:
    """The ids of another tenant's session, in which all kinds of rows are, and of its turn."""
    session = await rival.create_session()
    turn = await rival.send(session, {"text": "a"}, idempotencyKey="key")
    await rival.run(CALL, input={"sessionId": session, **TOOL, "idempotencyKey": "key"})
    yield session, turn["id"]


async def asked(client: Client, query: str, variables: dict[str, Any], identity: str) -> bytes:
    """The answer's bytes, without the id that was asked for."""
    body = json.dumps({"query": query, "variables": variables}).replace('"ID"', json.dumps(identity))
    answer = await post_raw(client, body)
    assert answer.status_code == 200
    return answer.content.replace(identity.encode(errors="surrogatepass"), b"ID") if identity else answer.content


@pytest.mark.parametrize("name", [*OF_SESSION, *OF_TURN])
async def test_another_tenants_id_answers_as_an_unknown_one(
    edge: Edge, acme: Client, theirs: tuple[str, str], name: str
) -> None:
    query, variables = {**OF_SESSION, **OF_TURN}[name]
    before = await edge.rows()
    real = theirs[0] if name in OF_SESSION else theirs[1]
    unknown = await asked(acme, query, variables, str(uuid.uuid4()))
    assert b"INTERNAL" not in unknown
    assert await asked(acme, query, variables, real) == unknown
    for kind, identity in rubbish(real).items():
        assert await asked(acme, query, variables, identity) == unknown, kind
    assert await edge.rows() == before


async def test_the_owner_is_answered_otherwise(rival: Client, acme: Client, theirs: tuple[str, str]) -> None:
    for name, (query, variables) in {**OF_SESSION, **OF_TURN}.items():
        real = theirs[0] if name in OF_SESSION else theirs[1]
        assert await asked(rival, query, variables, real) != await asked(acme, query, variables, real), name


async def test_an_id_is_written_in_one_way(rival: Client, theirs: tuple[str, str]) -> None:
    query, variables = OF_SESSION["session"]
    unknown = await asked(rival, query, variables, str(uuid.uuid4()))
    for kind, identity in rubbish(theirs[0]).items():
        assert await asked(rival, query, variables, identity) == unknown, kind
    assert b"null" not in await asked(rival, query, variables, theirs[0].upper())


@pytest.mark.parametrize(("query", "place"), [(EVENTS, 0), (TURN_EVENTS, 1)], ids=["sessionEvents", "turnEvents"])
async def test_another_tenants_events_are_not_followed(
    acme: Client, theirs: tuple[str, str], query: str, place: int
) -> None:
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        unknown = await operate(socket, query, id=str(uuid.uuid4()))
        assert unknown[0]["payload"]["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert await operate(socket, query, id=theirs[place]) == unknown
        for kind, identity in rubbish(theirs[place]).items():
            assert await operate(socket, query, id=identity) == unknown, kind


async def test_lists_hold_only_ones_own(acme: Client, rival: Client, theirs: tuple[str, str]) -> None:
    lists = "{ sessions { nodes { id } } crmRecords { nodes { session { id } } } }"
    assert await acme.run(lists) == {"sessions": {"nodes": []}, "crmRecords": {"nodes": []}}
    own = {"sessions": {"nodes": [{"id": theirs[0]}]}, "crmRecords": {"nodes": [{"session": {"id": theirs[0]}}]}}
    assert await rival.run(lists) == own


async def test_a_cursor_of_another_tenant_shows_nothing_of_it(acme: Client, rival: Client) -> None:
    await rival.create_session()
    mine = await acme.create_session()
    await rival.create_session()
    theirs = await rival.run("{ sessions { edges { cursor } } }")
    pages = "query($after: String) { sessions(after: $after) { nodes { id } } }"
    for edge in theirs["sessions"]["edges"]:
        found = await acme.run(pages, after=edge["cursor"])
        assert [each["id"] for each in found["sessions"]["nodes"]] in ([], [mine])


async def test_find_crm_records_finds_only_ones_own(acme: Client, rival: Client, theirs: tuple[str, str]) -> None:
    session = await acme.create_session()  # of a customer who is called as the other tenant's is
    query = "mutation($input: CallToolInput!) { callTool(input: $input) { toolCall { result } } }"
    find = {"name": "find_crm_records", "arguments": {}}
    mine = await acme.run(query, input={"sessionId": session, **find})
    assert mine["callTool"]["toolCall"]["result"] == {"ok": True, "records": []}
    own = await rival.run(query, input={"sessionId": theirs[0], **find})
    assert len(own["callTool"]["toolCall"]["result"]["records"]) == 1
