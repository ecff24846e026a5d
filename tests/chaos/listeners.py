"""Subscribers: each follows one session over a websocket, and reconnects with ``afterSeq``."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.client import EVENTS, Client

_PAUSE_SECONDS = 0.3
_SILENT_SECONDS = 40


class Listener:
    """A subscriber. ``seen``: number, type and turn of every received event, in order, with repeats."""

    def __init__(self, client: Client, session_id: str) -> None:
        self.session_id = session_id
        self.seen: list[tuple[int, str, str | None]] = []
        self.ends: Counter[str] = Counter()
        self._client = client
        self._socket: ClientConnection | None = None

    @property
    def last(self) -> int:
        return self.seen[-1][0] if self.seen else 0

    def cut(self) -> None:
        """Aborts the connection without a close frame."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def follow(self) -> None:
        """Follows the session until cancelled."""
        while True:
            try:
                self.ends[await self._follow()] += 1
            except ConnectionClosed as closed:
                self.ends["dropped" if closed.rcvd is None else f"closed {closed.rcvd.code}"] += 1
            except (OSError, WebSocketException, TimeoutError) as error:
                self.ends[type(error).__name__] += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _follow(self) -> str:
        async with self._client.socket() as socket:
            self._socket = socket
            payload = {"query": EVENTS, "variables": {"id": self.session_id, "after": self.last}}
            await self._receive(socket)
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            while True:
                message = await self._receive(socket)
                if message["type"] == "complete":
                    return "completed"
                if message["type"] in ("ping", "pong"):
                    continue
                errors = message["payload"] if message["type"] == "error" else message["payload"].get("errors")
                if errors:
                    return str(errors[0]["extensions"]["code"])
                event = message["payload"]["data"]["sessionEvents"]
                self.seen.append((event["seq"], event["__typename"], event["turnId"]))

    async def _receive(self, socket: ClientConnection) -> Any:
        async with asyncio.timeout(_SILENT_SECONDS):
            return json.loads(await socket.recv())
