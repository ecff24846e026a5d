"""Postgres outage: errors with a code meanwhile, and recovery without a restart."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from db.postgres.database import Database
from db.postgres.embedded import EmbeddedPostgres
from db.postgres.migrate import migrate
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from tests.client import EVENTS, SEND, Client, GraphQLFailed
from tests.conftest import lent, working
from tests.db.rows import eventually, scalar
from tests.graph.edge import Edge, closing_code, code_of, init, opened
from tests.waiting import until

DOWN_SECONDS = 10
TURN = "query($id: ID!) { turn(id: $id) { status attempt reply { text complete } } }"
BEATS = "select bool_and(last_heartbeat > now() - interval '2 s') from procrastinate_workers"
LONG = " ".join(["word"] * 60)


@pytest.fixture
async def mortal() -> AsyncIterator[EmbeddedPostgres]:
    directory = Path(tempfile.mkdtemp(prefix="voxloom-mortal-"))
    directory.chmod(0o755)  # noqa: ASYNC240 - as root, Postgres runs as another user
    server = EmbeddedPostgres(directory)
    await asyncio.to_thread(server.start)
    try:
        await migrate(server.url)
        yield server
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
async def edge(mortal: EmbeddedPostgres) -> AsyncIterator[Edge]:
    async with opened(mortal.url) as running:
        yield running


async def send(client: Client, session: str, key: str) -> dict[str, Any]:
    return await client.post(SEND, input={"sessionId": session, "content": {"text": "hello"}, "idempotencyKey": key})


async def test_an_outage_is_outlasted(mortal: EmbeddedPostgres, edge: Edge) -> None:
    database = Database(mortal.url)
    model = FakeChatModel(lambda _: LONG, delay=0.05)
    async with edge.tenant() as client, working(database, lent(FakeTranscriber(), model, FakeSynthesizer())):
        session = await client.create_session()
        flying = await client.send(session, {"text": "hello"}, idempotencyKey="in flight")
        seen: list[tuple[int, str]] = []
        following = asyncio.create_task(follow(client, session, seen))
        await until(lambda: any(kind == "ReplyDelta" for _, kind in seen))
        await asyncio.to_thread(mortal.stop)
        back = time.monotonic() + DOWN_SECONDS
        refused = await send(client, session, "sent meanwhile")
        assert code_of(refused) == "DATABASE_UNAVAILABLE"
        assert refused["errors"][0]["extensions"]["retryAfterSeconds"] > 0
        assert (await client.http.get("/readyz")).status_code == 503
        assert await closing_code(client, [init(client)]) == 1013
        answer = await client.http.post("/mcp", json={})
        assert (answer.status_code, code_of(answer.json())) == (503, "DATABASE_UNAVAILABLE")
        await asyncio.sleep(back - time.monotonic())
        await asyncio.to_thread(mortal.start)
        tried = refused
        async with asyncio.timeout(10):
            while "errors" in tried:
                tried = await send(client, session, "sent meanwhile")
        assert (await send(client, session, "in flight"))["data"]["sendMessage"]["turn"]["id"] == flying["id"]
        await until(lambda: sum(kind == "TurnCompleted" for _, kind in seen) == 2)
        turn = (await client.run(TURN, id=flying["id"]))["turn"]
        assert turn == {"status": "COMPLETED", "attempt": 1, "reply": {"text": LONG, "complete": True}}
        assert (await client.http.get("/readyz")).status_code == 200
        await eventually(lambda: scalar(database, BEATS))
        following.cancel()
        assert [seq for seq, _ in seen] == list(range(1, len(seen) + 1))
    await database.close()


async def follow(client: Client, session: str, seen: list[tuple[int, str]]) -> None:
    """Follows the session, and again after each end of the subscription."""
    while True:
        with suppress(GraphQLFailed, OSError, httpx.HTTPError):
            async for event in client.events(EVENTS, id=session, after=seen[-1][0] if seen else 0):
                seen.append((event["seq"], event["__typename"]))
        await asyncio.sleep(0.2)
