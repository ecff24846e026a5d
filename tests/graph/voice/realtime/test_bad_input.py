"""What a client may get wrong, or do wrong on purpose: an error event with a code, and the connection goes on."""

from __future__ import annotations

import asyncio
import base64
import json
import socket as sockets
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from graph.voice.realtime.connection import ConnectionLimits
from graph.voice.web import MAX_MESSAGE_BYTES
from inference.live.ports import CallerGone
from tests.graph.voice.realtime.fakes import FakeReception, realtime_server
from tests.graph.voice.realtime.raw import closing, hear, next_error, pcm, raw, silent, tell
from tests.waiting import until

_AUDIO = {"type": "input_audio_buffer.append"}
_ITEM = {"type": "conversation.item.create"}
_TRUNCATE = {"type": "conversation.item.truncate", "content_index": 0, "audio_end_ms": 1}
_UPDATE = {"type": "session.update"}


def session(**members: Any) -> dict[str, Any]:
    return {**_UPDATE, "event_id": "mine", "session": {"type": "realtime", **members}}


def message(**members: Any) -> dict[str, Any]:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}], **members}
    return {**_ITEM, "event_id": "mine", "item": item}


def detection(**members: Any) -> dict[str, Any]:
    return session(audio={"input": {"turn_detection": {"type": "server_vad", **members}}})


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", "invalid_json"),
        ('{"type": "input_audio_buffer.clear", "type": "x"}', "invalid_json"),
        ("[" * 300, "invalid_json"),
        ("[]", "invalid_event"),
        ("null", "invalid_event"),
        (b"\x00\x01", "invalid_event"),
        ({}, "invalid_event_type"),
        ({"type": ["x"]}, "invalid_event_type"),
        ({"type": "session.delete"}, "invalid_event_type"),
        ({"type": "transcription_session.update"}, "invalid_event_type"),
        (_AUDIO, "invalid_value"),
        ({**_AUDIO, "audio": 5}, "invalid_value"),
        ({**_AUDIO, "audio": "no base64!"}, "invalid_value"),
        ({**_AUDIO, "audio": "AAA"}, "invalid_value"),
        ({**_AUDIO, "audio": base64.b64encode(b"odd").decode()}, "invalid_value"),
        ({**_AUDIO, "audio": "AAAA", "event_id": "x" * 201}, "invalid_value"),
        ({**_ITEM, "item": {"type": "function_call_output", "call_id": "c", "output": "o"}}, "unsupported"),
        ({**_ITEM, "item": {"type": "message", "role": "system", "content": []}}, "unsupported"),
        (message(content=[{"type": "input_audio", "audio": "AAAA"}]), "unsupported"),
        (message(content=[]), "unsupported"),
        (message(content=[{"type": "input_text", "text": " "}]), "invalid_value"),
        (message(content=[{"type": "input_text", "text": "x" * 4_001}]), "invalid_value"),
        (message(content=[{"type": "input_text", "text": "a\u0000b"}]), "invalid_value"),
        (message(id="x" * 201), "invalid_value"),
        ({**message(), "previous_item_id": "root"}, "unsupported"),
        ({"type": "conversation.item.delete", "item_id": "x"}, "unsupported"),
        ({"type": "conversation.item.retrieve", "item_id": "x"}, "item_not_found"),
        ({**_TRUNCATE, "item_id": "x"}, "item_not_found"),
        ({"type": "response.create"}, "nothing_to_respond_to"),
        ({"type": "response.create", "response": {"instructions": "Be rude."}}, "unsupported"),
        ({"type": "response.create", "response": {"output_modalities": ["text"]}}, "unsupported"),
        ({"type": "response.cancel"}, "response_cancel_not_active"),
        ({**_UPDATE, "session": {"type": "transcription"}}, "unsupported"),
        ({**_UPDATE, "session": {"instructions": "x"}}, "invalid_value"),
        (session(instructions="Be rude."), "unsupported"),
        (session(tools=[{"type": "function", "name": "f"}]), "unsupported"),
        (session(output_modalities=["text"]), "unsupported"),
        (session(max_output_tokens=5), "unsupported"),
        (session(audio={"output": {"voice": "alloy"}}), "unsupported"),
        (session(audio={"output": {"speed": 1.5}}), "unsupported"),
        (session(audio={"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}), "invalid_value"),
        (session(audio={"input": {"format": {"type": "audio/opus"}}}), "invalid_value"),
        (detection(create_response=False), "unsupported"),
        (detection(idle_timeout_ms=5_000), "unsupported"),
        (detection(silence_duration_ms=1), "invalid_value"),
        (detection(silence_duration_ms=10**30), "invalid_value"),
    ],
)
async def test_an_event_is_refused_and_the_connection_goes_on(
    address: str, reception: FakeReception, sent: Any, code: str
) -> None:
    async with raw(address) as socket:
        await tell(socket, "session.update", session={"type": "realtime", "audio": {}})
        before = (await hear(socket, "session.updated"))["session"]
        await socket.send(sent if isinstance(sent, str | bytes) else json.dumps(sent))
        error = await next_error(socket)
        assert (error["code"], error["type"]) == (code, "invalid_request_error")
        assert error["message"].endswith(".")
        if isinstance(sent, dict) and sent.get("event_id") == "mine":
            assert error["event_id"] == "mine"
        await tell(socket, "session.update", session={"type": "realtime"})
        assert (await hear(socket, "session.updated"))["session"] == before, "nothing of it was applied"
        assert reception.calls[0].log == []
        assert reception.calls[0].heard.size == 0


async def test_bad_metadata_opens_nothing_and_may_be_mended(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        for metadata in ("text", {"customer_id": 5}, {"language": "xx"}, {"customer_id": "x" * 201}):
            await socket.send(json.dumps(session(metadata=metadata)))
            assert (await next_error(socket))["code"] in ("invalid_value", "BAD_USER_INPUT")
        assert not reception.opened
        await socket.send(json.dumps(session(metadata={"language": "es"})))
        await hear(socket, "session.updated")
        assert [each.language for each in reception.opened] == ["es"]


async def test_a_truncate_of_what_was_never_sent_is_refused(address: str, reception: FakeReception) -> None:
    async with raw(address) as socket:
        await tell(socket, "input_audio_buffer.append", audio=pcm(0.02))
        call = await reception.call()
        await call.say(["Yes."], seconds=0.4)
        item = (await hear(socket, "response.done"))["response"]["output"][0]["id"]
        for end, index in ((401, 0), (-1, 0), (10**12, 0), (100, 1)):
            await tell(socket, "conversation.item.truncate", item_id=item, content_index=index, audio_end_ms=end)
            assert (await next_error(socket))["code"] == "invalid_value"
        assert call.log == []
        message_id = await call.turn("hi")
        await tell(socket, "conversation.item.truncate", item_id=str(message_id), content_index=0, audio_end_ms=0)
        assert (await next_error(socket))["code"] == "invalid_value"
        await tell(socket, "conversation.item.truncate", item_id=item, content_index=0, audio_end_ms=400)
        await hear(socket, "conversation.item.truncated")


async def test_a_message_that_is_too_large_closes_the_socket(address: str) -> None:
    async with raw(address) as socket:
        with suppress(ConnectionClosed):  # it may be closed while it is sent
            await socket.send(json.dumps({**_AUDIO, "audio": "A" * (MAX_MESSAGE_BYTES + 4)}))
        assert (await closing(socket))[0] == 1009


async def test_faster_than_real_time_waits(address: str, reception: FakeReception) -> None:
    async with raw(address, write_limit=4_096) as socket:
        await tell(socket, "input_audio_buffer.append", audio=pcm(0.02))
        call = await reception.call()
        call.hears_slowly = 0.05

        async def flood() -> None:
            for _ in range(2_000):
                await tell(socket, "input_audio_buffer.append", audio=pcm(0.5))

        flooding = asyncio.create_task(flood())
        done, _ = await asyncio.wait({flooding}, timeout=1)
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
        assert not done, "the client was not held back"
        assert call.heard.size < 16_000 * 20


async def test_a_client_that_is_held_back_is_not_closed_for_a_late_pong(reception: FakeReception) -> None:
    async with realtime_server(reception, ping_seconds=0.2) as address, raw(address) as socket:
        await tell(socket, "input_audio_buffer.append", audio=pcm(0.02))
        call = await reception.call()
        call.hears_slowly = 0.02
        for _ in range(60):
            await tell(socket, "input_audio_buffer.append", audio=pcm(0.5))
        await tell(socket, "input_audio_buffer.clear")
        await hear(socket, "input_audio_buffer.cleared")
        assert call.heard.size > 16_000 * 29


async def test_a_client_that_does_not_read_is_closed(reception: FakeReception) -> None:
    async with (
        realtime_server(reception, ConnectionLimits(stall_seconds=0.5)) as address,
        raw(address, "", "ek_token", max_queue=1) as socket,
    ):
        call = await reception.call()
        socket.transport.pause_reading()
        small = sockets.SO_RCVBUF
        socket.transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, small, 4_096)

        async def talk() -> None:
            while "lost" not in call.names:
                await call.turn("word " * 700)

        with pytest.raises(CallerGone):
            await asyncio.wait_for(talk(), 10)
        await until(lambda: "lost" in call.names)


async def test_a_socket_that_stops_within_a_frame_is_forgotten(reception: FakeReception) -> None:
    """A peer that stops within a frame cannot answer a ping: the keepalive closes it."""
    async with (
        realtime_server(reception, ping_seconds=0.3) as address,
        silent(address) as (_, writer),
    ):
        frame = json.dumps({**_AUDIO, "audio": pcm(0.02)}).encode()
        writer.write(b"\x81\xfe" + len(frame).to_bytes(2, "big") + b"\0\0\0\0" + frame)
        await until(lambda: reception.calls)
        writer.write(b"\x81\xfe\xff\xff\0\0\0\0{")  # a frame of 65,535 bytes, of which one comes
        await until(lambda: "lost" in reception.calls[0].names)


async def test_a_client_that_asks_and_does_not_read_is_closed(reception: FakeReception) -> None:
    """Its answers wait in a bounded queue; then its events are read no more."""
    async with (
        realtime_server(reception, ConnectionLimits(stall_seconds=0.5)) as address,
        silent(address) as (_, writer),
    ):
        event = json.dumps({**_ITEM, "item": {"type": "message", "role": "system", "content": []}}).encode()
        frame = b"\x81\xfe" + len(event).to_bytes(2, "big") + b"\0\0\0\0" + event
        sock = writer.get_extra_info("socket")
        sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096)
        writer.transport.pause_reading()  # type: ignore[attr-defined] # of a StreamWriter's transport, which reads too
        with suppress(ConnectionError):
            async with asyncio.timeout(10):
                while not writer.transport.is_closing():
                    writer.write(frame * 100)
                    await writer.drain()
        assert writer.transport.is_closing(), "the server has let go"
