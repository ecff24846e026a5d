"""Unexpected errors: the client gets an id, the log the id and the place, neither a user's words."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from starlette.types import Receive, Scope, Send

from db.commands import messages
from graph.api import queries, subscriptions
from graph.api.types.event import event_of
from graph.compiled.live.event_writer import EventWriter
from graph.compiled.live.plans import EventPlan
from graph.compiled.reads.selection import Unsupported
from graph.http.error_boundary import ErrorBoundary
from graph.http.graphql_ws import Handler
from graph.media.signing import MediaSigner
from inference.tools import server as tool_server
from tests.client import EVENTS, SEND, Client
from tests.graph.edge import Edge, bare_socket, closing_code, init, post, subscribe
from tests.graph.voice.realtime.fakes import served

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAID = "my-secret-words"


class Logs:
    """All that was logged, by structlog and by any library, as text."""

    def __init__(self) -> None:
        self.buffer = io.StringIO()

    @property
    def text(self) -> str:
        return self.buffer.getvalue()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines() if line.startswith("{")]


@pytest.fixture
def logs() -> Iterator[Logs]:
    held = Logs()
    handler = logging.StreamHandler(held.buffer)
    handler.addFilter(lambda record: record.name != "httpx")  # the tests' own client
    # uvicorn's own do not pass on what they log.
    loggers = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.error", "uvicorn.access")]
    level = loggers[0].level
    loggers[0].setLevel(logging.INFO)
    for each in loggers:
        each.addHandler(handler)
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(held.buffer),
        cache_logger_on_first_use=False,
    )
    yield held
    structlog.configure(**before)
    loggers[0].setLevel(level)
    for each in loggers:
        each.removeHandler(handler)


async def test_a_client_that_leaves_during_its_handshake_is_no_error(logs: Logs) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        asked.set()
        assert (await receive())["type"] == "websocket.disconnect"  # while its key was being looked up
        try:
            await send({"type": "websocket.accept"})
        finally:
            answered.set()

    async with served(ErrorBoundary(slow)) as address:
        place = urlsplit(f"{address}/realtime")
        _, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(
            f"GET {place.path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await asyncio.wait_for(asked.wait(), 5)
        writer.transport.abort()
        await asyncio.wait_for(answered.wait(), 5)
    assert not [each for each in logs.events() if each["event"] == "request_failed"]
    assert "Traceback" not in logs.text


def fail(*_: object, **__: object) -> Any:
    raise RuntimeError(f"it failed on {SAID}")


def unsupported(*_: object) -> Any:
    raise Unsupported("for the resolvers")


def masked(errors: list[dict[str, Any]], logs: Logs) -> None:
    """The error has no words of its own, and its id leads to a line of the log that has none either."""
    (error,) = errors
    assert error["extensions"]["code"] == "INTERNAL"
    error_id = error["extensions"]["errorId"]
    assert error_id in error["message"]
    (line,) = [each for each in logs.events() if each.get("error_id") == error_id]
    assert line["where"]
    assert SAID not in json.dumps(errors)
    assert SAID not in logs.text


async def test_a_query_that_fails(acme: Client, logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await acme.create_session()
    monkeypatch.setattr(queries, "read_snapshot", fail)
    answer = await acme.post("query($id: ID!) { conversation(sessionId: $id) { messages { id } } }", id=session)
    assert answer["data"] == {"conversation": None}
    masked(answer["errors"], logs)
    assert logs.events()[0]["path"] == "conversation"
    assert logs.events()[0]["error"] == "RuntimeError"


async def test_a_statement_that_fails_on_what_was_said(
    edge: Edge, acme: Client, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await acme.create_session()
    monkeypatch.setattr(messages, "validate_text", lambda text, *_, **__: text)
    before = await edge.rows()
    # The driver's own message repeats the whole text.
    answer = await post(acme, SEND, {"input": {"sessionId": session, "content": {"text": f"{SAID}\ud800"}}})
    masked(answer["errors"], logs)
    assert await edge.rows() == before


@pytest.mark.parametrize("layer", ["live", "resolvers"])
async def test_a_subscription_that_fails_on_its_way(
    acme: Client, logs: Logs, monkeypatch: pytest.MonkeyPatch, layer: str
) -> None:
    session = await acme.create_session()
    for _ in range(2):
        await acme.send(session, {"text": SAID})
    write = EventWriter.write
    if layer == "live":
        monkeypatch.setattr(
            EventWriter, "write", lambda self, event, urls: fail() if event.seq > 1 else write(self, event, urls)
        )
    else:
        monkeypatch.setattr(EventPlan, "following", unsupported)
        monkeypatch.setattr(
            subscriptions, "event_of", lambda stored, source: fail() if stored.seq > 1 else event_of(stored, source)
        )
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        await socket.send(subscribe(EVENTS, id=session))
        first, broken = [json.loads(await socket.recv()) for _ in range(2)]
        assert first["payload"]["data"]["sessionEvents"]["seq"] == 1
        masked(broken["payload"]["errors"], logs)
        await socket.send('{"type": "complete", "id": "1"}')
        await socket.send(subscribe("{ viewer { tenant } }", name="2"))
        while (answer := json.loads(await socket.recv()))["id"] != "2":
            pass
        assert answer["payload"]["data"]["viewer"]


async def test_a_request_that_fails_outside_of_graphql(
    acme: Client, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MediaSigner, "check", fail)
    answer = await acme.http.get("/media/01a20392-fc2a-72c4-87c7-6fe80e36c4f9")
    assert answer.status_code == 500
    masked(answer.json()["errors"], logs)
    assert logs.events()[0]["path"] == "media"


async def test_a_socket_that_fails_outside_of_graphql(
    acme: Client, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "handle_ping", fail)
    assert await closing_code(acme, ['{"type": "ping"}']) == 1011
    (line,) = logs.events()
    assert line["error"] == "RuntimeError"
    assert SAID not in logs.text


async def test_a_tool_that_fails(acme: Client, logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await acme.create_session()
    monkeypatch.setattr(tool_server, "run_crm_tool", fail)
    call = {"name": "billing_query", "arguments": {"session_id": session, "query": SAID, "intent": "billing"}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    headers = {"Accept": "application/json, text/event-stream"}
    answer = await acme.http.post("/mcp", json=request, headers=headers)
    assert answer.json()["result"]["isError"]
    assert SAID not in answer.text
    (line,) = logs.events()
    assert (line["event"], line["error"]) == ("tool_failed", "RuntimeError")
    assert SAID not in logs.text


async def test_bad_input_is_not_logged(acme: Client, logs: Logs) -> None:
    session = await acme.create_session()
    await post(acme, f'{{ nope(text: "{SAID}") }}', {})
    await post(acme, SEND, {"input": {"sessionId": session, "content": {"text": f"{SAID}\0"}}})
    await post(acme, SEND, {"input": {"sessionId": SAID, "content": {"text": SAID}, "waitSeconds": SAID}})
    await acme.http.post("/graphql", content=f'{{"{SAID}"', headers={"content-type": "application/json"})
    await acme.http.post("/mcp", content=f'{{"{SAID}": 1}}', headers={"content-type": "application/json"})
    await closing_code(acme, [json.dumps({"type": SAID})])
    assert logs.events() == []
    assert SAID not in logs.text
