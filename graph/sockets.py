"""The websocket's protocol (graphql-transport-ws), strict: a message that breaks it closes the socket, and no more.

Protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

from typing import Any

import structlog
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from db.logs import place_of
from graph.context import Context

#: What a close frame can hold (RFC 6455, section 5.5).
_REASON_BYTES = 123

_MAX_ID = 200

log = structlog.get_logger(__name__)


class Adapter(ASGIWebSocketAdapter):
    """Strawberry's, but that a reason of any length closes the socket."""

    async def close(self, code: int, reason: str) -> None:
        short = reason.encode(errors="replace")[:_REASON_BYTES].decode(errors="ignore")
        await super().close(code=code, reason=short)


class Handler(BaseGraphQLTransportWSHandler[Context, None]):
    """Strawberry's, but that it looks at a message before it believes it."""

    async def handle_message(self, message: Any) -> None:
        """Handles one message, or closes the socket with 4400."""
        fault = _fault(message)
        if fault is None:
            await super().handle_message(message)
        else:
            await self.handle_invalid_message(fault)

    async def handle_task_exception(self, error: Exception) -> None:
        """Logs where it was; not its text, which may hold what somebody said."""
        if not isinstance(error, WebSocketDisconnected):
            log.error("socket_failed", error=type(error).__name__, where=place_of(error))


def _fault(message: Any) -> str | None:
    """What is wrong with a message's shape; null if nothing is."""
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


def _payload_fault(payload: Any) -> str | None:
    if not isinstance(payload, dict):
        return "The payload must be an object"
    if not isinstance(payload.get("query"), str):
        return "The query must be a string"
    if not isinstance(payload.get("variables"), dict | None):
        return "The variables must be an object or null"
    if not isinstance(payload.get("operationName"), str | None):
        return "The operationName must be a string or null"
    return None
