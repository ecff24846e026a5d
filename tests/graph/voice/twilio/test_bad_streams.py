"""What a stranger or a damaged line may send to the media endpoint, over calls that a test steers."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from db.enums import CallEndReason
from db.errors import SessionEnded
from graph.guards.rate_limit import Rates
from graph.http.server import server_config
from graph.settings import ApiSettings
from graph.voice.twilio.connection import StreamLimits
from graph.voice.twilio.endpoint import TwilioEndpoint
from graph.voice.web import MAX_MESSAGE_BYTES
from tests.graph.voice.realtime.fakes import KEY, TOKEN, FakeReception
from tests.graph.voice.realtime.raw import closing
from tests.waiting import until

_PATH = "/v1/twilio/media"
_FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1}


@pytest.fixture
def reception() -> FakeReception:
    return FakeReception()


@pytest.fixture
async def address(reception: FakeReception) -> AsyncIterator[str]:
    endpoint = TwilioEndpoint(reception, Rates(0), None, StreamLimits(start_seconds=0.5, stall_seconds=1))
    chosen = ApiSettings(database_url="postgresql://none", host="127.0.0.1", port=0, api_key=None)
    app = Starlette(routes=[WebSocketRoute(_PATH, endpoint)])
    server = uvicorn.Server(server_config(app, chosen, port=0, max_message_bytes=MAX_MESSAGE_BYTES))
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{_PATH}"
    server.should_exit = True
    await running


def start(token: str | None = TOKEN, **more: Any) -> str:
    parameters = {} if token is None else {"token": token}
    members = {"streamSid": "MZ1", "callSid": "CA1", "customParameters": parameters, "mediaFormat": _FORMAT, **more}
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": members})


def media(audio: bytes = b"\x80" * 160, chunk: int = 1, **more: Any) -> str:
    payload = base64.b64encode(audio).decode()
    members = {"track": "inbound", "chunk": str(chunk), "timestamp": str(chunk * 20 - 20), "payload": payload, **more}
    return json.dumps({"event": "media", "streamSid": "MZ1", "media": members})


@asynccontextmanager
async def started(address: str, **more: Any) -> AsyncIterator[ClientConnection]:
    async with connect(address, **more) as socket:
        await socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        await socket.send(start())
        try:
            yield socket
        finally:
            socket.transport.abort()


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (start("vxc_wrong"), 4401),
        (start(None), 4401),
        (start(KEY), 4401),  # a key is no call
        (start(mediaFormat={**_FORMAT, "sampleRate": 16_000}), 4400),
        (start(mediaFormat="x"), 4400),
        (start(customParameters=[]), 4400),
        (start(streamSid=5), 4400),
        (json.dumps({"event": "start"}), 4400),
        (media(), 4400),
        (json.dumps({"event": "stop"}), 4400),
        ("{", 4400),
        ("[]", 4400),
        ("{}", 4400),
        ("[" * 300, 4400),
        (b"\x00", 4400),
        ("x" * 20_000, 1009),  # a stranger may send 16 kB
        ("x" * (MAX_MESSAGE_BYTES + 1), 1009),
    ],
)
async def test_a_stream_that_does_not_start_as_it_should_is_closed(
    address: str, reception: FakeReception, first: str | bytes, code: int
) -> None:
    async with connect(address) as socket:
        with suppress(ConnectionClosed):  # it may be closed while it is sent
            await socket.send(first)
        closed, reason = await closing(socket)
        assert closed == code
        assert reason or code == 1009
        assert not reception.calls


async def test_a_socket_that_never_starts_is_closed(address: str) -> None:
    async with connect(address) as socket:
        await socket.send(json.dumps({"event": "connected"}))
        assert (await closing(socket))[0] == 4408


async def test_a_stream_of_a_call_that_has_ended_is_closed(
    address: str, reception: FakeReception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ended(secret: str | None, address: str) -> None:
        raise SessionEnded("The call has ended.")

    monkeypatch.setattr(reception, "admit", ended)
    async with started(address) as socket:
        assert (await closing(socket))[0] == 4410


@pytest.mark.parametrize(
    "damaged",
    [
        media(payload="no base64!"),
        media(payload="AAA"),
        media(payload=""),
        media(payload=5),
        media(b"\x80" * 8_001),
        media(chunk=1, timestamp="x"),
        media(chunk=1, timestamp="-5"),
        media(chunk=1, timestamp="9" * 16),
        media(chunk=1, timestamp=True),
        json.dumps({"event": "media", "media": []}),
        json.dumps({"event": "mark", "mark": {"name": ""}}),
        json.dumps({"event": "dtmf", "dtmf": {"digit": "12"}}),
        json.dumps({"event": "dtmf", "dtmf": {"digit": "x"}}),
        json.dumps({"event": "mark", "mark": {"name": "never sent"}}),
        json.dumps({"event": "something new", "x": 1}),
        media(track="outbound"),
    ],
)
async def test_a_damaged_or_unknown_message_is_dropped_and_the_call_goes_on(
    address: str, reception: FakeReception, damaged: str
) -> None:
    async with started(address) as socket:
        call = await reception.call()
        await socket.send(damaged)
        await socket.send(media())
        await until(lambda: call.heard.size)
        assert call.heard.size <= 320
        assert not call.names and not call.reports


async def test_a_line_whose_first_seconds_come_at_once_is_heard(address: str, reception: FakeReception) -> None:
    async with connect(address) as socket:
        for message in (start(), *(media(chunk=chunk) for chunk in range(1, 101))):
            socket.protocol.send_text(message.encode())
        socket.transport.write(b"".join(socket.protocol.data_to_send()))
        call = await reception.call()
        await until(lambda: call.heard.size > 20_000)


async def test_too_many_damaged_messages_close_the_stream(address: str, reception: FakeReception) -> None:
    async with started(address) as socket:
        for _ in range(51):
            await socket.send(media(payload="no base64!"))
        assert (await closing(socket))[0] == 4400
    await until(lambda: "lost" in reception.calls[0].names)


@pytest.mark.parametrize("sent", [start(), "{", b"\x00", "x" * 40_000])
async def test_a_second_start_and_what_is_no_message_close_the_stream(
    address: str, reception: FakeReception, sent: str | bytes
) -> None:
    async with started(address) as socket:
        await reception.call()
        await socket.send(sent)
        assert (await closing(socket))[0] == 4400


async def test_ten_megabytes_close_the_stream(address: str, reception: FakeReception) -> None:
    async with started(address) as socket:
        call = await reception.call()
        with suppress(ConnectionClosed):
            await socket.send("x" * 10_000_000)
        assert (await closing(socket))[0] == 1009
        await until(lambda: "lost" in call.names)


async def test_a_second_stream_of_a_call_takes_it_over(address: str, reception: FakeReception) -> None:
    async with started(address) as first:
        await reception.call()
        async with started(address):
            assert (await closing(first))[0] == 4409


async def test_stop_hangs_up_and_a_closed_socket_is_a_lost_connection(address: str, reception: FakeReception) -> None:
    async with started(address) as socket:
        call = await reception.call()
        await socket.send(json.dumps({"event": "stop", "stop": {}}))
        assert (await closing(socket))[0] == 1000
        assert call.log == [("hang_up", CallEndReason.CALLER)]
    async with started(address) as socket:
        await until(lambda: len(reception.calls) == 2)
        await socket.close()
        await until(lambda: reception.calls[1].names == ["lost"])


async def test_faster_than_real_time_waits(address: str, reception: FakeReception) -> None:
    async with started(address, write_limit=4_096) as socket:
        call = await reception.call()
        call.hears_slowly = 0.05

        async def flood() -> None:
            for at in range(20_000):
                await socket.send(media(b"\x80" * 8_000, at + 1))

        flooding = asyncio.create_task(flood())
        done, _ = await asyncio.wait({flooding}, timeout=1)
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
        assert not done, "the line was not held back"
        assert call.heard.size < 16_000 * 40


@pytest.mark.parametrize("gap", [lambda at: at * 10**12, lambda at: 10**14 - at])
async def test_timestamps_that_jump_make_no_more_silence_than_a_second_each(
    address: str, reception: FakeReception, gap: Callable[[int], int]
) -> None:
    async with started(address) as socket:
        call = await reception.call()
        for at in range(1, 6):
            await socket.send(media(chunk=at, timestamp=str(gap(at))))
        await until(lambda: call.heard.size > 5 * 300)
        await asyncio.sleep(0.05)
        assert call.heard.size <= 5 * 16_320
        assert np.isfinite(call.heard).all()
