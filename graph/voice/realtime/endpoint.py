"""The websocket endpoint ``/v1/realtime``: handshake, API key or token, agent; then one connection.

A handshake that shows its secret in the Authorization header is refused with an HTTP status. Browsers cannot send that
header: they show the secret as a subprotocol, cannot read an HTTP status, and get an ``error`` event and a close code.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext, suppress
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from db.errors import BadUserInput, Unauthenticated, VoxLoomError
from db.viewer import Viewer
from graph.guards.http_refusals import refuse
from graph.guards.key_gate import key_shown
from graph.guards.rate_limit import Rates, address_of
from graph.guards.revocations import Revocations
from graph.voice.close_codes import REFUSED_STATUS, closing_of, key_ended
from graph.voice.opening import OpenedCall, Reception
from graph.voice.realtime.client_events import ClientError
from graph.voice.realtime.connection import ConnectionLimits, RealtimeConnection
from graph.voice.realtime.server_events import error_text
from graph.voice.realtime.session_config import SessionConfig
from graph.wire.api_key import secret_in_headers

PATH = "/v1/realtime"

#: The subprotocol that browsers' clients offer, and the prefix of the one that holds the secret.
SUBPROTOCOL = "realtime"
SECRET_PREFIX = "openai-insecure-api-key."  # noqa: S105


class RealtimeEndpoint:
    """ASGI application for websockets at ``PATH``.

    ``revocations``: ends connections whose API key is revoked or expires.
    """

    def __init__(
        self,
        reception: Reception,
        rates: Rates,
        revocations: Revocations | None = None,
        *,
        limits: ConnectionLimits | None = None,
    ) -> None:
        self._reception = reception
        self._rates = rates
        self._revocations = revocations
        self._limits = limits or ConnectionLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        offered: list[str] = scope.get("subprotocols", [])
        in_protocol = next((each for each in offered if each.startswith(SECRET_PREFIX)), None)
        secret = _header_secret(scope) if in_protocol is None else in_protocol.removeprefix(SECRET_PREFIX)
        try:
            holder, config = await self._admitted(scope, secret)
        except VoxLoomError as error:
            if in_protocol is None:
                await refuse(scope, receive, send, error, status=REFUSED_STATUS.get(error.code))
            else:
                await _turn_away(WebSocket(scope, receive, send), error)
            return
        websocket = WebSocket(scope, receive, send)
        with suppress(WebSocketDisconnect):
            await websocket.receive()  # websocket.connect
            await websocket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
            await self._serve(websocket, holder, config)

    async def _admitted(self, scope: Scope, secret: str | None) -> tuple[Viewer | OpenedCall, SessionConfig]:
        """Verifies the secret before anything else."""
        holder = await self._reception.admit(secret, address_of(scope))
        key_shown(scope)
        agent = _agent(scope)
        if isinstance(holder, OpenedCall):
            if agent not in (None, holder.agent):
                raise BadUserInput("The token's call has another agent: leave model out.")
            config = SessionConfig(
                holder.agent, voice=holder.voice, language=holder.language, turn_taking=holder.turn_taking
            )
            return holder, config
        self._rates.take_key(holder.key_id)
        self._reception.check_admission()
        await self._reception.check_agent(holder, agent or "")
        return holder, SessionConfig(agent or "")

    async def _serve(self, websocket: WebSocket, holder: Viewer | OpenedCall, config: SessionConfig) -> None:
        connection = RealtimeConnection(websocket, self._reception, holder, config, self._limits)
        ending: set[asyncio.Task[None]] = set()

        def end(error: Unauthenticated) -> None:
            ending.add(asyncio.create_task(connection.end(key_ended(error)), name="close-revoked-call"))

        held: AbstractContextManager[object] = nullcontext()
        if self._revocations is not None and isinstance(holder, Viewer):
            held = self._revocations.held(holder.key_id, end)
        with held:
            try:
                await connection.run()
            finally:
                await asyncio.gather(*ending, return_exceptions=True)


def _header_secret(scope: Scope) -> str | None:
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    return secret_in_headers({"authorization": given[0].decode("latin-1")}) if len(given) == 1 else None


def _agent(scope: Scope) -> str | None:
    """The query's ``model``. Raises BadUserInput."""
    try:
        query = parse_qs(scope["query_string"].decode("ascii"), max_num_fields=20)
    except ValueError:
        raise BadUserInput("The query string is not valid.") from None
    named = query.get("model", [])
    if len(named) > 1:
        raise BadUserInput("model must be given once.")
    return named[0] if named else None


async def _turn_away(websocket: WebSocket, error: VoxLoomError) -> None:
    """Accepts a browser's socket to say why it is closed."""
    closing = closing_of(error)
    with suppress(WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(1):
            await websocket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in websocket.scope["subprotocols"] else None)
            await websocket.send_text(error_text(ClientError(error.code, error.message)))
            await websocket.close(closing.code, closing.reason)
