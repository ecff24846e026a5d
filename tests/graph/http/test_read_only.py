"""A read-only database, as after a failover: writes fail with a code, /readyz is 503, and recovery is automatic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from db.postgres.database import Database
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from tests.client import SEND, Client
from tests.conftest import cloned, lent, working
from tests.db.rows import eventually
from tests.graph.edge import Edge, code_of, opened

CREATE = 'mutation { createSession(input: {customerId: "c"}) { session { id } } }'
TURN = "query($id: ID!) { turn(id: $id) { status attempt } }"
_SIGNS = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()"


@pytest.fixture
async def edge(postgres: str) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url, database_timeout_seconds=5) as running:
        yield running


async def set_read_only(postgres: str, edge: Edge, on: bool, *, cut: bool) -> None:
    """Makes new sessions read-only, or not; ``cut`` ends the old ones, as a failover does."""
    name = edge.database.address.database
    admin = await asyncpg.connect(postgres)
    try:
        await admin.execute(f"alter database {name} set default_transaction_read_only = {'on' if on else 'off'}")
        if cut:
            await admin.execute(_SIGNS.replace("$1", f"'{name}'"))
    finally:
        await admin.close()


async def readiness(client: Client) -> tuple[int, bool]:
    answer = await client.http.get("/readyz")
    return answer.status_code, answer.json()["database"]


async def becomes(client: Client, expected: tuple[int, bool]) -> None:
    """Waits for the readiness, which is remembered for a second."""

    async def reached() -> bool:
        return await readiness(client) == expected

    await eventually(reached)


async def test_a_read_only_server_is_away_and_not_ready(postgres: str, edge: Edge) -> None:
    async with edge.tenant() as client:
        session = await client.create_session()
        assert await readiness(client) == (200, True)
        await set_read_only(postgres, edge, True, cut=True)
        for query, variables in (
            (CREATE, {}),
            (SEND, {"input": {"sessionId": session, "content": {"text": "hello"}}}),
        ):
            refused = await client.post(query, **variables)
            assert code_of(refused) == "DATABASE_UNAVAILABLE"
            assert refused["errors"][0]["extensions"]["retryAfterSeconds"] > 0
        await becomes(client, (503, False))
        read = await client.run("query($id: ID!) { session(id: $id) { id } }", id=session)
        assert read == {"session": {"id": session}}, "what can be read is still read"


@pytest.mark.parametrize("asked", ["writes", "only readiness"])
async def test_it_is_found_writable_again_without_a_restart(postgres: str, edge: Edge, asked: str) -> None:
    """Old sessions keep the default that they were opened with: they are given up, and not asked again and again."""
    async with edge.tenant() as client:
        await set_read_only(postgres, edge, True, cut=True)
        for _ in range(3):
            assert code_of(await client.post(CREATE)) == "DATABASE_UNAVAILABLE"
            await becomes(client, (503, False))
        await set_read_only(postgres, edge, False, cut=False)

        async def back() -> bool:
            if asked == "writes":
                return "errors" not in await client.post(CREATE)
            return await readiness(client) == (200, True)

        await eventually(back)
        await client.create_session()


async def test_a_turn_in_flight_waits_and_goes_on(postgres: str, edge: Edge) -> None:
    model = FakeChatModel(lambda _: " ".join(["word"] * 40), delay=0.05)
    database = Database(edge.url, timeout_seconds=5)
    engines = lent(FakeTranscriber(), model, FakeSynthesizer())
    async with edge.tenant() as client, working(database, engines):
        turn = (await client.send(await client.create_session(), {"text": "hello"}))["id"]

        async def status() -> str:
            return str((await client.run(TURN, id=turn))["turn"]["status"])

        async def runs() -> bool:
            return await status() == "RUNNING"

        async def ended() -> bool:
            return await status() not in ("RUNNING", "QUEUED")

        await eventually(runs)
        await set_read_only(postgres, edge, True, cut=True)
        await asyncio.sleep(4)
        assert await status() == "RUNNING"
        await set_read_only(postgres, edge, False, cut=False)
        await eventually(ended, seconds=40)
        assert await status() == "COMPLETED"
        later = await client.send(await client.create_session(), {"text": "hello"}, waitSeconds=60)
        assert later["status"] == "COMPLETED", "the queue's own connections came back too"
    await database.close()
