"""Conformance to GraphQL over HTTP; the audits of graphql-http are in tests/clients."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graph.wire.negotiation import GRAPHQL_RESPONSE, JSON
from tests.client import Client
from tests.graph.edge import Edge, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = "{ viewer { tenant } }"
NAMED = "query($id: ID!) { session(id: $id) { id } }"

UNFIT: dict[str, dict[str, Any]] = {
    "no document": {"query": "{"},
    "an unknown field": {"query": "{ nope }"},
    "a variable is missing": {"query": NAMED},
    "a variable is null": {"query": NAMED, "variables": {"id": None}},
    "no operation is named": {"query": f"query a {ASK} query b {ASK}"},
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", UNFIT)
@pytest.mark.parametrize(("media_type", "status"), [(JSON, 200), (GRAPHQL_RESPONSE, 400)])
async def test_what_is_not_executed_has_no_data(
    acme: Client, method: str, name: str, media_type: str, status: int
) -> None:
    asked = UNFIT[name]
    fields = {key: value if isinstance(value, str) else json.dumps(value) for key, value in asked.items()}
    body: dict[str, Any] = {"params": fields} if method == "GET" else {"json": asked}
    answer = await acme.http.request(method, "/graphql", headers={"accept": media_type}, **body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert answer.headers["vary"] == "Accept, Authorization"
    assert "data" not in answer.json()
    assert code_of(answer.json()) == "BAD_USER_INPUT"


@pytest.mark.parametrize("media_type", [JSON, GRAPHQL_RESPONSE])
async def test_what_fails_while_it_is_executed_has_data(acme: Client, media_type: str) -> None:
    asked = {"query": '{ crmRecords(after: "nope") { pageInfo { endCursor } } }'}
    answer = await acme.http.post("/graphql", json=asked, headers={"accept": media_type})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert answer.json()["data"] is None
    assert code_of(answer.json()) == "BAD_USER_INPUT"


@pytest.mark.parametrize(("media_type", "status"), [(JSON, 200), (GRAPHQL_RESPONSE, 401)])
async def test_without_a_key_nothing_is_executed(edge: Edge, media_type: str, status: int) -> None:
    async with Client(edge.address, None) as nobody:
        answer = await nobody.http.post("/graphql", json={"query": ASK}, headers={"accept": media_type})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (status, "Bearer")
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert "data" not in answer.json()
    assert code_of(answer.json()) == "UNAUTHENTICATED"


@pytest.mark.parametrize("media_type", [JSON, GRAPHQL_RESPONSE])
async def test_what_is_no_request_is_400_in_the_form_asked_for(acme: Client, media_type: str) -> None:
    answer = await acme.http.post("/graphql", json={"query": 1}, headers={"accept": media_type})
    assert (answer.status_code, answer.headers["content-type"]) == (400, f"{media_type}; charset=utf-8")


async def test_a_query_by_get(acme: Client) -> None:
    for variables in ({}, {"variables": "{}"}, {"operationName": "Ask"}):
        answer = await acme.http.get("/graphql", params={"query": f"query Ask {ASK}", **variables})
        assert answer.status_code == 200
        assert answer.json()["data"]["viewer"]["tenant"].startswith("tenant-")


async def test_a_mutation_by_get_is_told_the_way(edge: Edge, acme: Client) -> None:
    before = await edge.rows()
    make = 'mutation { createSession(input: {customerId: "c"}) { session { id } } }'
    answer = await acme.http.get("/graphql", params={"query": make})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert await edge.rows() == before


@pytest.mark.parametrize("accept", ["text/plain", "application/json;q=0", "multipart/mixed"])
async def test_a_form_that_there_is_not(acme: Client, accept: str) -> None:
    answer = await acme.http.post("/graphql", json={"query": ASK}, headers={"accept": accept})
    assert answer.status_code == 406
    assert code_of(answer.json()) == "BAD_USER_INPUT"


async def test_a_persisted_query_by_get_is_no_visit_to_graphiql(acme: Client) -> None:
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    answer = await acme.http.get("/graphql", params={"extensions": json.dumps(persisted)})
    assert answer.headers["content-type"].startswith(JSON)
