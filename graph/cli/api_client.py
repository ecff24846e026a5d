"""A client of the GraphQL API for the command line, over HTTP and websocket."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import httpx
import websockets

from db.errors import VoxLoomError
from db.json_value import Json

#: An object of the server's responses.
ServerObject = dict[str, Json]


class ServerUnusable(VoxLoomError):
    """The server is not running, is another program, or closed the connection."""

    code = "SERVER_UNUSABLE"


class Refused(VoxLoomError):
    """An error of the server: the first of a response's ``errors``, with its code."""

    def __init__(self, error: ServerObject) -> None:
        super().__init__(str(error["message"]))
        self.code = str(error["extensions"]["code"])  # type: ignore[misc]  # each instance has the server's


class ApiClient:
    """A client of the API, over HTTP and websocket."""

    def __init__(self, base: str, key: str) -> None:
        self._base = base
        self._authorization = f"Bearer {key}"
        self._http = httpx.AsyncClient(base_url=base, headers={"Authorization": self._authorization}, timeout=60)

    async def call(self, query: str, **variables: object) -> ServerObject:
        response = await self._http.post("/graphql", json={"query": query, "variables": variables})
        try:
            answer = response.json()
            if answer.get("errors"):
                raise Refused(answer["errors"][0])
            return dict(answer["data"])
        except (ValueError, KeyError, AttributeError, TypeError):
            raise ServerUnusable(f"The server at {self._base} is not VoxLoom.") from None

    async def events(
        self, subscription: str, variables: ServerObject, field: str
    ) -> AsyncGenerator[ServerObject, None]:
        """A subscription's events, over graphql-transport-ws. ``field``: its root field."""
        address = self._base.replace("http", "ws", 1) + "/graphql"
        async with websockets.connect(address, subprotocols=[websockets.Subprotocol("graphql-transport-ws")]) as ws:
            await ws.send(json.dumps({"type": "connection_init", "payload": {"Authorization": self._authorization}}))
            await ws.recv()
            payload = {"query": subscription, "variables": variables}
            await ws.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            async for raw in ws:
                message = json.loads(raw)
                if message["type"] == "next":
                    yield message["payload"]["data"][field]
                elif message["type"] == "error":
                    raise Refused(message["payload"][0])
                elif message["type"] == "complete":
                    return

    async def fetch(self, url: str) -> bytes:
        return (await self._http.get(url)).raise_for_status().content

    async def close(self) -> None:
        await self._http.aclose()
