"""A conversation's events as a list in pages, the same that a subscription sends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from graph.api.snapshot import read_snapshot
from tests.client import END, Client, GraphQLFailed
from tests.graph.edge import Edge, code_of, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

_EVENT = "__typename seq sessionId turnId at ... on TurnQueued { turn { id number } } ... on TurnFailed { turn { id } }"
PAGES = f"""query($id: ID!, $first: Int! = 20, $after: String, $last: Int, $before: String) {{
  conversation(sessionId: $id) {{ lastSeq events(first: $first, after: $after, last: $last, before: $before) {{
    totalCount pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
    edges {{ cursor node {{ seq }} }} nodes {{ {_EVENT} }} }} }} }}"""
FOLLOW = f"subscription($id: ID!) {{ sessionEvents(sessionId: $id, afterSeq: 0) {{ {_EVENT} }} }}"


async def page(client: Client, session_id: str, **given: Any) -> Any:
    return (await client.run(PAGES, id=session_id, **given))["conversation"]["events"]


def numbers(found: Any) -> list[int]:
    assert [each["node"]["seq"] for each in found["edges"]] == [each["seq"] for each in found["nodes"]]
    return [each["seq"] for each in found["nodes"]]


async def test_all_events_are_read_in_pages_each_once(acme: Client) -> None:
    session_id = await acme.create_session()
    for number in range(5):
        await acme.send(session_id, {"text": f"message {number}"})
    read: list[Any] = []
    after = None
    while True:
        found = await page(acme, session_id, first=2, after=after)
        assert found["totalCount"] == 5
        assert found["pageInfo"]["hasPreviousPage"] == (after is not None)
        read += found["nodes"]
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert [each["seq"] for each in read] == [1, 2, 3, 4, 5]
    events = acme.events(FOLLOW, id=session_id)
    async with asyncio.timeout(10):
        assert read == [await anext(events) for _ in read]
    await events.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_they_are_read_from_the_end_too(acme: Client) -> None:
    session_id = await acme.create_session()
    for number in range(4):
        await acme.send(session_id, {"text": f"message {number}"})
    newest = await page(acme, session_id, last=2)
    assert numbers(newest) == [3, 4] and newest["pageInfo"]["hasPreviousPage"]
    earlier = await page(acme, session_id, last=2, before=newest["pageInfo"]["startCursor"])
    assert numbers(earlier) == [1, 2] and not earlier["pageInfo"]["hasPreviousPage"]
    between = await page(
        acme, session_id, first=9, after=earlier["edges"][0]["cursor"], before=newest["edges"][1]["cursor"]
    )
    assert numbers(between) == [2, 3]


async def test_a_session_without_events_has_an_empty_page(acme: Client) -> None:
    found = await page(acme, await acme.create_session())
    assert found == {
        "totalCount": 0,
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
        "edges": [],
        "nodes": [],
    }


async def test_a_finished_conversation_keeps_them(acme: Client) -> None:
    session_id = await acme.create_session()
    await acme.run(END, id=session_id)
    assert [each["__typename"] for each in (await page(acme, session_id))["nodes"]] == ["SessionEnded"]


async def test_a_page_reads_no_rows_of_the_session(acme: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    async def counted(*given: Any) -> Any:
        read.append(given)
        return await read_snapshot(*given)

    monkeypatch.setattr("graph.api.queries.read_snapshot", counted)
    session_id = await acme.create_session()
    await acme.send(session_id, {"text": "hello"})
    await page(acme, session_id)
    assert read == []
    fragment = "fragment f on Conversation { turns { number userMessage { text } } }"
    query = f"query($id: ID!) {{ conversation(sessionId: $id) {{ events {{ nodes {{ seq }} }} ...f }} }} {fragment}"
    whole = (await acme.run(query, id=session_id))["conversation"]
    assert len(read) == 1
    assert whole["turns"] == [{"number": 1, "userMessage": {"text": "hello"}}]


async def test_nobody_reads_those_of_another_tenant(edge: Edge, acme: Client, rival: Client) -> None:
    session_id = await acme.create_session()
    with pytest.raises(GraphQLFailed) as refused:
        await page(rival, session_id)
    assert refused.value.code == "NOT_FOUND"


@pytest.mark.parametrize(
    "given", [{"first": 0}, {"first": 101}, {"last": 0}, {"after": "x"}, {"before": "MA"}, {"after": "LTE"}]
)
async def test_a_page_that_cannot_be(acme: Client, given: dict[str, Any]) -> None:
    session_id = await acme.create_session()
    assert code_of(await post(acme, PAGES, {"id": session_id, **given})) == "BAD_USER_INPUT"


async def test_they_count_as_objects(acme: Client) -> None:
    session_id = await acme.create_session()
    page_of_turns = "events(first: 100) { nodes { ... on TurnQueued { turn { id } } } }"
    fields = " ".join(f"e{number}: {page_of_turns}" for number in range(90))
    query = f"query($id: ID!) {{ conversation(sessionId: $id) {{ {fields} }} }}"
    assert code_of(await post(acme, query, {"id": session_id})) == "QUERY_TOO_COMPLEX"
