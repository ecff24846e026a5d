"""Streamed HTTP responses: their bytes, and clean-up at their end.

Protocols: graphql-sse (distinct connections mode) and Apollo's multipart subscriptions.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import Request
from starlette.types import Message, Scope
from strawberry.http import async_base_view
from strawberry.http.streaming import merge_stream_with_heartbeat

from db.feed.feed import Feed
from graph.http import sse
from graph.http.sse import EventStream
from graph.http.streaming import Stream
from tests.client import END, EVENTS, SEND, Client
from tests.conftest import cloned
from tests.graph.api.test_subscriptions import left_since
from tests.graph.edge import Edge, code_of, opened
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SSE = "text/event-stream"
MULTIPART = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"
ASK = "{ viewer { tenant } }"
CALL = "mutation($input: CallToolInput!) { callTool(input: $input) { toolCall { id } } }"

#: What a session tells in which a tool was called by hand, and which was then ended.
TOLD = [(1, "ToolCallStarted"), (2, "ToolCallFinished"), (3, "SessionEnded")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(postgres: str, feeds: list[Feed]) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url) as running:
        yield running


@asynccontextmanager
async def streamed(
    client: Client, query: str, *, accept: str = SSE, method: str = "POST", **variables: Any
) -> AsyncIterator[httpx.Response]:
    asked = {"query": query, "variables": variables}
    if method == "GET":
        body: dict[str, Any] = {"params": {"query": query, "variables": json.dumps(variables)}}
    else:
        body = {"json": asked}
    async with client.http.stream(method, "/graphql", headers={"accept": accept}, **body) as answer:
        yield answer


def events_of(text: str) -> list[tuple[str, Any]]:
    """The events of a whole event stream, without its comments."""
    told = []
    for block in text.split("\n\n"):  # LF alone: urql takes nothing else
        fields = {name: value.strip() for name, _, value in (line.partition(":") for line in block.splitlines())}
        if "event" in fields:
            told.append((fields["event"], json.loads(fields["data"]) if fields["data"] else None))
    return told


def parts_of(body: bytes) -> list[Any]:
    """The parts of a multipart answer, which must be whole (RFC 2046, 5.1.1); heartbeats are left out."""
    preamble, *parts, epilogue = (b"\r\n" + body).split(b"\r\n--graphql")
    assert (preamble, epilogue) == (b"", b"--\r\n")
    bodies = []
    for part in parts:
        headers, content = part.removeprefix(b"\r\n").split(b"\r\n\r\n")
        assert headers.startswith(b"Content-Type: application/json")
        bodies.append(json.loads(content))
    return [each for each in bodies if each != {}]


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets silence be filled at once."""

    def merged(stream: Any, beat: Any, *, send_initial_heartbeat: bool, **_: Any) -> Any:
        return merge_stream_with_heartbeat(stream, beat, 0.001, send_initial_heartbeat=send_initial_heartbeat)

    for module in (async_base_view, sse):
        monkeypatch.setattr(module, "merge_stream_with_heartbeat", merged)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_events_until_the_session_ends(acme: Client, feeds: list[Feed], method: str) -> None:
    (feed,) = feeds
    session = await acme.create_session()
    await acme.run(CALL, input={"sessionId": session, "name": "find_crm_records", "arguments": {}})
    async with asyncio.timeout(10), streamed(acme, EVENTS, method=method, id=session) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] == SSE
        assert "no-cache" in answer.headers["cache-control"]
        await until(lambda: feed.listeners == 1)
        await acme.run(END, id=session)
        text = (await answer.aread()).decode()
    *following, (last, nothing) = events_of(text)
    assert {kind for kind, _ in following} == {"next"}
    told = [body["data"]["sessionEvents"] for _, body in following]
    assert [(each["seq"], each["__typename"]) for each in told] == TOLD
    assert (last, nothing) == ("complete", None)
    await until(lambda: feed.listeners == 0)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_parts_until_the_session_ends(acme: Client, feeds: list[Feed], method: str) -> None:
    (feed,) = feeds
    session = await acme.create_session()
    await acme.run(CALL, input={"sessionId": session, "name": "find_crm_records", "arguments": {}})
    async with asyncio.timeout(10), streamed(acme, EVENTS, accept=MULTIPART, method=method, id=session) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"'
        await until(lambda: feed.listeners == 1)
        await acme.run(END, id=session)
        body = await answer.aread()
    told = [each["payload"]["data"]["sessionEvents"] for each in parts_of(body)]
    assert [(each["seq"], each["__typename"]) for each in told] == TOLD
    await until(lambda: feed.listeners == 0)


@pytest.mark.parametrize("accept", [SSE, MULTIPART])
async def test_a_part_is_whole_before_the_next_begins(acme: Client, accept: str) -> None:
    session = await acme.create_session()
    await acme.send(session, {"text": "hello"})
    async with asyncio.timeout(10), streamed(acme, EVENTS, accept=accept, id=session) as answer:
        text = ""
        async for chunk in answer.aiter_text():
            text += chunk
            if text.endswith("\n\n" if accept == SSE else "\r\n--graphql") and "TurnQueued" in text:
                return


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{", {}, "BAD_USER_INPUT"),
        ("subscription { nope }", {}, "BAD_USER_INPUT"),
        (EVENTS, {}, "BAD_USER_INPUT"),
        (EVENTS, {"id": "00000000-0000-0000-0000-000000000000"}, "NOT_FOUND"),
        (f"query a {ASK} query b {ASK}", {}, "BAD_USER_INPUT"),
        ("fragment f on Viewer { tenant }", {}, "BAD_USER_INPUT"),
    ],
    ids=["syntax", "field", "variable", "session", "operations", "fragment"],
)
async def test_what_cannot_be_followed_is_told_in_the_stream(
    acme: Client, feeds: list[Feed], query: str, variables: dict[str, Any], code: str
) -> None:
    async with streamed(acme, query, **variables) as answer:
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, SSE)
        (kind, body), last = events_of((await answer.aread()).decode())
    assert (kind, last) == ("next", ("complete", None))
    assert [error["extensions"]["code"] for error in body["errors"]] == [code]
    async with streamed(acme, query, accept=MULTIPART, **variables) as answer:
        (part,) = parts_of(await answer.aread())
    assert [error["extensions"]["code"] for error in part["payload"]["errors"]] == [code]
    assert feeds[0].listeners == 0


