"""HTTP methods, streams to HTTP/1.0, and Content-Encoding of requests and responses."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from graph.http.content_coding import accepts_gzip
from tests.client import EVENTS, Client
from tests.graph.edge import Edge, code_of
from tests.graph.http.test_headers import raw

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = "{ viewer { tenant } }"
READ = "query($id: ID!) { conversation(sessionId: $id) { lastSeq messages { id text audio { url } } } }"
SSE = "text/event-stream"
PAGES = {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/graphql", {"GET", "POST", "HEAD", "OPTIONS"}),
        ("/healthz", PAGES),
        ("/readyz", PAGES),
        ("/", PAGES),
        ("/static/graphiql.js", PAGES),
        ("/media/00000000-0000-0000-0000-000000000000", PAGES),
        ("/mcp", {"POST", "OPTIONS"}),
    ],
)
async def test_each_resource_tells_its_methods(acme: Client, path: str, allowed: set[str]) -> None:
    options = await acme.http.options(path)
    assert (options.status_code, options.content) == (204, b"")
    assert set(options.headers["allow"].split(", ")) == allowed
    for method in {"POST", "PUT", "DELETE", "PATCH", "PROPFIND"} - allowed:
        refused = await acme.http.request(method, path)
        assert refused.status_code == 405
        assert set(refused.headers["allow"].split(", ")) == allowed
        assert code_of(refused.json()) == "BAD_USER_INPUT"


async def test_what_is_nowhere_is_404_by_any_method(acme: Client) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PUT"):
        assert (await acme.http.request(method, "/nowhere")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/healthz", "/graphql", "/static/graphiql.js", "/graphql?query=%7Bviewer%7Btenant%7D%7D"]
)
async def test_head_is_get_without_the_body(acme: Client, path: str) -> None:
    get, head = await acme.http.get(path), await acme.http.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    for name in ("content-type", "content-length", "vary"):
        assert head.headers.get(name) == get.headers.get(name)


async def test_head_of_a_stream_ends(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    params = {"query": EVENTS, "variables": json.dumps({"id": session})}
    async with asyncio.timeout(10):
        answer = await acme.http.head("/graphql", params=params, headers={"accept": SSE})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith(SSE)


async def test_a_mutation_is_not_made_by_head(edge: Edge, acme: Client) -> None:
    before = await edge.rows()
    make = 'mutation { createSession(input: {customerId: "c"}) { session { id } } }'
    assert (await acme.http.head("/graphql", params={"query": make})).status_code == 405
    assert await edge.rows() == before


@pytest.mark.parametrize(("variables", "status"), [("null", 200), ("{}", 200), ("", 400), ("1", 400)])
@pytest.mark.parametrize("extensions", [None, "null", "{}"])
async def test_a_query_string_may_hold_null(acme: Client, variables: str, status: int, extensions: str | None) -> None:
    params = {"query": ASK, "variables": variables, "operationName": ""}
    if extensions is not None:
        params["extensions"] = extensions
    assert (await acme.http.get("/graphql", params=params)).status_code == status


@pytest.mark.parametrize("query", [b"query=%FF", b"query={a}&query={b}", b"query=\xff", b"&".join([b"a=1"] * 30)])
async def test_a_query_string_that_is_none(edge: Edge, acme: Client, query: bytes) -> None:
    key = f"Authorization: {acme.headers['Authorization']}"
    path = "/graphql?" + query.decode("latin-1")
    head, _ = await raw(edge, b"", key, "Accept: application/json", method="GET", path=path)
    assert head.startswith(b"http/1.1 400")


async def test_http_1_0_gets_its_streams_without_chunks(edge: Edge, acme: Client) -> None:
    address = urlsplit(edge.address)
    key = f"Authorization: {acme.headers['Authorization']}"
    for accept, part in ((SSE, b"event: next"), ("multipart/mixed;subscriptionSpec=1.0", b"--graphql")):
        body = json.dumps({"query": ASK}).encode()
        lines = ["POST /graphql HTTP/1.0", key, "Content-Type: application/json", f"Accept: {accept}"]
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body)
        async with asyncio.timeout(10):
            head, _, content = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        assert b"transfer-encoding" not in head.lower()
        assert b"content-length" not in head.lower()
        assert content.startswith(part)
        assert b'"tenant":"tenant-' in content


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "x", "identity, gzip"])
@pytest.mark.parametrize("path", ["/graphql", "/mcp"])
async def test_a_body_in_a_content_coding_is_415(acme: Client, path: str, coding: str) -> None:
    body = gzip.compress(json.dumps({"query": ASK}).encode())
    headers = {"content-type": "application/json", "content-encoding": coding}
    answer = await acme.http.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    plain = {"content-type": "application/json", "content-encoding": "Identity"}
    assert (await acme.http.post("/graphql", json={"query": ASK}, headers=plain)).status_code == 200


async def conversation(client: Client) -> str:
    """A session whose conversation is large."""
    session = await client.create_session()
    for number in range(12):
        await client.send(session, {"text": f"{number} " + "I was charged twice. " * 90})
    return session


async def get(client: Client, session: str, **headers: str) -> httpx.Response:
    params = {"query": READ, "variables": json.dumps({"id": session})}
    return await client.http.get("/graphql", params=params, headers=headers)


async def test_a_large_answer_is_compressed_for_who_accepts_it(acme: Client) -> None:
    session = await conversation(acme)
    for _ in range(2):  # the full way, and the cache
        plain = await get(acme, session, **{"accept-encoding": "identity"})
        assert plain.headers["vary"] == "Accept, Authorization, Accept-Encoding"  # a cache may not give it to all
    assert len(plain.content) > 16_384
    lengths = set()
    for _ in range(6):
        packed = await get(acme, session, **{"accept-encoding": "br, gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in packed.headers["vary"]
        assert packed.content == plain.content
        assert int(packed.headers["content-length"]) < len(plain.content) / 3
        lengths.add(len(packed.headers["x-padding"]))
    assert len(lengths) > 1, "the length is not random"
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    for etag in (packed.headers["etag"], plain.headers["etag"]):
        assert (await get(acme, session, **{"if-none-match": etag, "accept-encoding": "gzip"})).status_code == 304
    assert "content-encoding" not in plain.headers


async def test_what_is_small_or_a_stream_is_not_compressed(acme: Client) -> None:
    small = await acme.http.post("/graphql", json={"query": ASK}, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in small.headers
    assert "Accept-Encoding" not in small.headers["vary"]
    session = await conversation(acme)
    asked = {"query": READ, "variables": {"id": session}}
    for accept in (SSE, "multipart/mixed;subscriptionSpec=1.0"):
        answer = await acme.http.post("/graphql", json=asked, headers={"accept": accept, "accept-encoding": "gzip"})
        assert len(answer.content) > 16_384
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (b"gzip", True),
        (b"GZIP;q=0.5, br", True),
        (b"*", True),
        (b"", False),
        (b"br", False),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000, *", False),
        (b"*;q=0", False),
        (b"notgzip", False),
        (b"br, " * 100 + b"gzip", True),
    ],
)
async def test_what_accepts_gzip(header: bytes, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("application/json, text/html", False),
        ("text/html;q=0.5, application/json;q=0.9", False),
        ("text/html;q=0, */*", False),
        ("*/*", False),
    ],
)
async def test_a_browser_is_shown_graphiql_whatever_its_address_asks(acme: Client, accept: str, is_page: bool) -> None:
    asked: dict[str, Any] = {"query": ASK}
    for _ in range(2):
        answer = await acme.http.get("/graphql", params=asked, headers={"accept": accept})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html") is is_page
    async with httpx.AsyncClient(base_url=acme.base) as browser:  # a link is followed without any header of ours
        answer = await browser.get("/graphql", params=asked, headers={"accept": accept})
        assert answer.status_code == (200 if is_page else 400)
