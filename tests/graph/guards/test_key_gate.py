"""Authentication first: without a valid key nothing is parsed, compiled, cached or buffered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import graphql
import httpx
import pytest
import pytest_asyncio

from db.commands.keys import find_key
from graph.compiled.live.live import Live
from graph.compiled.reads.plans import Plans
from graph.guards import keys as gate_keys
from graph.guards import tokens
from tests.client import EVENTS, Client
from tests.conftest import cloned
from tests.graph.edge import Edge, bare_socket, code_of, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = "{ viewer { tenant } }"
#: Resolvers ask the database for the key again; here only the gate does.
NOTHING = "{ __typename }"
READ = "query($id: ID!) { session(id: $id) { id } }"
ID = "00000000-0000-0000-0000-000000000000"
SSE, MULTIPART = "text/event-stream", 'multipart/mixed;subscriptionSpec="1.0"'


class Counted:
    """How often documents are parsed and keys are looked up."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.parsed = self.looked = 0

        def counting_parse(*given: Any, **named: Any) -> Any:
            self.parsed += 1
            return graphql.parse(*given, **named)

        async def counting_find(*given: Any) -> Any:
            self.looked += 1
            return await find_key(*given)

        patch.setattr(tokens, "parse", counting_parse)
        patch.setattr(gate_keys, "find_key", counting_find)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strict(postgres: str) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url, requests_per_minute=60) as running:
        yield running


@pytest.mark.parametrize("accept", ["application/json", SSE, MULTIPART, "text/html"])
@pytest.mark.parametrize("key", [None, "vxl_wrong"])
async def test_no_document_of_a_stranger_is_parsed_or_kept(
    edge: Edge, counted: Counted, monkeypatch: pytest.MonkeyPatch, key: str | None, accept: str
) -> None:
    kept: list[object] = []
    monkeypatch.setattr(Plans, "admit", lambda *given: kept.append(given))
    monkeypatch.setattr(Live, "_admitted", lambda *given: kept.append(given))
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    async with Client(edge.address, key) as stranger:
        for query in (READ, EVENTS):
            body = {"query": query, "variables": {"id": ID}, "extensions": persisted}
            answer = await stranger.http.post("/graphql", json=body, headers={"accept": accept})
            assert code_of(answer.json()) == "UNAUTHENTICATED"
        sent = {"accept": accept, "GraphQL-Require-Preflight": "1"}
        answer = await stranger.http.get("/graphql", params={"query": ASK}, headers=sent)
        assert "errors" not in answer.text or code_of(answer.json()) == "UNAUTHENTICATED"
    assert (counted.parsed, kept) == (0, [])


async def test_a_wrong_key_is_looked_up_once_and_a_valid_one_briefly_remembered(edge: Edge, counted: Counted) -> None:
    async with Client(edge.address, "vxl_wrong_again") as stranger, edge.tenant() as client:
        for _ in range(10):
            assert code_of(await stranger.post(ASK)) == "UNAUTHENTICATED"
        assert counted.looked == 1
        for _ in range(10):
            await client.run(NOTHING)
        assert counted.looked == 2


async def test_requests_that_come_together_look_once(edge: Edge, counted: Counted) -> None:
    async with edge.tenant() as client:
        await asyncio.gather(*(client.run(NOTHING) for _ in range(20)))
    assert counted.looked == 1


async def test_fresh_wrong_keys_are_charged_to_the_address(strict: Edge, counted: Counted) -> None:
    async with strict.tenant() as client, httpx.AsyncClient(base_url=strict.address) as http:
        await client.run(ASK)
        answers = [
            await http.post("/graphql", json={"query": ASK}, headers={"Authorization": f"Bearer wrong-{number}"})
            for number in range(150)
        ]
        assert [each.status_code for each in answers].count(429) > 60
        assert counted.looked < 90
        await client.run(ASK)  # who was known before goes on from the same address
        # Those of one wrong key are charged too.
        sent = [await http.post("/graphql", json={"query": ASK}, headers={"Authorization": "Bearer wrong-0"})] * 5
        assert {each.status_code for each in sent} <= {200, 429}


async def test_wrong_keys_on_sockets_are_charged_too(postgres: str) -> None:
    async with cloned(postgres) as url, opened(url, requests_per_minute=5) as edge:
        wrong = json.dumps({"type": "connection_init", "payload": {"Authorization": "Bearer wrong"}})
        for _ in range(4):
            async with bare_socket(edge.address) as socket:
                await socket.send(wrong)
                await asyncio.sleep(0.02)
        async with httpx.AsyncClient(base_url=edge.address) as http:
            statuses = [
                (await http.post("/graphql", json={"query": ASK}, headers={"Authorization": "Bearer w"})).status_code
                for _ in range(4)
            ]
        assert 429 in statuses


async def test_two_authorization_headers_are_400(edge: Edge, acme: Client) -> None:
    mine = acme.headers["Authorization"]
    async with httpx.AsyncClient(base_url=edge.address) as http:
        for first, second in ((mine, "Bearer other"), ("Bearer other", mine), (mine, mine)):
            headers = [("Authorization", first), ("Authorization", second)]
            for path in ("/graphql", "/mcp"):
                answer = await http.post(path, json={"query": ASK}, headers=headers)
                assert (answer.status_code, code_of(answer.json())) == (400, "BAD_USER_INPUT")


async def test_a_large_body_of_a_stranger_is_refused_before_it_comes(edge: Edge) -> None:
    address = urlsplit(edge.address)
    for key in (b"", b"Authorization: Bearer wrong\r\n"):
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 300000\r\n"
        writer.write(head + key + b"\r\n{")
        answer = await asyncio.wait_for(reader.readuntil(b"}]}"), 10)
        assert b"UNAUTHENTICATED" in answer
        writer.close()


async def test_a_forwarded_address_is_believed_only_from_a_trusted_proxy(postgres: str) -> None:
    async def statuses(edge: Edge) -> list[int]:
        async with httpx.AsyncClient(base_url=edge.address) as http:
            return [
                (await http.get("/media/x", headers={"X-Forwarded-For": f"10.0.0.{number}"})).status_code
                for number in range(6)
            ]

    async with cloned(postgres) as url:
        async with opened(url, requests_per_minute=3) as edge:
            assert 429 in await statuses(edge)
        async with opened(url, requests_per_minute=3, trusted_proxies=["127.0.0.1"]) as edge:
            assert 429 not in await statuses(edge)