@pytest.mark.parametrize("body", ["null", "{", '{"query": 1}', '{"query": "{a}", "variables": 1}'])
async def test_what_is_no_request_is_not_streamed(acme: Client, body: str) -> None:
    headers = {"accept": SSE, "content-type": "application/json"}
    answer = await acme.http.post("/graphql", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json; charset=utf-8")
    assert code_of(answer.json()) == "BAD_USER_INPUT"


async def test_without_a_key_nothing_is_followed(edge: Edge, acme: Client, feeds: list[Feed]) -> None:
    session = await acme.create_session()
    async with Client(edge.address, None) as nobody, streamed(nobody, EVENTS, id=session) as answer:
        body = json.loads(await answer.aread())
    assert (answer.status_code, code_of(body)) == (401, "UNAUTHENTICATED")
    assert feeds[0].listeners == 0


async def test_a_query_is_one_event(acme: Client) -> None:
    async with streamed(acme, ASK) as answer:
        (_, body), last = events_of((await answer.aread()).decode())
    assert body["data"]["viewer"]["tenant"].startswith("tenant-")
    assert last == ("complete", None)


async def test_a_mutation_is_not_streamed_by_get(edge: Edge, acme: Client) -> None:
    before = await edge.rows()
    make = 'mutation { createSession(input: {customerId: "c"}) { session { id } } }'
    async with streamed(acme, make, method="GET") as answer:
        (_, body), _ = events_of((await answer.aread()).decode())
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert await edge.rows() == before


async def test_an_upload_is_read_within_the_stream(acme: Client) -> None:
    session = await acme.create_session()
    variables = {"input": {"sessionId": session, "content": {"upload": None}}}
    fields = {
        "operations": json.dumps({"query": SEND, "variables": variables}),
        "map": json.dumps({"file": ["variables.input.content.upload"]}),
    }
    audio = {"file": ("voice.wav", b"no audio at all", "audio/wav")}
    answer = await acme.http.post("/graphql", data=fields, files=audio, headers={"accept": SSE})
    (_, body), _ = events_of(answer.text)
    assert body["errors"][0]["extensions"]["code"] == "AUDIO_UNREADABLE"


@pytest.mark.parametrize("accept", [SSE, MULTIPART])
async def test_silence_is_filled(acme: Client, monkeypatch: pytest.MonkeyPatch, accept: str) -> None:
    hurry(monkeypatch)
    beat = ": ping" if accept == SSE else "\r\n\r\n{}\r\n"
    session = await acme.create_session()
    async with asyncio.timeout(10), streamed(acme, EVENTS, accept=accept, id=session) as answer:
        text = ""
        async for chunk in answer.aiter_text():
            text += chunk
            if text.count(beat) > 2:
                return


@pytest.mark.parametrize("accept", [SSE, MULTIPART])
async def test_listeners_that_vanish_leave_nothing_behind(acme: Client, feeds: list[Feed], accept: str) -> None:
    (feed,) = feeds
    session = await acme.create_session()
    await acme.send(session, {"text": "hello"})
    await until(lambda: feed.listeners == 0)
    before = asyncio.all_tasks()
    address = httpx.URL(acme.base)
    body = json.dumps({"query": EVENTS, "variables": {"id": session}}).encode()
    head = "\r\n".join(
        [
            "POST /graphql HTTP/1.1",
            f"Host: {address.netloc.decode()}",
            f"Authorization: {acme.headers['Authorization']}",
            f"Accept: {accept}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "",
            "",
        ]
    )
    sockets = []
    for _ in range(50):
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(head.encode() + body)
        sockets.append(writer)
    await until(lambda: feed.listeners == 50)
    for writer in sockets:
        writer.transport.abort()
    await until(lambda: feed.listeners == 0)
    await until(lambda: not left_since(before))


async def test_a_listener_that_does_not_read_is_gone_when_it_vanishes(
    acme: Client, feeds: list[Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EventStream, "encode_comment", lambda _self, _comment: ":" + "x" * 1_000_000 + "\n\n")
    hurry(monkeypatch)
    (feed,) = feeds
    session = await acme.create_session()
    before = asyncio.all_tasks()
    async with streamed(acme, EVENTS, id=session):
        await until(lambda: feed.listeners == 1)
        await asyncio.sleep(0.5)  # by now the server waits for room
    await until(lambda: feed.listeners == 0)
    await until(lambda: not left_since(before))


async def test_what_is_streamed_is_closed_when_the_client_is_gone_not_when_it_is_forgotten() -> None:
    closed: list[bool] = []
    sending = asyncio.Event()

    async def beats() -> AsyncGenerator[str, None]:
        try:
            while True:
                yield ":"
        finally:
            closed.append(True)

    async def receive() -> Message:
        await sending.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            sending.set()
            await asyncio.Event().wait()  # a client that does not read

    scope: Scope = {"type": "http", "asgi": {"spec_version": "2.3"}, "method": "GET", "path": "/", "headers": []}
    kept = beats()
    async with asyncio.timeout(10):
        await Stream(Request(scope), kept, {})(scope, receive, send)
    assert closed == [True]
