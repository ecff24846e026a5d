"""Python's gql: queries and uploads over httpx, subscriptions over websockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from gql import Client, FileVar, GraphQLRequest
from gql.client import AsyncClientSession
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

from tests.clients.resume_gql import follow as follow_events

pytestmark = pytest.mark.clients

_RECORDING = Path(__file__).parents[1] / "audio" / "jfk.wav"

CREATE = "mutation($input: CreateSessionInput!) { createSession(input: $input) { session { id } } }"
SEND = "mutation($input: SendMessageInput!) { sendMessage(input: $input) { turn { id } } }"
RESUMED = """subscription($id: ID!, $afterSeq: Int! = 0) {
  sessionEvents(sessionId: $id, afterSeq: $afterSeq) { __typename seq } }"""
END = "mutation($input: EndSessionInput!) { endSession(input: $input) { session { status } } }"
EVENTS = "subscription($id: ID!) { sessionEvents(sessionId: $id) { __typename seq turnId } }"
READ = (
    """query($id: ID!) { conversation(sessionId: $id) { lastSeq messages { role type complete } turns { status } } }"""
)


@pytest.fixture
def headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
async def http(api: str, headers: dict[str, str]) -> AsyncIterator[AsyncClientSession]:
    """A session that knows the server's schema, and holds every document and answer against it."""
    transport = HTTPXAsyncTransport(url=f"{api}/graphql", headers=headers)
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        yield session


@pytest.fixture
async def socket(api: str, headers: dict[str, str]) -> AsyncIterator[AsyncClientSession]:
    transport = WebsocketsTransport(url=f"{api.replace('http', 'ws', 1)}/graphql", init_payload=headers)
    async with Client(transport=transport) as session:
        yield session


async def run(session: AsyncClientSession, document: str, /, *, upload: bool = False, **variables: Any) -> Any:
    return await session.execute(GraphQLRequest(document, variable_values=variables), upload_files=upload)


@pytest.mark.usefixtures("worker")
async def test_a_conversation(http: AsyncClientSession, socket: AsyncClientSession) -> None:
    created = await run(http, CREATE, input={"customerId": "customer-1"})
    session_id = created["createSession"]["session"]["id"]
    told: list[dict[str, Any]] = []
    async with asyncio.timeout(60), aclosing(follow(socket, session_id)) as events:
        for content in (
            {"text": "I was charged twice."},
            {"upload": FileVar(str(_RECORDING), content_type="audio/wav")},
        ):
            given = {"sessionId": session_id, "content": content}
            sent = await run(http, SEND, upload="upload" in content, input=given)
            async for event in events:
                told.append(event)
                if event["turnId"] == sent["sendMessage"]["turn"]["id"] and event["__typename"] == "TurnCompleted":
                    break
        conversation = (await run(http, READ, id=session_id))["conversation"]
        ended = await run(http, END, input={"sessionId": session_id})
        told += [event async for event in events]
    assert [event["seq"] for event in told] == list(range(1, len(told) + 1))
    assert told[-1]["__typename"] == "SessionEnded"
    assert [turn["status"] for turn in conversation["turns"]] == ["COMPLETED"] * 2
    assert [(each["role"], each["type"]) for each in conversation["messages"]] == [
        ("USER", "TEXT"),
        ("ASSISTANT", "AUDIO"),
        ("USER", "AUDIO"),
        ("ASSISTANT", "AUDIO"),
    ]
    assert conversation["lastSeq"] == len(told) - 1
    assert ended["endSession"]["session"]["status"] == "ENDED"


async def follow(session: AsyncClientSession, session_id: str) -> AsyncGenerator[dict[str, Any], None]:
    request = GraphQLRequest(EVENTS, variable_values={"id": session_id})
    async for data in session.subscribe(request):
        yield data["sessionEvents"]


@pytest.mark.usefixtures("worker")
async def test_each_event_once_though_connections_are_cut(
    http: AsyncClientSession, api: str, headers: dict[str, str]
) -> None:
    created = await run(http, CREATE, input={"customerId": "customer-1"})
    session_id = created["createSession"]["session"]["id"]
    seen: list[int] = []
    async with cuttable(api) as (proxy, cut), asyncio.timeout(60):
        request = GraphQLRequest(RESUMED, variable_values={"id": session_id})
        address = f"{proxy.replace('http', 'ws', 1)}/graphql"
        following = asyncio.create_task(
            follow_events(address, headers, request, lambda event: seen.append(event["seq"]))
        )
        for text in ("I was charged twice.", "Thank you."):
            before = len(seen)
            saying = asyncio.create_task(run(http, SEND, input=said(session_id, text)))
            while len(seen) < before + 2:
                assert not following.done()
                await asyncio.sleep(0.01)
            assert cut() > 0
            await saying
        await run(http, END, input={"sessionId": session_id})
        await following
    conversation = (await run(http, READ, id=session_id))["conversation"]
    assert seen == list(range(1, conversation["lastSeq"] + 1))


def said(session_id: str, text: str) -> dict[str, Any]:
    return {"sessionId": session_id, "content": {"text": text}, "waitSeconds": 60}


@asynccontextmanager
async def cuttable(address: str) -> AsyncIterator[tuple[str, Callable[[], int]]]:
    """A proxy to the server: its address, and what cuts its connections and says how many there were."""
    target = urlsplit(address)
    writers: set[asyncio.StreamWriter] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(target.hostname, target.port)
        own = {writer, back}
        writers.update(own)
        await asyncio.gather(pump(reader, back), pump(there, writer))
        writers.difference_update(own)

    def cut() -> int:
        for writer in writers:
            writer.transport.abort()
        return len(writers)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", cut
        cut()


async def test_an_error_has_its_code(http: AsyncClientSession) -> None:
    with pytest.raises(TransportQueryError) as failed:
        await run(http, SEND, input={"sessionId": "no id", "content": {"text": "hello"}})
    assert failed.value.errors is not None
    assert failed.value.errors[0]["extensions"]["code"] == "NOT_FOUND"
