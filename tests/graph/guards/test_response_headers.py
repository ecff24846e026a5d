"""Security headers on every response, allowed hosts, and relative redirects."""

from __future__ import annotations

import httpx
import pytest

from tests.client import Client
from tests.conftest import cloned
from tests.graph.edge import Edge, code_of, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = {"Accept": "text/html"}


@pytest.mark.parametrize(
    "path",
    [
        "/graphql",
        "/",
        "/talk",
        "/console/none.js",
        "/healthz",
        "/readyz",
        "/nothing",
        "/media/x",
        "/static/graphiql.js",
        "/static/none",
        "/mcp",
    ],
)
async def test_every_response_has_them_once(edge: Edge, path: str) -> None:
    async with httpx.AsyncClient(base_url=edge.address) as http:
        for answer in (await http.get(path), await http.get(path, headers=PAGE), await http.post(path, json={})):
            for name, value in (
                ("X-Content-Type-Options", "nosniff"),
                ("X-Frame-Options", "DENY"),
                ("Referrer-Policy", "no-referrer"),
            ):
                assert answer.headers.get_list(name) == [value], (name, answer)
            (policy,) = answer.headers.get_list("Content-Security-Policy")
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy


async def test_only_graphiql_may_run_scripts(edge: Edge, acme: Client) -> None:
    page = await acme.http.get("/graphql", headers=PAGE)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    asked = await acme.http.post("/graphql", json={"query": "{ viewer { tenant } }"})
    assert asked.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_redirects_name_no_host(edge: Edge) -> None:
    async with httpx.AsyncClient(base_url=edge.address) as http:
        for path in ("/", "/graphql/", "/static", "/healthz/", "/mcp/"):
            answer = await http.get(path, headers={"Host": "evil.example.com"})
            assert "evil" not in str(answer.headers), path
        assert (await http.get("/")).headers["location"] == "graphql"


async def test_only_listed_names_are_answered(postgres: str) -> None:
    async with (
        cloned(postgres) as url,
        opened(url, allowed_hosts=["voice.example.com", "*.inner.example.com"]) as edge,
        httpx.AsyncClient(base_url=edge.address) as http,
    ):
        for host in ("voice.example.com", "VOICE.example.com:8443", "a.inner.example.com"):
            assert (await http.get("/graphql", headers={"Host": host, **PAGE})).status_code == 200, host
        for host in (
            "evil.example.com",
            "voice.example.com.evil.com",
            "inner.example.com",
            "",
            "[::1]:80",
            "127.0.0.1",
        ):
            answer = await http.get("/graphql", headers={"Host": host, **PAGE})
            assert (answer.status_code, code_of(answer.json())) == (400, "BAD_USER_INPUT"), host
        assert (await http.get("/healthz")).status_code == 200
