"""One-time sign-in: a token from the command line is exchanged once for a key that lasts twelve hours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from structlog.testing import capture_logs

from db.commands.sign_in import create_sign_in_token
from db.errors import BadUserInput
from tests.client import Client
from tests.conftest import cloned
from tests.graph.edge import Edge, code_of, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASK = "{ viewer { keyName tenant } }"
WRONG = "vxs_" + "A" * 43


@pytest_asyncio.fixture(loop_scope="module")
async def http(edge: Edge) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=edge.address) as client:
        yield client


async def make(edge: Edge, tenant: str = "default") -> str:
    return await edge.database.run(lambda session: create_sign_in_token(session, tenant=tenant))


async def test_a_token_is_a_key_once(edge: Edge, http: httpx.AsyncClient) -> None:
    token = await make(edge, "visited")
    with capture_logs() as logs:
        answer = await http.post("/sign-in", json={"token": token})
        again = await http.post("/sign-in", json={"token": token})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found = answer.json()
    left = datetime.fromisoformat(found["expiresAt"]) - datetime.now(UTC)
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)
    async with Client(edge.address, found["key"]) as client:
        assert (await client.run(ASK))["viewer"] == {"keyName": "console", "tenant": "visited"}
    assert (again.status_code, code_of(again.json())) == (401, "SIGN_IN_FAILED")
    assert "used already" in again.json()["errors"][0]["message"]
    async with edge.database.reading() as session:
        stored = str((await session.execute(text("select t::text from sign_in_tokens t"))).all())
        stored += str((await session.execute(text("select t::text from api_keys t"))).all())
    for secret in (token, found["key"]):
        assert secret not in stored + str(logs)
        assert secret.encode().hex() not in stored


async def test_of_two_uses_at_once_one_wins(edge: Edge, http: httpx.AsyncClient) -> None:
    token = await make(edge)
    before = (await edge.rows())["api_keys"]
    answers = await asyncio.gather(*(http.post("/sign-in", json={"token": token}) for _ in range(8)))
    assert sorted(each.status_code for each in answers) == [200] + [401] * 7
    assert (await edge.rows())["api_keys"] == before + 1


async def test_an_expired_token_is_none(edge: Edge, http: httpx.AsyncClient) -> None:
    token = await make(edge)
    async with edge.database.transaction() as session:
        await session.execute(text("update sign_in_tokens set expires_at = now() where used_at is null"))
    answer = await http.post("/sign-in", json={"token": token})
    assert (answer.status_code, code_of(answer.json())) == (401, "SIGN_IN_FAILED")
    assert "expired" in answer.json()["errors"][0]["message"]
    async with edge.database.transaction() as session:
        await session.execute(text("update sign_in_tokens set expires_at = now() - interval '2 days'"))
    await make(edge)  # deletes those
    assert (await edge.rows())["sign_in_tokens"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"token": WRONG}, 401, "SIGN_IN_FAILED"),
        ({"token": ""}, 401, "SIGN_IN_FAILED"),
        ({"token": "ü\u0000"}, 401, "SIGN_IN_FAILED"),
        ({"token": "vxl_" + "A" * 43}, 401, "SIGN_IN_FAILED"),
        ({"token": 5}, 400, "BAD_USER_INPUT"),
        ({}, 400, "BAD_USER_INPUT"),
        ([WRONG], 400, "BAD_USER_INPUT"),
        ({"token": "x" * 2_000}, 413, "PAYLOAD_TOO_LARGE"),
    ],
)
async def test_what_is_no_token_is_refused(
    edge: Edge, http: httpx.AsyncClient, body: Any, status: int, code: str
) -> None:
    before = await edge.rows()
    answer = await http.post("/sign-in", json=body)
    assert (answer.status_code, code_of(answer.json())) == (status, code)
    assert await edge.rows() == before


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'{"token": "a", "token": "b"}', b"[" * 900, b'{"token": 1e999}']
)
async def test_what_is_no_json_is_refused(http: httpx.AsyncClient, content: bytes) -> None:
    answer = await http.post("/sign-in", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, code_of(answer.json())) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_a_form_of_another_site_uses_no_token(edge: Edge, http: httpx.AsyncClient, kind: str) -> None:
    token = await make(edge)
    content = f'{{"token": "{token}"}}'
    answer = await http.post("/sign-in", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, code_of(answer.json())) == (415, "BAD_USER_INPUT")
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    asked = await http.options("/sign-in", headers=preflight)
    assert "access-control-allow-origin" not in asked.headers
    assert asked.headers["allow"] == "POST, OPTIONS"
    assert (await http.get("/sign-in")).status_code == 405
    assert (await http.post("/sign-in", json={"token": token})).status_code == 200


@pytest.mark.parametrize("has_key", [False, True])
async def test_guesses_are_few_and_cost_little(postgres: str, monkeypatch: pytest.MonkeyPatch, has_key: bool) -> None:
    """They are charged to the address as wrong keys are, also if they come with a valid key."""
    looked: list[object] = []

    async def known(_: object, token: object) -> bool:
        looked.append(token)
        return False

    async with cloned(postgres) as url, opened(url, requests_per_minute=60) as edge, edge.tenant() as owner:
        monkeypatch.setattr("graph.http.sign_in.is_known_token", known)
        headers = owner.headers if has_key else {}
        async with httpx.AsyncClient(base_url=edge.address, headers=headers) as http:
            answers = [await http.post("/sign-in", json={"token": WRONG}) for _ in range(40)]
            assert {each.status_code for each in answers} == {401, 429}
            assert len(looked) <= 25
            assert int(answers[-1].headers["retry-after"]) > 0
            assert code_of(answers[-1].json()) == "RATE_LIMITED"


async def test_the_host_is_checked(postgres: str) -> None:
    async with (
        cloned(postgres) as url,
        opened(url, allowed_hosts=["voice.example.com"]) as edge,
        httpx.AsyncClient(base_url=edge.address) as http,
    ):
        body = {"token": await make(edge)}
        for host, status in (("evil.example.com", 400), ("voice.example.com", 200)):
            assert (await http.post("/sign-in", json=body, headers={"Host": host})).status_code == status


async def test_a_token_needs_a_tenant_that_can_be(edge: Edge) -> None:
    with pytest.raises(BadUserInput):
        await make(edge, "")
