"""Authentication by API key over HTTP, websocket and /mcp."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import pytest
from graphql import introspection_from_schema
from sqlalchemy import text

from db.commands.keys import create_key, list_keys, revoke_key
from graph.api.schema import schema
from tests.client import Client, GraphQLFailed
from tests.db.rows import eventually
from tests.graph.edge import Edge, bare_socket, closing_code, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = "{ viewer { tenant keyName } }"

HEADERS: dict[str, bytes | None] = {
    "none": None,
    "empty": b"",
    "no scheme": b"KEY",
    "another scheme": b"Basic KEY",
    "no key": b"Bearer",
    "a wrong key": b"Bearer vxl_nobody",
    "half of the key": b"Bearer HALF",
    "the key in other letters": b"Bearer UPPER",
    "two keys": b"Bearer KEY KEY",
    "beyond ASCII": "Bearer schlüssel".encode("latin-1"),
    "10 kB": b"Bearer " + b"a" * 10_000,
}


def header(name: str, secret: str) -> dict[str, str]:
    value = HEADERS[name]
    if value is None:
        return {}
    names = {b"KEY": secret, b"HALF": secret[:-1], b"UPPER": secret.swapcase()}
    for each, real in names.items():
        value = value.replace(each, real.encode())
    return {"Authorization": value.decode("latin-1")}


def secret_of(client: Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


async def revoke(edge: Edge, client: Client) -> None:
    viewer = await client.run("{ viewer { keyId } }")
    async with edge.database.transaction() as session:
        await revoke_key(session, uuid.UUID(viewer["viewer"]["keyId"]))


@pytest.mark.parametrize("name", HEADERS)
async def test_a_key_that_is_none_is_refused_everywhere(edge: Edge, acme: Client, name: str) -> None:
    before = await edge.rows()
    given = header(name, secret_of(acme))
    async with httpx.AsyncClient(base_url=edge.address, headers=httpx.Headers(given, encoding="latin-1")) as http:
        asked = await http.post("/graphql", json={"query": ASK})
        assert "data" not in asked.json()
        assert code_of(asked.json()) == "UNAUTHENTICATED"
        mcp = await http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert (mcp.status_code, code_of(mcp.json())) == (401, "UNAUTHENTICATED")
        assert mcp.headers["www-authenticate"] == "Bearer"
    assert await closing_code(acme, [json.dumps({"type": "connection_init", "payload": given})]) == 4403
    assert await edge.rows() == before


PARAMS: dict[str, object] = {
    "empty": {},
    "a list": {"Authorization": ["Bearer KEY"]},
    "a number": {"Authorization": 5},
    "an object": {"Authorization": {"Bearer": "KEY"}},
    "headers are a string": {"headers": "Authorization: Bearer KEY"},
    "half a character": {"Authorization": "Bearer \ud800"},
}


@pytest.mark.parametrize("name", PARAMS)
async def test_params_without_a_key_close_the_socket(acme: Client, name: str) -> None:
    message = json.dumps({"type": "connection_init", "payload": PARAMS[name]}).replace("KEY", secret_of(acme))
    assert await closing_code(acme, [message]) == 4403


async def test_a_socket_without_params_is_closed(acme: Client) -> None:
    assert await closing_code(acme, ['{"type": "connection_init"}']) == 4403


async def test_a_key_is_found_where_clients_put_it(acme: Client) -> None:
    bearer = acme.headers["Authorization"]
    for params in ({"authorization": bearer}, {"headers": {"AUTHORIZATION": bearer.replace("Bearer", "bearer")}}):
        async with bare_socket(acme.base) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": params}))
            assert json.loads(await socket.recv())["type"] == "connection_ack"


async def test_a_revoked_key_is_refused_as_a_wrong_one(edge: Edge, acme: Client) -> None:
    await revoke(edge, acme)
    assert code_of(await acme.post(ASK)) == "UNAUTHENTICATED"
    async with Client(edge.address, "vxl_nobody") as nobody:
        refused = await nobody.post(ASK)

        async def refused_alike() -> bool:
            return await acme.post(ASK) == refused

        await eventually(refused_alike)  # the notification has come
    assert await closing_code(acme, [json.dumps({"type": "connection_init", "payload": acme.headers})]) == 4403


async def test_one_tenants_keys_are_worth_the_same(edge: Edge, acme: Client) -> None:
    tenant = (await acme.run(ASK))["viewer"]["tenant"]
    async with edge.database.transaction() as session:
        second = await create_key(session, name="second", tenant=tenant)
    opened = await acme.create_session()
    async with Client(edge.address, second) as other:
        found = await other.run("query($id: ID!) { session(id: $id) { id } }", id=opened)
        assert found["session"]["id"] == opened
        await revoke(edge, other)
        with pytest.raises(GraphQLFailed):
            await other.run(ASK)
    await acme.run(ASK)


async def test_no_table_holds_a_key(edge: Edge, acme: Client) -> None:
    await acme.create_session(metadata={"canary": "held"})
    secret = secret_of(acme)
    async with edge.database.reading() as session:
        names = (await session.scalars(text("select tablename from pg_tables where schemaname = 'public'"))).all()
        held = {name: str((await session.execute(text(f'select t::text from "{name}" t'))).all()) for name in names}
        (row,) = [key for key, _ in await list_keys(session) if secret.startswith(key.prefix)]
    assert "canary" in held["sessions"]
    hexed = (secret.encode().hex(), secret)
    assert [name for name, rows in held.items() if any(each in rows for each in hexed)] == []
    assert len(row.prefix) <= len(secret) // 4


async def test_graphiql_needs_no_key_and_asking_does(edge: Edge) -> None:
    async with httpx.AsyncClient(base_url=edge.address) as http:
        page = await http.get("/graphql", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "text/html" in page.headers["content-type"]
        asked = await http.get("/graphql", params={"query": ASK}, headers={"GraphQL-Require-Preflight": "1"})
        assert code_of(asked.json()) == "UNAUTHENTICATED"


def _sample(kind: dict[str, Any], types: dict[str, dict[str, Any]]) -> str:
    """A value of an input type, as GraphQL writes it."""
    if kind["kind"] == "NON_NULL":
        return _sample(kind["ofType"], types)
    if kind["kind"] == "LIST":
        return "[]"
    if kind["kind"] == "INPUT_OBJECT":
        fields = types[kind["name"]]["inputFields"]
        chosen = [each for each in fields if each["type"]["kind"] == "NON_NULL"] or fields[:1]
        return "{" + ", ".join(f"{each['name']}: {_sample(each['type'], types)}" for each in chosen) + "}"
    if kind["kind"] == "ENUM":
        return str(types[kind["name"]]["enumValues"][0]["name"])
    return {"Int": "1", "Float": "1.0", "Boolean": "true", "JSON": "{}"}.get(kind["name"], '"a"')


def _leaf(kind: dict[str, Any]) -> str:
    while kind["ofType"]:
        kind = kind["ofType"]
    return "" if kind["kind"] in ("SCALAR", "ENUM") else " { __typename }"


def told_schema() -> dict[str, Any]:
    """The schema as introspection tells it."""
    return dict(introspection_from_schema(schema.graphql_schema)["__schema"])


async def test_every_root_field_asks_for_a_key(edge: Edge) -> None:
    told = told_schema()
    types = {each["name"]: each for each in told["types"]}
    seen: list[str] = []
    async with Client(edge.address, None) as nobody:
        for root in ("queryType", "mutationType"):
            operation = root.removesuffix("Type")
            for field in types[told[root]["name"]]["fields"]:
                given = ", ".join(
                    f"{each['name']}: {_sample(each['type'], types)}"
                    for each in field["args"]
                    if each["type"]["kind"] == "NON_NULL" and each["defaultValue"] is None
                )
                arguments = f"({given})" if given else ""
                answer = await nobody.post(f"{operation} {{ {field['name']}{arguments}{_leaf(field['type'])} }}")
                assert code_of(answer) == "UNAUTHENTICATED", (field["name"], answer)
                seen.append(field["name"])
    assert {"viewer", "session", "conversation", "capabilities", "sendMessage", "callTool"} <= set(seen)


async def test_every_subscription_asks_for_a_key(edge: Edge) -> None:
    """Beneath the gate and the websocket's connection_init, which let nobody in who has none."""
    told = told_schema()
    types = {each["name"]: each for each in told["types"]}
    fields = types[told["subscriptionType"]["name"]]["fields"]
    assert {each["name"] for each in fields} == {"sessionEvents", "turnEvents"}
    for field in fields:
        (argument,) = [
            each["name"] for each in field["args"] if each["type"]["kind"] == "NON_NULL" and "Id" in each["name"]
        ]
        query = f'subscription {{ {field["name"]}({argument}: "a") {{ seq }} }}'
        for accept in ("text/event-stream", 'multipart/mixed;subscriptionSpec="1.0"'):
            async with httpx.AsyncClient(base_url=edge.address, headers={"Accept": accept}) as http:
                answer = await http.post("/graphql", json={"query": query})
            assert (answer.status_code, code_of(answer.json())) == (401, "UNAUTHENTICATED")
