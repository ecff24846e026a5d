"""Server-sent events resume after a disconnect: event ids and Last-Event-ID."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.client import END, EVENTS, Client
from tests.conftest import cloned
from tests.graph.api.test_subscriptions import TURN_EVENTS
from tests.graph.edge import Edge, opened, post_raw
from tests.graph.http.test_streams import CALL, MULTIPART, SSE, events_of, parts_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[True, False], ids=["compiled", "resolvers"])
async def edge(request: pytest.FixtureRequest, postgres: str) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url, compiled_operations=request.param) as running:
        yield running


async def ended(client: Client) -> str:
    """A session of three events, the last of which is its end."""
    session = await client.create_session()
    await client.run(CALL, input={"sessionId": session, "name": "find_crm_records", "arguments": {}})
    await client.run(END, id=session)
    return session


async def streamed(
    client: Client, seen: str | None, *, query: str = EVENTS, accept: str = SSE, method: str = "POST", **variables: Any
) -> str:
    headers = {"accept": accept, **({} if seen is None else {"last-event-id": seen})}
    asked: dict[str, Any] = {"query": query, "variables": variables}
    async with asyncio.timeout(10):
        if method == "GET":
            asked["variables"] = str(variables).replace("'", '"')
            return (await client.http.get("/graphql", params=asked, headers=headers)).text
        return (await client.http.post("/graphql", json=asked, headers=headers)).text


def ids(text: str) -> list[int]:
    return [int(line.removeprefix("id: ")) for line in text.splitlines() if line.startswith("id:")]


def numbers(text: str) -> list[int]:
    return [body["data"]["sessionEvents"]["seq"] for kind, body in events_of(text) if kind == "next"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("seen", "after", "told"),
    [
        (None, 0, [1, 2, 3]),
        ("", 0, [1, 2, 3]),
        ("0", 0, [1, 2, 3]),
        ("1", 0, [2, 3]),
        ("2", 1, [3]),
        ("1", 2, [3]),
        ("3", 0, []),
    ],
)
async def test_a_stream_goes_on_after_the_event_that_was_seen_last(
    acme: Client, method: str, seen: str | None, after: int, told: list[int]
) -> None:
    text = await streamed(acme, seen, method=method, id=await ended(acme), after=after)
    assert numbers(text) == told
    assert ids(text) == told
    assert text.endswith("event: complete\ndata:\n\n")


async def test_an_event_has_its_id_whatever_is_selected_of_it(acme: Client) -> None:
    query = "subscription($id: ID!) { sessionEvents(sessionId: $id) { __typename } }"
    text = await streamed(acme, "1", query=query, id=await ended(acme))
    assert ids(text) == [2, 3]
    assert "seq" not in text


async def test_the_events_of_a_turn_go_on_too(acme: Client) -> None:
    session = await acme.create_session()
    turn = await acme.send(session, {"text": "hello"})
    async with asyncio.timeout(10):
        body = {"query": TURN_EVENTS, "variables": {"id": turn["id"]}}
        async with acme.http.stream("POST", "/graphql", json=body, headers={"accept": SSE}) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("id:"):
                    assert line == "id: 1"
                    break


@pytest.mark.parametrize("seen", ["4", "x", "-1", "1.5", "١", "9" * 400, "1, 2"])
async def test_an_id_that_is_none_is_told(acme: Client, seen: str) -> None:
    headers = {b"accept": SSE.encode(), b"last-event-id": seen.encode()}
    asked = {"query": EVENTS, "variables": {"id": await ended(acme)}}
    answer = await acme.http.post("/graphql", json=asked, headers=headers)
    (kind, body), last = events_of(answer.text)
    assert (kind, last) == ("next", ("complete", None))
    assert [error["extensions"]["code"] for error in body["errors"]] == ["BAD_USER_INPUT"]


async def test_only_event_streams_have_ids(acme: Client) -> None:
    parts = parts_of((await streamed(acme, "2", accept=MULTIPART, id=await ended(acme))).encode())
    assert [each["payload"]["data"]["sessionEvents"]["seq"] for each in parts] == [1, 2, 3]
    query = "event: next\ndata: {"
    assert query in await streamed(acme, "2", query="{ viewer { tenant } }")
    answer = await post_raw(acme, '{"query": "{ viewer { tenant } }"}')
    assert "errors" not in answer.json()
