"""Handshakes: keys, tokens, agents, idle sockets, two sockets on one call."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from db.enums import CallEndReason
from db.errors import EngineUnavailable, Overloaded, SessionEnded
from graph.voice.realtime.connection import ConnectionLimits
from tests.graph.voice.realtime.fakes import KEY, TOKEN, FakeReception, realtime_server
from tests.graph.voice.realtime.raw import closing, hear, next_error, pcm, raw, silent, tell
from tests.waiting import until


def resident() -> int:
    """Bytes of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


@pytest.mark.parametrize(
    ("query", "key", "status"),
    [
        ("?model=billing_agent", None, 401),
        ("?model=billing_agent", "wrong", 401),
        ("?model=nobody", KEY, 404),
        ("", KEY, 404),
        ("?model=billing_agent&model=x", KEY, 400),
        ("?model=billing_agent", TOKEN, 400),
    ],
)
async def test_a_handshake_is_refused_with_a_status(
    address: str, query: str, key: str | None, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with raw(address, query, key):
            pass
    assert refused.value.response.status_code == status
    assert b'"code"' in refused.value.response.body
    assert not caplog.records, "strangers do not fill the log"


async def test_browsers_show_the_key_in_the_subprotocol(address: str, reception: FakeReception) -> None:
    offered = ["realtime", f"openai-insecure-api-key.{KEY}", "openai-agents-sdk.0.20.0"]
    async with raw(address, key=None, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"
        await hear(socket, "session.created")
    offered[1] = "openai-insecure-api-key.wrong"
    async with raw(address, key=None, subprotocols=offered) as socket:
        assert (await next_error(socket))["code"] == "UNAUTHENTICATED"
        assert (await closing(socket))[0] == 4401
    assert not reception.calls


async def test_a_token_connects_to_its_call(address: str, reception: FakeReception) -> None:
    async with raw(address, "", TOKEN) as socket:
        created = (await hear(socket, "session.created"))["session"]
        assert (created["model"], created["audio"]["input"]["transcription"]) == ("technical_agent", {"language": "de"})
        conversation = (await hear(socket, "conversation.created"))["conversation"]
        assert conversation["id"] == str(reception.token_call.session_id)
        await tell(socket, "session.update", session={"type": "realtime", "metadata": {"customer_id": "another"}})
        assert (await next_error(socket))["param"] == "session.metadata"
        await tell(
            socket,
            "session.update",
            session={"type": "realtime", "audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}},
        )
        await hear(socket, "session.updated")
    (call,) = reception.calls
    assert call.turn_taking.backchannels == ("genau",), "what openCall has set stays"


async def test_a_second_socket_takes_the_call_over(address: str, reception: FakeReception) -> None:
    async with raw(address, "", TOKEN) as first:
        await hear(first, "conversation.created")
        async with raw(address, "", TOKEN) as second:
            await hear(second, "conversation.created")
            assert (await closing(first))[0] == 4409
            await tell(second, "input_audio_buffer.append", audio=pcm(0.1))
            await until(lambda: reception.calls[1].heard.size)


async def test_a_call_that_ends_closes_the_socket_with_its_reason(address: str, reception: FakeReception) -> None:
    async with raw(address, "", TOKEN) as socket:
        await hear(socket, "conversation.created")
        await reception.calls[0].hang_up(CallEndReason.ASSISTANT)
        assert await closing(socket) == (1000, "The call has ended: ASSISTANT")


async def test_a_connection_that_breaks_loses_the_call_and_a_close_ends_it(
    address: str, reception: FakeReception
) -> None:
    for number, code in enumerate((1006, 1001, 1000)):
        async with raw(address, "", TOKEN) as socket:
            await hear(socket, "conversation.created")
            if code == 1006:
                socket.transport.abort()
            else:
                await socket.close(code)
            await until(reception.calls[number].log.copy)
            assert reception.calls[number].names[0] == ("hang_up" if code == 1000 else "lost")


async def test_a_call_on_an_ended_session_is_refused(address: str, reception: FakeReception) -> None:
    reception.refuse = SessionEnded("The session has ended.")
    async with raw(address) as socket:
        await tell(socket, "input_audio_buffer.append", audio=pcm(0.1))
        assert (await next_error(socket))["code"] == "SESSION_ENDED"
        assert (await closing(socket))[0] == 4410


async def test_a_full_server_refuses_before_it_opens_anything(address: str, reception: FakeReception) -> None:
    for reception.full in (Overloaded("This server has 4 calls.", 5), EngineUnavailable("The models load.")):
        with pytest.raises(InvalidStatus) as refused:
            async with raw(address):
                pass
        assert refused.value.response.status_code == 503
    assert not reception.opened


async def test_a_socket_that_never_speaks_is_closed(reception: FakeReception) -> None:
    async with realtime_server(reception, ConnectionLimits(idle_seconds=0.3)) as address, raw(address) as socket:
        # An update of the tracing alone, which npm's client sends by itself, opens nothing; neither does an error.
        await tell(socket, "session.update", session={"type": "realtime", "tracing": "auto"})
        await tell(socket, "nonsense")
        assert (await closing(socket))[0] == 4408
    assert not reception.opened


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="measures by Linux' /proc")
async def test_a_thousand_sockets_that_never_speak_cost_little(reception: FakeReception) -> None:
    limits = ConnectionLimits(idle_seconds=60)
    async with realtime_server(reception, limits) as address, AsyncExitStack() as sockets:
        await sockets.enter_async_context(silent(address))
        gc.collect()
        before = resident()
        for _ in range(40):
            await asyncio.gather(*(sockets.enter_async_context(silent(address)) for _ in range(25)))
        gc.collect()
        # Client and server, in one process.
        assert (resident() - before) / 1_000 < 100_000
        assert not reception.opened
