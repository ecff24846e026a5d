"""Connection limits and deadlines before authentication (slow loris), on real sockets."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.client import Client
from tests.conftest import cloned
from tests.db.rows import eventually
from tests.graph.edge import Edge, bare_socket, init, opened
from tests.waiting import settled

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEGABYTE = b"a" * 1_000_000
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty(postgres: str) -> AsyncIterator[Edge]:
    """An API with short deadlines and few connections."""
    async with (
        cloned(postgres) as url,
        opened(
            url,
            head_seconds=0.4,
            body_idle_seconds=0.4,
            body_seconds=1.5,
            stalled_write_seconds=0.5,
            max_connections_per_address=5,
            max_bytes_in_flight=200_000,
        ) as running,
    ):
        yield running


@asynccontextmanager
async def connected(edge: Edge) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    address = urlsplit(edge.address)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def flood(writer: asyncio.StreamWriter, piece: bytes, times: int) -> int:
    """Sends the piece until the server hangs up; returns how often it went."""
    sent = 0
    try:
        for _ in range(times):
            writer.write(piece)
            await asyncio.wait_for(writer.drain(), 10)
            sent += 1
    except (OSError, TimeoutError):
        pass
    return sent


async def status_of(reader: asyncio.StreamReader) -> int:
    line = await asyncio.wait_for(reader.readline(), 10)
    return int(line.split()[1])


HEADS: dict[str, tuple[bytes, bytes]] = {
    "an endless URL": (b"GET /", MEGABYTE),
    "an endless query string": (b"GET /graphql?query=", MEGABYTE),
    "an endless header": (b"GET / HTTP/1.1\r\nX: ", MEGABYTE),
    "an endless name of a header": (b"GET / HTTP/1.1\r\n", MEGABYTE),
    "headers without end": (b"GET / HTTP/1.1\r\n", b"X: a\r\n" * 100_000),
    "an endless header of a websocket": (UPGRADE + b"X: ", MEGABYTE),
}


@pytest.mark.parametrize("name", HEADS)
async def test_a_head_without_end_is_431_and_is_not_kept(edge: Edge, name: str) -> None:
    start, piece = HEADS[name]
    async with connected(edge) as (reader, writer):
        writer.write(start)
        sent = asyncio.create_task(flood(writer, piece, 60))
        assert await status_of(reader) == 431
        assert b"BAD_USER_INPUT" in await asyncio.wait_for(reader.read(-1), 10)
        assert await sent < 60


async def test_a_head_just_within_the_limit_is_taken(edge: Edge) -> None:
    async with connected(edge) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: %s\r\n" % (b"a" * 60_000) + b"\r\n")
        assert await status_of(reader) == 200
    async with connected(edge) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 98 + b"\r\n")
        assert await status_of(reader) == 200
    async with connected(edge) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 101 + b"\r\n")
        assert await status_of(reader) == 431


async def test_a_head_of_a_websocket_that_its_parser_refuses_is_answered(edge: Edge) -> None:
    async with connected(edge) as (reader, writer):
        writer.write(UPGRADE + b"X: %s\r\n\r\n" % (b"a" * 20_000))
        assert await status_of(reader) == 431


async def test_pipelined_requests_are_bounded(edge: Edge) -> None:
    async with connected(edge) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 1_000)
        answered = await asyncio.wait_for(reader.read(-1), 10)
        assert answered.count(b'{"status":"ok"}') < 50
        assert answered.count(b" 431 ") == 1


HALVES: dict[str, tuple[bytes, int | None]] = {
    "nothing": (b"", None),
    "half a head": (b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-A: ", 408),
    "an empty line": (b"\r\n", None),
    "half a body": (b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12", 405),
}


@pytest.mark.parametrize("name", HALVES)
async def test_half_a_request_is_not_waited_for(hasty: Edge, name: str) -> None:
    sent, status = HALVES[name]
    async with connected(hasty) as (reader, writer):
        writer.write(sent)
        answer = await asyncio.wait_for(reader.read(-1), 15)
        assert (int(answer.split()[1]) if answer else None) == status


async def test_an_empty_line_after_an_answer_does_not_hold_the_connection(hasty: Edge) -> None:
    async with connected(hasty) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.2)
        writer.write(b"\r\n")
        assert b" 200 " in await asyncio.wait_for(reader.read(-1), 10)


def posting(client: Client, size: int) -> bytes:
    key = client.headers["Authorization"].encode()
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: %s\r\n" % key
    return head + b"Content-Length: %d\r\n\r\n" % size


async def test_a_body_that_stops_coming_or_never_ends_is_408(hasty: Edge) -> None:
    async with hasty.tenant() as client:
        async with connected(hasty) as (reader, writer):
            writer.write(posting(client, 100) + b"{")
            assert await status_of(reader) == 408
        async with connected(hasty) as (reader, writer):
            writer.write(posting(client, 10_000))
            drip = asyncio.create_task(_drip(writer))
            assert await status_of(reader) == 408
            drip.cancel()


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b" ")
        await asyncio.sleep(0.1)


async def test_who_does_not_read_the_answer_is_hung_up_on(hasty: Edge) -> None:
    async with connected(hasty) as (reader, writer):
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(16):
            writer.write(b"GET /static/vendor/graphiql.min.js HTTP/1.1\r\nHost: x\r\n\r\n")

        async def hung_up() -> bool:
            await asyncio.sleep(0.5)
            return await flood(writer, b"\r\n" * 100, 50) < 50 or writer.is_closing()

        await eventually(hung_up)


async def test_connections_of_an_address_are_bounded_until_they_show_a_key(hasty: Edge) -> None:
    async with hasty.tenant() as client, AsyncExitStack() as sockets:
        for _ in range(8):  # with a key they do not count
            socket = await sockets.enter_async_context(bare_socket(hasty.address))
            await socket.send(init(client))
            assert "connection_ack" in str(await socket.recv())
        held = [await asyncio.open_connection(*_place(hasty)) for _ in range(5)]
        async with connected(hasty) as (reader, _):
            assert await status_of(reader) == 503
        for _, writer in held:
            writer.close()

        async def admitted() -> bool:
            async with connected(hasty) as (reader, writer):
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                return await status_of(reader) == 200

        await eventually(admitted)  # the server has met the ends


def _place(edge: Edge) -> tuple[str, int]:
    address = urlsplit(edge.address)
    assert address.hostname is not None
    assert address.port is not None
    return address.hostname, address.port


async def test_bytes_in_flight_are_bounded(hasty: Edge) -> None:
    async with hasty.tenant() as client:
        async with connected(hasty) as (_, first):
            first.write(posting(client, 90_000) + b" " * 80_000)
            await first.drain()
            await settled()  # the server, which runs in this loop, has read it
            async with connected(hasty) as (reader, writer):
                writer.write(posting(client, 90_000))
                assert await status_of(reader) == 503
                assert b"OVERLOADED" in await asyncio.wait_for(reader.read(-1), 10)

        async def admitted() -> bool:
            answer = await client.http.post("/graphql", json={"query": "{ viewer { tenant } }" + " " * 90_000})
            return "data" in answer.json()

        await eventually(admitted)  # the bytes of the first are given back


async def closed_with(socket: ClientConnection) -> int:
    try:
        while True:
            await asyncio.wait_for(socket.recv(), 10)
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return closed.rcvd.code


async def test_a_message_is_small_until_the_key_is_known(edge: Edge, acme: Client) -> None:
    large = '{"type": "ping", "payload": {"a": "' + "x" * 100_000 + '"}}'
    async with bare_socket(edge.address) as socket:
        await socket.send(large)
        assert await closed_with(socket) == 1009
    async with bare_socket(edge.address) as socket:
        await socket.send(init(acme))
        assert "connection_ack" in str(await socket.recv())
        await socket.send(large)
        assert "pong" in str(await socket.recv())


async def test_a_stranger_announces_a_large_frame_and_it_is_not_read(edge: Edge) -> None:
    async with connected(edge) as (reader, writer):
        writer.write(UPGRADE + b"\r\n")
        assert await status_of(reader) == 101
        writer.write(b"\x81\xff" + struct.pack(">Q", 49_000_000) + b"\0\0\0\0")
        assert await flood(writer, MEGABYTE, 48) < 48


async def test_messages_before_the_acknowledgement_are_few(edge: Edge) -> None:
    async with bare_socket(edge.address) as socket:
        for _ in range(200):
            try:
                await socket.send('{"type": "ping"}')
            except ConnectionClosed:
                break
        assert await closed_with(socket) in (1008, 4400)


async def test_a_message_in_pieces_without_number_is_refused(edge: Edge, acme: Client) -> None:
    async def pieces() -> AsyncIterator[str]:
        yield '{"type": "ping"}'
        for _ in range(5_000):
            yield ""

    async with bare_socket(edge.address) as socket:
        await socket.send(init(acme))
        await socket.recv()
        with suppress(ConnectionClosed):
            await socket.send(pieces())
        assert await closed_with(socket) == 1009


@asynccontextmanager
async def crowded(postgres: str) -> AsyncIterator[Edge]:
    async with cloned(postgres) as url, opened(url, max_connections_per_address=300) as running:
        yield running


async def answer(edge: Edge, request: bytes) -> int | None:
    """The status of the answer to a request on its own connection; None if that is closed without one."""
    async with connected(edge) as (reader, writer):
        writer.write(request)
        try:
            return await asyncio.wait_for(status_of(reader), 10)
        except (ConnectionResetError, asyncio.IncompleteReadError):
            return None


async def test_an_address_that_opens_connections_without_end_waits_its_turn(postgres: str) -> None:
    async with crowded(postgres) as edge, edge.tenant() as tenant:
        await tenant.run("{ viewer { tenant } }")  # shows its key, on a connection that stays
        probe = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answers = await asyncio.gather(*(answer(edge, probe) for _ in range(250)))
        # Not told at once, or a flooding client would be back at once; but not held for ever.
        assert 100 <= answers.count(200) < 200
        assert answers.count(None) == 250 - answers.count(200)
        assert (await tenant.run("{ viewer { tenant } }"))["viewer"]


async def test_clients_that_all_reconnect_at_once_make_room_for_each_other(postgres: str) -> None:
    async with crowded(postgres) as edge, edge.tenant() as tenant:
        body = b'{"query":"{ viewer { tenant } }"}'
        head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
        head += f"Authorization: {tenant.headers['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
        answers = await asyncio.gather(*(answer(edge, head.encode() + body) for _ in range(250)))
        assert answers == [200] * 250
