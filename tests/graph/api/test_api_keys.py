"""API keys in GraphQL: a tenant lists, creates and revokes its own; the secret is shown once."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from db.commands import tenant_keys
from tests.client import Client
from tests.graph.edge import Edge, bare_socket, code_of, init, operate

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELDS = "id name prefix createdAt revokedAt expiresAt current"
LIST = f"""query($first: Int! = 20, $after: String, $last: Int, $before: String, $usable: Boolean) {{
  apiKeys(first: $first, after: $after, last: $last, before: $before, usable: $usable) {{
    nodes {{ {FIELDS} }} totalCount pageInfo {{ hasNextPage endCursor }} }} }}"""
CREATE = f"mutation($input: CreateApiKeyInput!) {{ createApiKey(input: $input) {{ apiKey {{ {FIELDS} }} secret }} }}"
REVOKE = f"mutation($id: ID!) {{ revokeApiKey(input: {{id: $id}}) {{ apiKey {{ {FIELDS} }} signedOut }} }}"
ASK = "{ viewer { keyId keyName tenant } }"


async def created(client: Client, **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = (await client.run(CREATE, input={"name": "laptop", **given}))["createApiKey"]
    return made


async def listed(client: Client, **page: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await client.run(LIST, **page))["apiKeys"]["nodes"]
    return nodes


async def test_a_key_lives_from_creation_to_revocation(edge: Edge, acme: Client, rival: Client) -> None:
    (own,) = await listed(acme)
    assert (own["name"], own["current"], own["revokedAt"], own["expiresAt"]) == ("test", True, None, None)
    made = await created(acme)
    key, secret = made["apiKey"], made["secret"]
    assert secret.startswith(key["prefix"])
    assert key["current"] is False
    assert [each["id"] for each in await listed(acme)] == [key["id"], own["id"]]  # newest first
    assert secret not in json.dumps(await acme.run(LIST))
    async with Client(edge.address, secret) as other:
        viewer = (await other.run(ASK))["viewer"]
        assert viewer["keyId"] == key["id"]
        assert viewer["tenant"] == (await acme.run(ASK))["viewer"]["tenant"]
        assert [each["current"] for each in await listed(other)] == [True, False]
        for _ in range(2):  # idempotent
            revoked = (await acme.run(REVOKE, id=key["id"]))["revokeApiKey"]
            assert revoked["signedOut"] is False
        assert revoked["apiKey"]["revokedAt"] == (await listed(acme))[0]["revokedAt"] is not None
        assert code_of(await other.post(ASK)) == "UNAUTHENTICATED"
    assert [each["name"] for each in await listed(rival)] == ["test"]


async def test_keys_that_may_be_used_are_listed_alone(edge: Edge, acme: Client) -> None:
    expires = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    ids = {name: (await created(acme, name=name, expiresAt=expires))["apiKey"]["id"] for name in ("a", "b", "c")}
    await acme.run(REVOKE, id=ids["a"])
    async with edge.database.transaction() as session:
        await session.execute(text("update api_keys set expires_at = now() where id = :id"), {"id": ids["b"]})
    assert [each["name"] for each in await listed(acme, usable=True)] == ["c", "test"]
    assert [each["name"] for each in await listed(acme, usable=False)] == ["b", "a"]
    assert [each["name"] for each in await listed(acme, usable=None)] == ["c", "b", "a", "test"]
    assert (await acme.run(LIST, usable=True))["apiKeys"]["totalCount"] == 2


async def test_the_key_in_use_may_be_revoked(edge: Edge, acme: Client) -> None:
    made = await created(acme, name="mine")
    async with Client(edge.address, made["secret"]) as mine:
        revoked = (await mine.run(REVOKE, id=made["apiKey"]["id"]))["revokeApiKey"]
        assert (revoked["signedOut"], revoked["apiKey"]["current"]) == (True, True)
        assert code_of(await mine.post(ASK)) == "UNAUTHENTICATED"
    await acme.run(ASK)


async def test_another_tenants_key_is_as_unknown_as_none(edge: Edge, acme: Client, rival: Client) -> None:
    (theirs,) = await listed(rival)
    answers = [await acme.post(REVOKE, id=each) for each in (theirs["id"], theirs["id"][:-4] + "0000", "x")]
    assert {code_of(each) for each in answers} == {"NOT_FOUND"}
    assert answers[0] == answers[1]
    await rival.run(ASK)


async def test_keys_are_paged(acme: Client) -> None:
    for number in range(3):
        await created(acme, name=f"key {number}")
    first = (await acme.run(LIST, first=2))["apiKeys"]
    assert [each["name"] for each in first["nodes"]] == ["key 2", "key 1"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (4, True)
    rest = await listed(acme, first=2, after=first["pageInfo"]["endCursor"])
    assert [each["name"] for each in rest] == ["key 0", "test"]
    assert [each["name"] for each in await listed(acme, last=1)] == ["test"]
    assert code_of(await acme.post(LIST, first=0)) == "BAD_USER_INPUT"
    assert code_of(await acme.post(LIST, after="nowhere")) == "BAD_USER_INPUT"


async def test_a_key_expires(edge: Edge, acme: Client) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=3)
    made = await created(acme, expiresAt=moment.isoformat())
    assert datetime.fromisoformat(made["apiKey"]["expiresAt"]) == moment
    async with Client(edge.address, made["secret"]) as mine:
        await mine.run(ASK)
        await asyncio.sleep((moment - datetime.now(UTC)).total_seconds() + 0.1)
        refused = await mine.post(ASK)
        assert code_of(refused) == "API_KEY_EXPIRED"
        graphql = await mine.http.post(
            "/graphql", json={"query": ASK}, headers={"Accept": "application/graphql-response+json"}
        )
        assert graphql.status_code == 401
        mcp = await mine.http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert (mcp.status_code, code_of(mcp.json())) == (401, "API_KEY_EXPIRED")


@pytest.mark.parametrize(
    "given",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\u0000"},
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"expiresAt": "2900-01-01T00:00:00Z"},
        {"expiresAt": "2030-01-01T00:00:00"},
        {"expiresAt": "9999-12-31T23:59:59-23:00"},
        {"expiresAt": "tomorrow"},
    ],
)
async def test_bad_input_creates_no_key(edge: Edge, acme: Client, given: dict[str, Any]) -> None:
    before = await edge.rows()
    assert code_of(await acme.post(CREATE, input={"name": "laptop", **given})) == "BAD_USER_INPUT"
    assert await edge.rows() == before


async def test_a_tenant_has_a_bounded_number_of_keys(
    acme: Client, rival: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenant_keys, "MAX_KEYS", 4)
    answers = await asyncio.gather(*(acme.post(CREATE, input={"name": f"{number}"}) for number in range(8)))
    refused = [each for each in answers if "errors" in each]
    assert len(refused) == 5, "with the one in use there are four"
    assert {code_of(each) for each in refused} == {"CONFLICT"}
    newest = (await listed(acme))[0]
    await acme.run(REVOKE, id=newest["id"])  # makes room
    await created(acme)
    await created(rival)


async def test_the_secret_is_nowhere_but_in_the_answer(edge: Edge, acme: Client) -> None:
    aliases = " ".join(f'k{number}: createApiKey(input: {{name: "n"}}) {{ secret }}' for number in range(8))
    with capture_logs() as logs:
        answer = await acme.http.post("/graphql", json={"query": f"mutation {{ {aliases} }}"})
        async with bare_socket(acme.base) as socket:
            await socket.send(init(acme))
            await socket.recv()
            (message, _) = await operate(socket, CREATE, input={"name": "by socket"})
    assert answer.headers["cache-control"] == "no-store"
    secrets = [each["secret"] for each in answer.json()["data"].values()]
    secrets.append(message["payload"]["data"]["createApiKey"]["secret"])
    assert len(set(secrets)) == 9
    async with edge.database.reading() as session:
        rows = str((await session.execute(text("select t::text from api_keys t"))).all())
    for secret in secrets:
        assert secret not in str(logs)
        assert secret not in rows
        assert secret.encode().hex() not in rows


async def test_an_answer_with_a_secret_is_not_kept_compressed(edge: Edge, acme: Client) -> None:
    """Compressed answers are kept in memory by their text."""
    metadata = json.dumps({"a": "x" * 16_000})
    query = f"""mutation {{ createApiKey(input: {{name: "n"}}) {{ secret }}
      a: createSession(input: {{customerId: "c", metadata: {json.dumps(metadata)}}}) {{ session {{ metadata }} }}
      b: createSession(input: {{customerId: "c", metadata: {json.dumps(metadata)}}}) {{ session {{ metadata }} }} }}"""
    query = query.replace(json.dumps(metadata), '{a: "' + "x" * 16_000 + '"}')
    answer = await acme.http.post("/graphql", json={"query": query}, headers={"Accept-Encoding": "gzip"})
    assert answer.json()["data"]["createApiKey"]["secret"]
    assert len(answer.content) > 20_000
    assert "content-encoding" not in answer.headers
