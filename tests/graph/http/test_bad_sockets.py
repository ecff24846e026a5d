"""Invalid websocket messages: the socket is closed or gets an error, never a crash."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from graph.http.websocket_protocol import STRANGER_MESSAGE_BYTES
from tests.client import EVENTS, SEND, Client
from tests.conftest import cloned
from tests.graph.edge import Edge, bare_socket, closing_code, init, opened, operate, subscribe
from tests.graph.http.test_bad_requests import ASK, DEEP, DIGITS, DOCUMENTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUBSCRIBE = json.loads(subscribe(ASK))


def with_payload(payload: Any) -> str:
    return json.dumps({**SUBSCRIBE, "payload": payload})


#: Closed with this code, whether or not the socket was acknowledged before.
MESSAGES: dict[str, tuple[str | bytes, int]] = {
    "no JSON": ("{", 4400),
    "nothing": ("", 4400),
    "binary": (b'{"type": "ping"}', 4400),
    "a string": ('"str"', 4400),
    "null": ("null", 4400),
    "a number": ("1", 4400),
    "not a number": ("NaN", 4400),
    "a list": ("[]", 4400),
    "too deep": (DEEP, 4400),
    "too many digits": (DIGITS, 4400),
    "no type": ("{}", 4400),
    "type null": ('{"type": null}', 4400),
    "type is a list": ('{"type": []}', 4400),
    "unknown type": ('{"type": "start"}', 4400),
    "a type of 1,000 characters": (json.dumps({"type": "é" * 1000}), 4400),
    "half a character as type": ('{"type": "\\ud800"}', 4400),
    "ping with a string": ('{"type": "ping", "payload": "x"}', 4400),
    "complete without id": ('{"type": "complete"}', 4400),
    "complete with a list as id": ('{"type": "complete", "id": []}', 4400),
    "subscribe without id": (json.dumps({"type": "subscribe", "payload": {"query": ASK}}), 4400),
    "subscribe with a number as id": (json.dumps({**SUBSCRIBE, "id": 1}), 4400),
    "subscribe with null as id": (json.dumps({**SUBSCRIBE, "id": None}), 4400),
    "subscribe with an empty id": (json.dumps({**SUBSCRIBE, "id": ""}), 4400),
    "subscribe with a long id": (json.dumps({**SUBSCRIBE, "id": "1" * 1000}), 4400),
    "no payload": ('{"type": "subscribe", "id": "1"}', 4400),
    "payload is a string": (with_payload("str"), 4400),
    "payload is null": (with_payload(None), 4400),
    "payload is a list": (with_payload([]), 4400),
    "payload without query": (with_payload({}), 4400),
    "query is null": (with_payload({"query": None}), 4400),
    "query is a list": (with_payload({"query": []}), 4400),
    "variables are a string": (with_payload({"query": ASK, "variables": "x"}), 4400),
    "variables are a list": (with_payload({"query": ASK, "variables": []}), 4400),
    "operationName is a number": (with_payload({"query": ASK, "operationName": 1}), 4400),
}


@pytest.mark.parametrize("name", MESSAGES)
async def test_a_message_that_breaks_the_protocol_closes_the_socket(acme: Client, name: str) -> None:
    message, code = MESSAGES[name]
    assert await closing_code(acme, [message]) == (code if len(message) < STRANGER_MESSAGE_BYTES else 1009)
    assert await closing_code(acme, [init(acme), message]) == code


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([subscribe(ASK)], 4401),
        (["INIT", "INIT"], 4429),
        (["INIT", subscribe(EVENTS, id="SESSION"), subscribe(EVENTS, id="SESSION")], 4409),
        (['{"type": "connection_init", "payload": "str"}'], 4400),
        (['{"type": "connection_init", "payload": []}'], 4400),
    ],
    ids=["subscribed too early", "initialised twice", "the same id twice", "init with a string", "init with a list"],
)
async def test_messages_out_of_order_close_the_socket(acme: Client, messages: list[str], code: int) -> None:
    session = await acme.create_session()
    sent = [init(acme) if each == "INIT" else each.replace("SESSION", session) for each in messages]
    assert await closing_code(acme, sent) == code


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_that_cannot_run_leaves_the_socket_open(acme: Client, name: str) -> None:
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        (*_, answer) = [each for each in await operate(socket, DOCUMENTS[name]) if each["type"] != "complete"]
        errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
        assert [each["extensions"]["code"] for each in errors] == ["BAD_USER_INPUT"]
        (asked, _) = await operate(socket, ASK)
        assert asked["payload"]["data"]["viewer"]["tenant"].startswith("tenant-")


async def test_unknown_operations_leave_the_socket_open(acme: Client) -> None:
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        for payload in (
            {"query": ASK, "operationName": "nope"},
            {"query": ""},
            {"query": "fragment f on Viewer { tenant }"},
        ):
            await socket.send(with_payload(payload))
            answer = json.loads(await socket.recv())
            assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "BAD_USER_INPUT")


async def test_a_message_that_is_none_is_refused_on_the_socket_too(edge: Edge, acme: Client) -> None:
    session = await acme.create_session()
    before = await edge.rows()
    async with bare_socket(acme.base) as socket:
        await socket.send(init(acme))
        await socket.recv()
        for content, code in (
            ({"text": " "}, "BAD_USER_INPUT"),
            ({"text": "\ud800"}, "BAD_USER_INPUT"),
            ({"text": "a", "audio": None}, "BAD_USER_INPUT"),
            ({"audio": {"base64": "bm8gYXVkaW8=", "mimeType": "audio/wav"}}, "AUDIO_UNREADABLE"),
        ):
            (answer, *_) = await operate(socket, SEND, input={"sessionId": session, "content": content})
            errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
            assert [each["extensions"]["code"] for each in errors] == [code]
    assert await edge.rows() == before


async def test_a_socket_on_which_nobody_says_who_they_are_is_closed(edge: Edge) -> None:
    async with opened(edge.url, connection_init_seconds=0.2) as impatient, Client(impatient.address, None) as nobody:
        async with asyncio.timeout(10):
            assert await closing_code(nobody, []) == 4408


async def test_a_socket_has_so_many_operations_open_as_the_setting_says(postgres: str) -> None:
    async with cloned(postgres) as url, opened(url, max_operations_per_socket=2) as edge, edge.tenant() as acme:
        session = await acme.create_session()
        await acme.send(session, {"text": "hello"})
        async with bare_socket(edge.address) as socket:
            await socket.send(init(acme))
            await socket.recv()
            for name in ("1", "2"):
                await socket.send(subscribe(EVENTS, name, id=session))
                assert (await _of(socket, name))["type"] == "next"
            await socket.send(subscribe(ASK, "3"))
            refused = await _of(socket, "3")
            assert refused["type"] == "error"
            assert refused["payload"][0]["extensions"]["code"] == "OVERLOADED"
            await socket.send(json.dumps({"id": "2", "type": "complete"}))
            async with asyncio.timeout(5):
                while (await operate(socket, ASK, "4"))[0]["type"] != "next":  # noqa: ASYNC110 - until the second has ended
                    await asyncio.sleep(0.02)


async def _of(socket: ClientConnection, name: str) -> dict[str, Any]:
    """The next message of the operation."""
    async with asyncio.timeout(5):
        while (message := json.loads(await socket.recv())).get("id") != name:
            pass
    return dict(message)


async def test_a_server_that_ends_says_to_connect_again(postgres: str) -> None:
    async with AsyncExitStack() as stack, AsyncExitStack() as running:
        url = await stack.enter_async_context(cloned(postgres))
        edge = await running.enter_async_context(opened(url))
        acme = await running.enter_async_context(edge.tenant())
        socket = await stack.enter_async_context(bare_socket(edge.address))
        await socket.send(init(acme))
        await socket.recv()
        await running.aclose()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "The server restarts: connect again")
