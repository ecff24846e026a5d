"""A scripted HTTP server with the wire format of streamed chat completions, on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

#: A piece of a scripted answer: raw bytes, an object as one SSE event, or seconds to pause.
Piece = bytes | dict[str, Any] | float
Scripted = list[Piece] | int


def delta(content: str | None = None, *, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One chunk of a chat completion."""
    inner = {**({} if content is None else {"content": content}), **more}
    choice = {"index": 0, "delta": inner, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "served-model", "choices": [choice]}


def call_delta(index: int, arguments: str, *, name: str | None = None, call_id: str | None = None) -> dict[str, Any]:
    """One chunk of a tool call."""
    call: dict[str, Any] = {"index": index, "function": {"arguments": arguments}}
    if name is not None:
        call |= {"id": call_id, "type": "function"}
        call["function"]["name"] = name
    return delta(tool_calls=[call])


USAGE = {**delta(), "choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}
DONE = b"data: [DONE]\n\n"


@dataclass
class ChatServer:
    """``answers``: one for each request, the last repeated; an int is an error status. ``script``: makes the answer
    of a request's body instead.
    """

    answers: list[Scripted] = field(default_factory=list)
    script: Callable[[dict[str, Any]], Scripted] | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            body = await reader.readexactly(int(fields["content-length"]))
            self.keys.append(fields.get("authorization", ""))
            self.requests.append(json.loads(body))
            answer = self._answer(self.requests[-1])
            if isinstance(answer, int):
                text = b'{"error": {"message": "the customer said SECRET"}}'
                writer.write(f"HTTP/1.1 {answer} No\r\nContent-Type: application/json\r\n".encode())
                writer.write(f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text)
                await writer.drain()
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n")
            writer.write(b"Connection: close\r\n\r\n")
            for piece in answer:
                if isinstance(piece, float):
                    await self._pause(reader, piece)
                    continue
                data = piece if isinstance(piece, bytes) else f"data: {json.dumps(piece)}\n\n".encode()
                writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                await writer.drain()
            if answer and answer[-1] == DONE:
                writer.write(b"0\r\n\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.closed.set()
        finally:
            writer.close()

    def _answer(self, request: dict[str, Any]) -> Scripted:
        if self.script is not None:
            return self.script(request)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]

    async def _pause(self, reader: asyncio.StreamReader, seconds: float) -> None:
        """Waits, and notes whether the client disconnects meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await reader.read()
        except TimeoutError:
            return
        self.closed.set()
        raise ConnectionResetError


@asynccontextmanager
async def chat_server(
    *answers: Scripted, script: Callable[[dict[str, Any]], Scripted] | None = None
) -> AsyncIterator[ChatServer]:
    """The server, running on a free port of loopback."""
    server = ChatServer(list(answers), script)
    serve: Callable[..., Any] = server._serve
    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()
