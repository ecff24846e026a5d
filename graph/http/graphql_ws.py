"""graphql-transport-ws over websockets: an invalid message closes its own socket, nothing else.

Protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, aclosing, suppress
from typing import Any, cast

import orjson
import structlog
from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived, WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)

from db.errors import BadUserInput, Overloaded, RateLimited, Unauthenticated
from db.logs import error_fields
from db.viewer import Viewer
from graph.api.context import Context
from graph.compiled.live.live import Live, Subscribe
from graph.compiled.live.opening import Opened
from graph.guards.key_gate import key_shown
from graph.guards.persisted_documents import Refused
from graph.guards.requests import from_members
from graph.guards.revocations import Hold
from graph.public_url import base_of
from graph.wire.error_body import error_entry
from graph.wire.large_json import read_large_json
from graph.wire.scope import LIVE, PUSH, REFUSAL, VIEWER

#: Bytes of a close frame's reason (RFC 6455, section 5.5).
_REASON_BYTES = 123

_MAX_ID = 200

#: Messages before connection_ack: clients send connection_init and possibly a ping.
_MAX_EARLY = 16

_FORBIDDEN = 4403

#: Suggested wait for a retry: another operation of the socket may end at any time.
_RETRY_SECONDS = 5.0

log = structlog.get_logger(__name__)


#: By close code and Strawberry's reason, which says nothing beyond the code.
_REASONS = {
    (4401, "Unauthorized"): "Send connection_init and wait for connection_ack before an operation",
    (4403, "Forbidden"): "The API key is missing, wrong, revoked or expired: send Authorization: Bearer <key>",
}


class Adapter(ASGIWebSocketAdapter):
    """Strawberry's adapter; it parses large messages in slices, and its close reasons say what to do.

    A reason is cut to the length that a close frame allows.
    """

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        while self.ws.application_state != WebSocketState.DISCONNECTED:
            try:
                message = await read_large_json(await self.ws.receive_text())
            except KeyError:
                raise NonTextMessageReceived from None
            except BadUserInput:
                if ignore_parsing_errors:
                    continue
                raise NonJsonMessageReceived from None
            except WebSocketDisconnect:
                return
            yield message

    async def close(self, code: int, reason: str) -> None:
        reason = self.ws.scope.get(REFUSAL, _REASONS.get((code, reason), reason))
        short = reason.encode(errors="replace")[:_REASON_BYTES].decode(errors="ignore")
        await super().close(code=code, reason=short)


class Handler(BaseGraphQLTransportWSHandler[Context, None]):
    """Strawberry's handler with validation of messages, limits, and compiled subscriptions (``graph.compiled.live``).

    Closes the socket with 4403 when its API key is revoked or expires.
    """

    # Any: Strawberry's arguments are passed through.
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._early = 0
        self._viewer: Viewer | None = None
        self._held = ExitStack()
        self._ending: asyncio.Task[None] | None = None

    async def handle_message(self, message: object) -> None:
        """Handles one message; closes the socket with 4400 if it is invalid."""
        if not self.connection_acknowledged:
            self._early += 1
        fault = "Too many messages before connection_init" if self._early > _MAX_EARLY else _fault(message)
        if fault is None:
            await super().handle_message(cast("Message", message))
        else:
            await self.handle_invalid_message(fault)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Strawberry calls `Router.on_ws_connect`, which verifies the key; then the key's limits apply."""
        await super().handle_connection_init(message)
        if self.connection_acknowledged and self._viewer is None:
            self._viewer = self.context.admitted
            assert self._viewer is not None
            self._scope[VIEWER] = self._viewer  # its messages are charged to the key from now on
            key_shown(self._scope)
            self._held.enter_context(self.context.parts.revocations.held(self._viewer.key_id, self._end))

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Starts an operation, unless the key's rate limit or the socket's limit of open operations is exceeded."""
        if self._viewer is not None and message["id"] not in self.operations:
            max_operations = self.context.parts.settings.max_operations_per_socket
            try:
                self.context.parts.rates.take_key(self._viewer.key_id)
                if len(self.operations) >= max_operations:
                    raise Overloaded(f"This socket has {max_operations} open operations, the maximum.", _RETRY_SECONDS)
                message = self._resolved(message)
            except (RateLimited, Overloaded, Refused) as error:
                shown = error.error if isinstance(error, Refused) else error
                await self.send_message({"id": message["id"], "type": "error", "payload": [error_entry(shown)]})
                return
        await super().handle_subscribe(message)

    def _resolved(self, message: SubscribeMessage) -> SubscribeMessage:
        """The message with the text of a persisted document in place of its hash. Raises Refused."""
        payload = message["payload"]
        documents = self.context.parts.documents
        given = from_members(payload)
        resolved = documents.resolve(given)
        documents.register(resolved)  # after connection_ack the key is valid
        if resolved is given:
            return message
        assert resolved.text is not None
        return {**message, "payload": {**payload, "query": resolved.text}}

    async def shutdown(self) -> None:
        self._held.close()
        if self._ending is not None:
            await asyncio.gather(self._ending, return_exceptions=True)
        await super().shutdown()

    def _end(self, error: Unauthenticated) -> None:
        closing = self.websocket.close(code=_FORBIDDEN, reason=error.message.rstrip("."))
        self._ending = asyncio.create_task(closing, name="close-revoked-socket")

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Runs a subscription on the live layer if it can be compiled there; else by Strawberry."""
        parts, secret = self.context.parts, self.context.secret
        opened = None
        if secret is not None:
            asked = Subscribe(operation.query, operation.operation_name, operation.variables or {}, secret)
            opened = await self._live.open(asked)
        if opened is None:
            await super().run_operation(operation)
            return
        try:
            with parts.subscriptions.held(opened.key_id), parts.revocations.held(opened.key_id) as hold:
                await self._follow(operation, opened, hold)
            await operation.send_operation_message({"id": operation.id, "type": "complete"})
        except (Overloaded, Unauthenticated) as error:
            payload = [error_entry(error)]
            await operation.send_operation_message({"id": operation.id, "type": "error", "payload": payload})
        except Exception as error:
            await self.handle_task_exception(error)
            with suppress(Exception):
                await operation.send_operation_message({"id": operation.id, "type": "complete"})
            self.operations.pop(operation.id, None)
            raise

    async def _follow(self, operation: Operation[Context, None], opened: Opened, hold: Hold) -> None:
        head = f'{{"id":{orjson.dumps(operation.id).decode()},"type":"next","payload":'
        websocket = self.context.request
        assert isinstance(websocket, WebSocket)
        write: Callable[[str], bool] | None = (self._scope.get("extensions") or {}).get(PUSH)

        push = None if write is None else lambda payload: write(f"{head}{payload}}}")
        base = base_of(self._scope, self.context.parts.settings.public_url)
        payloads = self._live.payloads(opened, base, hold, push)
        async with aclosing(payloads):
            async for _, payload in payloads:
                try:
                    await websocket.send({"type": "websocket.send", "text": f"{head}{payload}}}"})
                except WebSocketDisconnect as error:
                    raise WebSocketDisconnected from error

    @property
    def _live(self) -> Live:
        live: Live = self._scope[LIVE]
        return live

    @property
    def _scope(self) -> Scope:
        assert self.context.request is not None
        return self.context.request.scope

    async def handle_task_exception(self, error: Exception) -> None:
        """Logs the error's type and place, without its text, which may hold a user's words."""
        if not isinstance(error, WebSocketDisconnected):
            log.error("socket_failed", **error_fields(error))


def _fault(message: object) -> str | None:
    """The fault in a message's shape, as a close reason; None for a valid message."""
    if not isinstance(message, dict):
        return "A message must be a JSON object"
    kind = message.get("type")
    if kind in ("ping", "pong"):
        return None if isinstance(message.get("payload"), dict | None) else "The payload must be an object"
    if kind in ("subscribe", "complete"):
        name = message.get("id")
        if not (isinstance(name, str) and 0 < len(name) <= _MAX_ID):
            return f"The id must be a string of 1 to {_MAX_ID} characters"
    return _payload_fault(message.get("payload")) if kind == "subscribe" else None


def _payload_fault(payload: object) -> str | None:
    try:
        given = from_members(payload)
    except BadUserInput as error:
        return error.message
    if given.text is None and given.extensions.get("persistedQuery") is None:
        return "The query must be a string, or the extensions must hold a persistedQuery"
    return None
