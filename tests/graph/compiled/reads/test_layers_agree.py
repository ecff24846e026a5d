"""Resolvers, compiled queries and the response cache give the same bytes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.compiled.reads.cache import Answer, Asking, ReadCache
from graph.compiled.reads.plans import Request
from tests.client import Client
from tests.conftest import cloned
from tests.graph.compiled.reads.queries import AGAINST_A_SERVER, Known, Made, queries
from tests.graph.compiled.reads.rows import Filler
from tests.graph.edge import Edge, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

_EXAMPLES = 100


@dataclass
class Layers:
    """The same database behind two servers: one with all layers, one with the slowest alone."""

    fast: Client
    slow: Client
    stranger: Client
    known: Known

    async def ask(self, client: Client, made: Made) -> httpx.Response:
        body = json.dumps({"query": made.text, "variables": made.variables, "operationName": "Q"})
        return await client.http.post("/graphql", content=body, headers={"content-type": "application/json"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def layers(postgres: str) -> AsyncIterator[Layers]:
    answered = 0
    answer = ReadCache.answer

    async def counted(self: ReadCache, request: Request, asking: Asking) -> Answer | None:
        nonlocal answered
        found = await answer(self, request, asking)
        answered += found is not None
        return found

    common = {
        "public_url": "https://voxloom.example",
        "requests_per_minute": 0,
        "max_cost": 10**9,
        "max_fields": 50_000,
    }
    async with (
        cloned(postgres) as url,
        opened(url, **common) as fast,
        opened(url, compiled_operations=False, **common) as slow,
        fast.tenant() as acme,
        fast.tenant() as rival,
        Client(slow.address, acme.headers["Authorization"].removeprefix("Bearer ")) as slow_acme,
    ):
        known = await filled(fast, acme)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ReadCache, "answer", counted)
            yield Layers(acme, slow_acme, rival, known)
    # Each example is asked twice; those that repeat lists, among others, are for the resolvers alone.
    assert answered > _EXAMPLES // 2, "the fast layers answered too little to be compared"


async def filled(edge: Edge, client: Client) -> Known:
    tenant = (await client.run("{ viewer { tenant } }"))["viewer"]["tenant"]
    sessions = await Filler(edge.database, tenant, seed=4).fill([0, 1, 3, 6])
    found = await client.run("{ sessions { edges { cursor node { turns { id } messages { id } } } } }")
    edges = found["sessions"]["edges"]
    turns = [turn["id"] for each in edges for turn in each["node"]["turns"]]
    messages = [message["id"] for each in edges for message in each["node"]["messages"]]
    records = (await client.run("{ crmRecords { nodes { id reference } } }"))["crmRecords"]["nodes"]
    return Known(
        [str(each) for each in sessions],
        turns,
        [each["cursor"] for each in edges],
        messages,
        [each["id"] for each in records],
        [each["reference"].lower() for each in records],
    )


def told(answer: httpx.Response, made: Made) -> Any:
    """The bytes; of two root fields that fail, either may be the one that is told: resolvers run side by side."""
    content = answer.json()
    if made.roots > 1 and "data" in content and content["data"] is None:
        return None
    return answer.content


@given(data=st.data())
@settings(AGAINST_A_SERVER, max_examples=_EXAMPLES)
async def test_all_layers_give_the_same_bytes(layers: Layers, data: st.DataObject) -> None:
    made = data.draw(queries(layers.known))
    slow = await layers.ask(layers.slow, made)
    assert b'"code":"INTERNAL"' not in slow.content, made
    first = await layers.ask(layers.fast, made)  # admitted while it goes the full way
    second = await layers.ask(layers.fast, made)  # one statement
    third = await layers.ask(layers.fast, made)  # the cache, where there is one
    for fast in (first, second, third):
        assert told(fast, made) == told(slow, made), made
        assert fast.status_code == slow.status_code
        assert [fast.headers[each] for each in ("content-type", "vary")] == [
            slow.headers[each] for each in ("content-type", "vary")
        ]
    foreign = await layers.ask(layers.stranger, made)
    assert not any(
        each.encode() in foreign.content for each in layers.known.turns if each not in str(made.variables) + made.text
    )
