"""A GraphQL client for tests: real HTTP and a real websocket (graphql-transport-ws)."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")

CREATE = """mutation($input: CreateSessionInput!) { createSession(input: $input) { session {
  id customerId language channel persona status metadata createdAt endedAt lastSeq } } }"""
SEND = """mutation($input: SendMessageInput!) { sendMessage(input: $input) { turn {
  id number status attempt error { code message stage } userMessage { id role type text audio { url mimeType
  durationMs sampleRate sizeBytes } } reply { id text type audio { url durationMs } } } } }"""
END = "mutation($id: ID!) { endSession(input: {sessionId: $id}) { session { id status endedAt } } }"
EVENTS = """subscription($id: ID!, $after: Int! = 0) { sessionEvents(sessionId: $id, afterSeq: $after) {
  __typename seq turnId } }"""


class GraphQLFailed(Exception):
    """A GraphQL response with errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors)
        self.errors = errors

    @property
    def code(self) -> str:
        return str(self.errors[0]["extensions"]["code"])

    @property
    def message(self) -> str:
        return str(self.errors[0]["message"])


#: Loopback has no TLS, and each client would load all certificates anew, in 25 ms.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Client:
    """A client with one API key."""

    def __init__(self, base: str, key: str | None) -> None:
        self.base = base
        self.headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self.http = httpx.AsyncClient(base_url=base, headers=self.headers, timeout=30, verify=_NO_CERTIFICATES)

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def post(self, query: str, **variables: Any) -> dict[str, Any]:
        """Sends a request; returns the complete response, with errors."""
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
        result: dict[str, Any] = answer.json()
        return result

    async def run(self, query: str, **variables: Any) -> Any:
        """Sends a request; returns its data. Raises GraphQLFailed."""
        answer = await self.post(query, **variables)
        if answer.get("errors"):
            raise GraphQLFailed(answer["errors"])
        return answer["data"]

    async def create_session(self, **given: Any) -> str:
        data = await self.run(CREATE, input={"customerId": "customer-1", **given})
        return str(data["createSession"]["session"]["id"])

    async def send(self, session_id: str, content: dict[str, Any], **given: Any) -> dict[str, Any]:
        data = await self.run(SEND, input={"sessionId": session_id, "content": content, **given})
        turn: dict[str, Any] = data["sendMessage"]["turn"]
        return turn

    async def say(self, session_id: str, text: str, **given: Any) -> dict[str, Any]:
        """Sends a text and waits for its turn."""
        return await self.send(session_id, {"text": text}, waitSeconds=60, **given)

    @asynccontextmanager
    async def socket(self, payload: object = None) -> AsyncIterator[ClientConnection]:
        """Opens a websocket and sends connection_init, by default with the key."""
        address = self.base.replace("http", "ws", 1) + "/graphql"
        async with connect(address, subprotocols=[PROTOCOL]) as socket:
            init = {"type": "connection_init", "payload": self.headers if payload is None else payload}
            await socket.send(json.dumps(init))
            yield socket

    async def events(self, query: str = EVENTS, **variables: Any) -> AsyncIterator[dict[str, Any]]:
        """Yields the events of a subscription until it completes. Raises GraphQLFailed."""
        async with self.socket() as socket:
            acknowledged = json.loads(await socket.recv())
            assert acknowledged["type"] == "connection_ack"
            payload = {"query": query, "variables": variables}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            while True:
                async with asyncio.timeout(30):
                    message = json.loads(await socket.recv())
                if message["type"] == "complete":
                    return
                if message["type"] == "ping":
                    continue
                errors = message["payload"] if message["type"] == "error" else message["payload"].get("errors")
                if errors:
                    raise GraphQLFailed(errors)
                yield next(iter(message["payload"]["data"].values()))

    async def upload(self, session_id: str, data: bytes, name: str, mime_type: str, **given: Any) -> dict[str, Any]:
        """Sends a recording as a file (GraphQL multipart request specification)."""
        variables = {"input": {"sessionId": session_id, "content": {"upload": None}, **given}}
        fields = {
            "operations": json.dumps({"query": SEND, "variables": variables}),
            "map": json.dumps({"file": ["variables.input.content.upload"]}),
        }
        answer = await self.http.post("/graphql", data=fields, files={"file": (name, data, mime_type)})
        result = answer.json()
        if result.get("errors"):
            raise GraphQLFailed(result["errors"])
        turn: dict[str, Any] = result["data"]["sendMessage"]["turn"]
        return turn
