"""Helpers of API tests: a shared API, a tenant with rows, and its errors."""

from __future__ import annotations

import io
import json
import random
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from db.commands.keys import create_key
from db.postgres.database import Database
from graph.settings import ApiSettings
from tests.client import PROTOCOL, Client
from tests.conftest import served

#: Not a customer's doing: they say who is there, and grow by themselves.
_NOT_COUNTED = ("alembic_version", "workers", "procrastinate_workers")


@dataclass
class Edge:
    """A running API and its database. ``url``: where that is."""

    address: str
    database: Database
    url: str
    _numbers: count[int] = field(default_factory=count)

    @asynccontextmanager
    async def tenant(self) -> AsyncIterator[Client]:
        """A client with a new key of a new tenant."""
        async with self.database.transaction() as session:
            secret = await create_key(session, name="test", tenant=f"tenant-{next(self._numbers)}")
        async with Client(self.address, secret) as client:
            yield client

    async def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        async with self.database.reading() as session:
            names = await session.scalars(
                text("select tablename from pg_tables where schemaname = 'public' order by tablename")
            )
            return {
                name: (await session.execute(text(f'select count(*) from "{name}"'))).scalar_one()
                for name in names
                if name not in _NOT_COUNTED
            }


@asynccontextmanager
async def opened(url: str, **settings: Any) -> AsyncIterator[Edge]:
    """An API on the database at ``url``."""
    chosen = ApiSettings(
        **{"database_url": url, "host": "127.0.0.1", "port": 0, "max_audio_seconds": 60, "api_key": None, **settings}
    )
    async with served(chosen) as address:
        database = Database(url)
        try:
            yield Edge(address, database, url)
        finally:
            await database.close()


async def post_raw(client: Client, body: bytes | str, content_type: str = "application/json") -> httpx.Response:
    return await client.http.post("/graphql", content=body, headers={"content-type": content_type})


async def post(client: Client, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The whole answer. The request is pure ASCII, so that it may hold halves of characters."""
    answer: dict[str, Any] = (await post_raw(client, json.dumps({"query": query, "variables": variables}))).json()
    return answer


def code_of(answer: dict[str, Any]) -> str:
    """The code of the one error that the answer must have."""
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


@asynccontextmanager
async def bare_socket(address: str) -> AsyncIterator[ClientConnection]:
    """A websocket on which nothing was said."""
    async with connect(address.replace("http", "ws", 1) + "/graphql", subprotocols=[PROTOCOL]) as socket:
        yield socket


async def closing_code(client: Client, messages: Sequence[str | bytes]) -> int:
    """Sends the messages on a new socket, awaiting the answer to connection_init, until the server closes it.

    The close has a reason in words.
    """
    async with bare_socket(client.base) as socket:
        try:
            for message in messages:
                await socket.send(message)
                if '"connection_init"' in str(message):  # until it is acknowledged only small messages are taken
                    await socket.recv()
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, "the socket was dropped, not closed"
            assert " " in closed.rcvd.reason, "the reason has no words"
            return closed.rcvd.code


def init(client: Client) -> str:
    return json.dumps({"type": "connection_init", "payload": client.headers})


def subscribe(query: str, name: str = "1", **variables: Any) -> str:
    payload = {"query": query, "variables": variables}
    return json.dumps({"id": name, "type": "subscribe", "payload": payload})


async def operate(socket: ClientConnection, query: str, name: str = "1", **variables: Any) -> list[dict[str, Any]]:
    """Runs an operation on an acknowledged socket; returns its messages up to the last."""
    await socket.send(subscribe(query, name, **variables))
    messages: list[dict[str, Any]] = []
    while not messages or messages[-1]["type"] not in ("complete", "error"):
        message = json.loads(await socket.recv())
        if message["type"] != "ping":
            messages.append(message)
    return messages


def noise(seconds: float) -> bytes:
    """A WAV file of white noise, 16 bits at 16 kHz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(16_000)
        writing.writeframes(random.Random(1).randbytes(int(seconds * 16_000) * 2))
    return file.getvalue()
