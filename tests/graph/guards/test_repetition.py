"""Repeated lists (a session's lists within each element of a list): actual objects count."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import parse

from graph.api.schema import schema
from graph.guards.repetition import repeats_lists
from tests.client import Client
from tests.graph.compiled.reads.rows import Filler
from tests.graph.edge import Edge, code_of, operate, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPEATING = [
    '{ session(id: "x") { messages { turn { session { messages { id } } } } } }',
    '{ conversation(sessionId: "x") { turns { session { turns { id } } } } }',
    '{ conversation(sessionId: "x") { session { turns { ...f } } } } fragment f on Turn { session { ...g } }'
    " fragment g on Session { ... on Session { messages { id } } }",
    "{ crmRecords { nodes { session { messages { id } } } } }",
    "{ crmRecords { edges { node { toolCall { crmRecord { session { turns { id } } } } } } } }",
    '{ turn(id: "x") { toolCalls { crmRecord { session { messages { id } } } } } }',
    "{ sessions { nodes { turns { session { messages { id } } } } } }",
    'mutation { endSession(input: {sessionId: "x"}) { session { turns { session { turns { id } } } } } }',
    '{ session(id: "x") { ' + " ".join(f"m{number}: messages {{ id }}" for number in range(61)) + " } }",
    "{ " + " ".join(f'r{number}: session(id: "x") {{ ...f }}' for number in range(16)) + " } fragment f on Session { "
    "a: messages { id } b: messages { id } c: messages { id } d: messages { id } }",
]
LINEAR = [
    '{ session(id: "x") { messages { turn { session { id } modelCalls { id } } } } }',
    "{ sessions { nodes { messages { id } } edges { node { turns { modelCalls { id } toolCalls { id } } } } } }",
    '{ turn(id: "x") { session { messages { id } turns { id } } } }',
    '{ conversation(sessionId: "x") { session { messages { id } } messages { id } } }',
    'mutation { sendMessage(input: {sessionId: "x", content: {text: "a"}}) { turn { session { messages { id } } } } }',
    '{ session(id: "x") { ' + " ".join(f"m{number}: messages {{ id }}" for number in range(20)) + " } }",
    "{ ...nope nope { id } sessions { nodes { ...f } } } fragment f on Session { turns { id } }",
]


@pytest.mark.parametrize("text", REPEATING)
async def test_lists_that_are_repeated_are_found(text: str) -> None:
    assert repeats_lists(schema.graphql_schema, parse(text), None)


@pytest.mark.parametrize("text", LINEAR)
async def test_what_is_linear_in_what_is_stored_is_not_counted(text: str) -> None:
    assert not repeats_lists(schema.graphql_schema, parse(text), None)


async def filled(edge: Edge, client: Client, *turns: int) -> list[str]:
    tenant = (await client.run("{ viewer { tenant } }"))["viewer"]["tenant"]
    return [str(each) for each in await Filler(edge.database, tenant, seed=3).fill(turns)]


async def test_a_short_query_of_a_long_session_is_refused_with_its_path(edge: Edge, acme: Client) -> None:
    (session,) = await filled(edge, acme, 80)
    for text in (
        "query($s: ID!) { session(id: $s) { messages { turn { session { messages { turn { session { messages { id } "
        "} } } } } } } }",
        "query($s: ID!) { session(id: $s) { messages { turn { session { messages { id } } } } } }",
    ):
        for _ in range(2):  # also when the document is known
            answer = await post(acme, text, {"s": session})
            assert code_of(answer) == "QUERY_TOO_COMPLEX"
            assert answer["data"] == {"session": None}
            assert answer["errors"][0]["path"][0] == "session"


async def test_what_is_small_is_answered_however_it_is_asked(edge: Edge, acme: Client) -> None:
    (session,) = await filled(edge, acme, 3)
    text = "query($s: ID!) { session(id: $s) { messages { turn { session { messages { id } turns { id } } } } } }"
    whole = (await acme.run("query($s: ID!) { session(id: $s) { messages { id } turns { id } } }", s=session))[
        "session"
    ]
    for _ in range(2):
        found = (await acme.run(text, s=session))["session"]["messages"]
        assert [each["turn"]["session"] for each in found] == [whole] * len(whole["messages"])
    part = text.replace("messages { turn", "messages(last: 2) { turn")
    assert len((await acme.run(part, s=session))["session"]["messages"]) == 2


async def test_ordinary_pages_are_answered(edge: Edge, acme: Client) -> None:
    await filled(edge, acme, 1, 2, 6)
    text = """{ sessions(first: 100) { nodes { id
      turns { id userMessage { text audio { url } } reply { text } modelCalls { id } toolCalls { id }
        timing { totalMs } }
      messages { id text audio { url } } } pageInfo { endCursor } } }"""
    for _ in range(2):
        assert [len(each["turns"]) for each in (await acme.run(text))["sessions"]["nodes"]] == [6, 2, 1]


async def test_no_event_repeats_the_lists_of_its_session(acme: Client) -> None:
    session = await acme.create_session()
    text = """subscription($s: ID!) { sessionEvents(sessionId: $s) { ... on TurnQueued { turn {
      session { turns { session { turns { id } } } } } } } }"""
    async with acme.socket() as socket:
        await socket.recv()
        (message,) = await operate(socket, text, s=session)
    errors: list[dict[str, Any]] = message["payload"]
    assert message["type"] == "error"
    assert errors[0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"
