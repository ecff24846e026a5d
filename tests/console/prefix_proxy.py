"""A reverse proxy that serves another server below a path, which it takes off, as nginx with ``proxy_pass http://…/;``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def below(prefix: str, port: int, upstream: int) -> AsyncIterator[None]:
    """Listens on ``port`` for paths that begin with ``prefix/``, and asks the server on the port ``upstream``.

    One request a connection; a websocket is passed on as it is.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, path, rest = head.split(" ", 2)
            if not path.startswith(f"{prefix}/"):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            if "\r\nupgrade: websocket" not in rest.lower():
                lines = [line for line in rest.split("\r\n") if not line.lower().startswith("connection:")]
                rest = "\r\n".join([lines[0], "Connection: close", *lines[1:]])
            others = await asyncio.open_connection("127.0.0.1", upstream)
            others[1].write(f"{method} {path.removeprefix(prefix)} {rest}".encode("latin-1"))
            await asyncio.gather(_pass(reader, others[1]), _pass(others[0], writer))

    serving: set[asyncio.Task[None]] = set()

    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)
        task.add_done_callback(lambda _: writer.close())

    server = await asyncio.start_server(handle, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
