"""Repeated request headers are read alike by the fast path and by Strawberry."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from db.errors import BadUserInput
from graph.http.headers import Headers, combined
from graph.wire.negotiation import GRAPHQL_RESPONSE
from tests.client import Client
from tests.graph.edge import Edge, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIST = "{ sessions(first: 1) { edges { cursor } } }"


async def raw(
    edge: Edge, body: bytes, *lines: str, method: str = "POST", path: str = "/graphql"
) -> tuple[bytes, bytes]:
    """The head and the body of an answer to a request with exactly these header lines."""
    address = urlsplit(edge.address)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    given = [f"{method} {path} HTTP/1.1", f"Host: {address.netloc}", "Connection: close", *lines]
    if body:
        given.append(f"Content-Length: {len(body)}")
    writer.write("\r\n".join([*given, "", ""]).encode() + body)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    return head.lower(), rest


def asked(name: str) -> bytes:
    return json.dumps({"query": f"{LIST} # {name}"}).encode()


async def test_accept_in_two_lines_is_one_list(edge: Edge, acme: Client) -> None:
    key = f"Authorization: {acme.headers['Authorization']}"
    wanted = [f"Accept: {GRAPHQL_RESPONSE}", "Accept: application/json;q=0.5"]
    for lines in (wanted, wanted[::-1]):
        for _ in range(3):  # the first goes the full way, the others are known
            head, _ = await raw(edge, asked("accept"), key, "Content-Type: application/json", *lines)
            assert f"content-type: {GRAPHQL_RESPONSE}".encode() in head


@pytest.mark.parametrize("wrong_first", [False, True])
async def test_two_keys_are_refused(edge: Edge, acme: Client, wrong_first: bool) -> None:
    key, wrong = f"Authorization: {acme.headers['Authorization']}", "Authorization: Bearer wrong"
    body = asked("keys")
    for _ in range(3):
        await raw(edge, body, key, "Content-Type: application/json")
    lines = [wrong, key] if wrong_first else [key, wrong]
    for each in (body, asked("keys, the full way")):
        head, answer = await raw(edge, each, *lines, "Content-Type: application/json")
        assert head.startswith(b"http/1.1 400")
        assert code_of(json.loads(answer)) == "BAD_USER_INPUT"


async def test_two_keys_open_no_socket(edge: Edge, acme: Client) -> None:
    key = f"Authorization: {acme.headers['Authorization']}"
    upgrade = ["Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
    lines = [key, key, *upgrade, "Sec-WebSocket-Protocol: graphql-transport-ws"]
    address = urlsplit(edge.address)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = ["GET /graphql HTTP/1.1", f"Host: {address.netloc}", "Connection: Upgrade", *lines, "", ""]
    writer.write("\r\n".join(head).encode())
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    writer.close()


async def test_two_types_of_one_body_are_refused(edge: Edge, acme: Client) -> None:
    key = f"Authorization: {acme.headers['Authorization']}"
    types = ["Content-Type: application/json", "Content-Type: text/plain"]
    for lines in (types, types[::-1]):
        head, _ = await raw(edge, asked("types"), key, *lines)
        assert head.startswith(b"http/1.1 400")


async def test_lists_are_joined_in_order_and_others_are_left() -> None:
    given: Headers = [(b"accept", b"a"), (b"host", b"h"), (b"accept", b"b"), (b"cookie", b"x=1"), (b"cookie", b"y=2")]
    assert combined(given) == [(b"accept", b"a, b"), (b"host", b"h"), (b"cookie", b"x=1; y=2")]
    for name in (b"authorization", b"host", b"content-type", b"origin"):
        with pytest.raises(BadUserInput, match=name.decode().title()):
            combined([(name, b"same"), (name, b"same")])


@pytest.mark.parametrize(("charset", "status"), [("utf-16", 415), ("latin-1", 415), ("utf-8", 200), ('"UTF-8"', 200)])
async def test_a_charset_is_judged_alike_at_first_and_when_known(acme: Client, charset: str, status: int) -> None:
    body = asked(f"charset {charset}")
    headers = {"content-type": f"application/json; charset={charset}"}
    first = await acme.http.post("/graphql", content=body, headers=headers)
    for _ in range(3):
        await acme.http.post("/graphql", content=body, headers={"content-type": "application/json"})
    known = await acme.http.post("/graphql", content=body, headers=headers)
    assert (first.status_code, known.status_code) == (status, status)
    assert first.content == known.content
