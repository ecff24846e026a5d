"""Rate limits (requests per minute) of keys, and of addresses without a key."""

from __future__ import annotations

import json
from uuid import UUID

import httpx
import pytest

from db.errors import RateLimited
from graph.guards import rate_limit
from graph.guards.rate_limit import Rates
from tests.conftest import cloned
from tests.graph.edge import bare_socket, code_of, init, opened, operate

ASK = "{ viewer { tenant } }"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


KEY, OTHER = UUID(int=1), UUID(int=2)


def refused_by(taken: Rates, key: UUID) -> float:
    """The seconds until the next one."""
    with pytest.raises(RateLimited) as refused:
        taken.take_key(key)
    assert refused.value.extensions["code"] == "RATE_LIMITED"
    return float(refused.value.extensions["retryAfterSeconds"])


def test_a_bucket_empties_at_once_and_fills_evenly() -> None:
    clock = Clock()
    taken = Rates(60, clock=clock)
    for _ in range(60):
        taken.take_key(KEY)
    assert refused_by(taken, KEY) == 1
    clock.now = 0.75
    assert refused_by(taken, KEY) == 0.25
    clock.now = 2
    taken.take_key(KEY)
    taken.take_key(KEY)
    refused_by(taken, KEY)
    clock.now = 10_000
    for _ in range(60):
        taken.take_key(KEY)
    refused_by(taken, KEY)


def test_each_key_and_each_address_has_its_own() -> None:
    taken = Rates(1, clock=Clock())
    for take, name in ((taken.take_key, KEY), (taken.take_key, OTHER)):
        take(name)
        with pytest.raises(RateLimited):
            take(name)
    for count in (taken.take_address, taken.take_failure):
        for address in ("10.0.0.1", "10.0.0.2", "2001:db8:0:1::1", "2001:db8:0:2::1"):
            count(address)
        for address in ("10.0.0.1", "::ffff:10.0.0.2", "2001:db8:0:1:ffff::7"):  # a network of 64 bits is one client's
            with pytest.raises(RateLimited):
                count(address)


def test_a_burst_of_strangers_has_the_requests_of_two_seconds() -> None:
    clock = Clock()
    taken = Rates(6_000, clock=clock)
    for take in (taken.take_address, taken.take_failure):
        for _ in range(200):
            take("10.0.0.1")
        with pytest.raises(RateLimited):
            take("10.0.0.1")
    clock.now += 0.5
    for _ in range(50):
        taken.take_address("10.0.0.1")
    with pytest.raises(RateLimited):
        taken.take_address("10.0.0.1")
    for _ in range(6_000):  # a key may have its minute's at once
        taken.take_key(KEY)


def test_without_a_limit_nothing_is_counted() -> None:
    taken = Rates(0)
    for _ in range(10):
        taken.take_key(KEY)
        taken.take_failure("10.0.0.1")


def test_failures_are_looked_at_without_being_counted() -> None:
    taken = Rates(2, clock=Clock())
    for _ in range(10):
        taken.check_failures("10.0.0.1")
    taken.take_failure("10.0.0.1")
    taken.take_failure("10.0.0.1")
    with pytest.raises(RateLimited):
        taken.check_failures("10.0.0.1")


def test_who_asked_longest_ago_is_forgotten_and_strangers_have_no_key_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limit, "_MAX_BUCKETS", 3)
    taken = Rates(1, clock=Clock())
    taken.take_key(KEY)
    for number in range(10):
        taken.take_address(f"10.0.0.{number}")
        taken.take_failure(f"10.0.0.{number}")
    refused_by(taken, KEY)
    with pytest.raises(RateLimited):
        taken.take_address("10.0.0.9")
    taken.take_address("10.0.0.0")
    for number in range(3, 6):
        taken.take_key(UUID(int=number))
    taken.take_key(KEY)


async def test_too_many_requests_over_http(postgres: str) -> None:
    async with cloned(postgres) as url, opened(url, requests_per_minute=3) as edge, edge.tenant() as client:
        for _ in range(3):
            await client.run(ASK)
        answer = await client.http.post("/graphql", json={"query": ASK})
        assert answer.status_code == 429
        assert code_of(answer.json()) == "RATE_LIMITED"
        (error,) = answer.json()["errors"]
        assert 0 < error["extensions"]["retryAfterSeconds"] <= 20
        assert error["extensions"]["retryAfterSeconds"] <= int(answer.headers["retry-after"]) <= 20
        async with edge.tenant() as other:
            await other.run(ASK)
            for path in ("/healthz", "/readyz", "/static/nothing"):
                assert (await client.http.get(path)).status_code != 429


async def test_without_a_key_the_address_counts_and_media_always_do(postgres: str) -> None:
    async with cloned(postgres) as url, opened(url, requests_per_minute=3) as edge, edge.tenant() as client:
        async with httpx.AsyncClient(base_url=edge.address) as nobody:
            answers = [(await nobody.get("/media/x")).status_code for _ in range(2)]
            answers.append((await nobody.post("/graphql", json={"query": ASK})).status_code)
            assert 429 not in answers
            assert (await nobody.get("/media/x")).status_code == 429
        assert (await client.http.get("/media/x")).status_code == 429
        await client.run(ASK)


async def test_a_new_socket_counts(postgres: str) -> None:
    async with cloned(postgres) as url, opened(url, requests_per_minute=1) as edge, edge.tenant() as client:
        async with bare_socket(edge.address) as socket:
            await socket.send(init(client))
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            assert (await operate(socket, ASK))[0]["payload"]["data"]
        with pytest.raises(Exception, match="429"):
            async with bare_socket(edge.address):
                pass


async def test_every_operation_on_a_socket_counts(postgres: str) -> None:
    async with (
        cloned(postgres) as url,
        opened(url, requests_per_minute=3) as edge,
        edge.tenant() as client,
        bare_socket(edge.address) as socket,
    ):
        await socket.send(init(client))
        await socket.recv()
        for name in "123":
            assert (await operate(socket, ASK, name))[0]["payload"]["data"]
        (refused,) = await operate(socket, ASK, "4")
        assert refused["type"] == "error"
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert 0 < refused["payload"][0]["extensions"]["retryAfterSeconds"] <= 20
