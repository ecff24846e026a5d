"""CSRF, CORS and websocket origins: requests that other sites' pages can make a browser send."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.client import PROTOCOL
from tests.conftest import cloned
from tests.graph.edge import Edge, code_of, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = "{ __typename }"
BODY = json.dumps({"query": ASK})
LISTED = "https://app.example.com"
PUBLIC = "https://voice.example.com"
OTHER = "https://evil.example.com"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listed(postgres: str) -> AsyncIterator[Edge]:
    """An API that pages of one other site may use."""
    async with cloned(postgres) as url, opened(url, cors_origins=[LISTED], public_url=f"{PUBLIC}/api/") as running:
        yield running


async def sent(edge: Edge, method: str, path: str = "/graphql", **given: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=edge.address) as browser:
        return await browser.request(method, path, **given)


async def asked(edge: Edge, content_type: str | None, **headers: str) -> httpx.Response:
    given = headers if content_type is None else {"content-type": content_type, **headers}
    return await sent(edge, "POST", content=BODY, headers=given)


FORMS = [None, "", "text/plain", "TEXT/PLAIN; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]  # fmt: skip  # noqa: E501


def is_refused(answer: httpx.Response) -> bool:
    return answer.status_code == 400 and "Preflight" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("content_type", FORMS)
async def test_what_a_form_can_send_needs_a_header_that_no_form_can(edge: Edge, content_type: str | None) -> None:
    answer = await asked(edge, content_type)
    assert is_refused(answer)
    assert code_of(answer.json()) == "BAD_USER_INPUT"
    for name in ("GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name", "Authorization"):
        assert not is_refused(await asked(edge, content_type, **{name: "1"}))


async def test_json_is_never_sent_unasked(edge: Edge) -> None:
    assert code_of((await asked(edge, "application/json")).json()) == "UNAUTHENTICATED"


@pytest.mark.parametrize("params", [{"query": ASK}, {"extensions": "{}"}, {"%71uery": ASK}, {"query": ""}])
async def test_a_link_that_asks_needs_a_header(edge: Edge, params: dict[str, str]) -> None:
    path = "/graphql?" + "&".join(f"{name}={value}" for name, value in params.items())
    assert is_refused(await sent(edge, "GET", path))
    assert not is_refused(await sent(edge, "GET", path, headers={"GraphQL-Require-Preflight": "1"}))


async def test_a_link_to_graphiql_needs_none(edge: Edge) -> None:
    answer = await sent(edge, "GET", "/graphql", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")


async def test_it_can_be_switched_off(postgres: str) -> None:
    async with cloned(postgres) as url, opened(url, csrf_protection=False) as running:
        assert code_of((await sent(running, "GET", params={"query": ASK})).json()) == "UNAUTHENTICATED"


async def preflight(edge: Edge, origin: str) -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,apollo-require-preflight",
    }
    return await sent(edge, "OPTIONS", headers=headers)


async def test_pages_of_a_listed_site_may_ask_and_read(listed: Edge) -> None:
    answer = await preflight(listed, LISTED)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == LISTED
    read = await asked(listed, "application/json", Origin=LISTED)
    assert read.headers["access-control-allow-origin"] == LISTED
    assert read.headers["access-control-expose-headers"] == "ETag, Retry-After"


async def test_pages_of_others_may_not(edge: Edge, listed: Edge) -> None:
    for there, origin in ((listed, OTHER), (edge, LISTED)):
        assert "access-control-allow-origin" not in (await preflight(there, origin)).headers
        assert "access-control-allow-origin" not in (await asked(there, "application/json", Origin=origin)).headers


async def test_a_listed_page_may_read_refusals_too(listed: Edge) -> None:
    answer = await asked(listed, "text/plain", Origin=LISTED)
    assert is_refused(answer)
    assert answer.headers["access-control-allow-origin"] == LISTED


async def connected(edge: Edge, origin: str | None) -> bool:
    given = {} if origin is None else {"Origin": origin}
    address = edge.address.replace("http", "ws", 1) + "/graphql"
    try:
        async with connect(address, subprotocols=[PROTOCOL], additional_headers=given):
            return True
    except InvalidStatus as refused:
        assert refused.response.status_code == 403
        return False


async def test_sockets_from_this_site_from_listed_ones_and_from_what_is_no_browser(edge: Edge, listed: Edge) -> None:
    for origin in (None, listed.address, LISTED, PUBLIC):
        assert await connected(listed, origin), origin
    assert await connected(edge, edge.address)


@pytest.mark.parametrize("origin", [OTHER, "null", "", "http://[", "http://127.0.0.1:1", f"{LISTED}.evil.com", "*"])
async def test_sockets_from_other_sites_are_refused(listed: Edge, origin: str) -> None:
    assert not await connected(listed, origin)


async def test_sockets_from_everywhere_if_everywhere_is_listed(postgres: str) -> None:
    async with cloned(postgres) as url, opened(url, cors_origins=["*"]) as running:
        assert await connected(running, OTHER)
        assert (await preflight(running, OTHER)).headers["access-control-allow-origin"] == "*"
