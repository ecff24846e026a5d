"""The fast path and Strawberry give the same status, headers and bytes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
import pytest_asyncio

from graph.wire.negotiation import GRAPHQL_RESPONSE, JSON
from tests.client import Client
from tests.conftest import cloned
from tests.graph.edge import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

READ = "query Read($id: ID!) { conversation(sessionId: $id) { lastSeq session { id } messages { text } } }"
EXTENSIONS = {"persistedQuery": {"version": 1, "sha256Hash": sha256(READ.encode()).hexdigest()}}
SSE = "text/event-stream"

ACCEPTS = [None, JSON, GRAPHQL_RESPONSE, "*/*", SSE, "text/html", "text/plain", f"{JSON};q=0.5, {GRAPHQL_RESPONSE}"]
TYPES = [JSON, f"{JSON}; charset=UTF-8", f"{JSON};charset=latin-1", "APPLICATION/JSON", "text/plain", f"{JSON}, {JSON}"]

TWO = f"{READ} query Who {{ viewer {{ tenant }} }}"

#: What is sent beside or in place of the query, the variables and the operation's name.
MEMBERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "by hash": {"query": None, "extensions": EXTENSIONS},
    "by hash, empty text": {"query": "", "extensions": EXTENSIONS},
    "hash and text": {"extensions": EXTENSIONS},
    "hash of another": {"query": READ + " ", "extensions": EXTENSIONS},
    "unknown hash": {"query": None, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
    "another version": {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}},
    "no query": {"query": None},
    "another name": {"operationName": "Other"},
    "empty name": {"operationName": ""},
    "no name": {"operationName": None},
    "the first of two operations": {"query": TWO},
    "the second of two operations": {"query": TWO, "operationName": "Who"},
    "none of two operations": {"query": TWO, "operationName": None},
    "no variables": {"variables": None},
    "more variables": {"variables": {"id": "x", "more": [1.5, 10**30, None]}},
    "a number as id": {"variables": {"id": 10**25}},
    "other members": {"more": {"a": 1}},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(postgres: str) -> AsyncIterator[tuple[Client, Client, str]]:
    """Clients of two servers on one database, of which the second has no fast path; and a session."""
    async with (
        cloned(postgres) as url,
        opened(url) as fast,
        opened(url, compiled_operations=False) as full,
        fast.tenant() as client,
        Client(full.address, client.headers["Authorization"][7:]) as other,
    ):
        session = await client.create_session()
        await client.send(session, {"text": "hello"})
        await learn(other, {"id": session})
        yield client, other, session


async def learn(client: Client, variables: object) -> None:
    """Asks what is asked by its hash later: it is registered, admitted and kept."""
    for known in ({"query": READ, "variables": variables}, {"query": READ, "extensions": EXTENSIONS}):
        for _ in range(2):
            await client.http.post("/graphql", json=known)


async def told(
    client: Client, method: str, members: dict[str, Any], headers: dict[str, str], times: int
) -> httpx.Response:
    """The last answer."""
    given = {name: value for name, value in members.items() if value is not None}
    for _ in range(times):
        if method == "POST":
            content = json.dumps(given)
            answer = await client.http.post("/graphql", content=content, headers={"content-type": JSON, **headers})
        else:
            params = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
            answer = await client.http.get("/graphql", params=params, headers=headers)
    return answer


async def same(both: tuple[Client, Client, str], method: str, members: dict[str, Any], headers: dict[str, str]) -> None:
    fast, full, session = both
    asked = {"query": READ, "variables": {"id": session}, "operationName": "Read", **members}
    await learn(fast, asked["variables"])
    one = await told(fast, method, asked, headers, 3)  # it is kept by then
    other = await told(full, method, asked, headers, 1)
    assert one.status_code == other.status_code
    assert one.content == other.content
    for name in ("content-type", "vary", "allow"):
        assert one.headers.get(name) == other.headers.get(name), name


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_whatever_is_sent(both: tuple[Client, Client, str], method: str, name: str) -> None:
    for accept in (JSON, GRAPHQL_RESPONSE, SSE):
        await same(both, method, MEMBERS[name], {"accept": accept})


@pytest.mark.parametrize("accept", ACCEPTS)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_whatever_is_accepted(both: tuple[Client, Client, str], method: str, accept: str | None) -> None:
    await same(both, method, {}, {} if accept is None else {"accept": accept})


@pytest.mark.parametrize("content_type", TYPES)
async def test_however_it_is_named(both: tuple[Client, Client, str], content_type: str) -> None:
    await same(both, "POST", {}, {"content-type": content_type})
