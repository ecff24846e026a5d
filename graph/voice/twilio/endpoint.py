"""The websocket endpoint ``/v1/twilio/media``, to which Twilio's streams connect."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from db.errors import RateLimited
from graph.guards.http_refusals import refuse
from graph.guards.rate_limit import Rates, address_of
from graph.voice.opening import Reception
from graph.voice.twilio.connection import StreamLimits, TwilioConnection
from graph.voice.twilio.playout import EchoCanceller


class TwilioEndpoint:
    """ASGI application for websockets. ``canceller``: makes an echo canceller for each stream."""

    def __init__(
        self,
        reception: Reception,
        rates: Rates,
        canceller: Callable[[], EchoCanceller] | None,
        limits: StreamLimits | None = None,
    ) -> None:
        self._reception = reception
        self._rates = rates
        self._canceller = canceller
        self._limits = limits or StreamLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._rates.check_failures(address_of(scope))  # of tokens; each stream shows its own in start
        except RateLimited as error:
            await refuse(scope, receive, send, error)
            return
        websocket = WebSocket(scope, receive, send)
        with suppress(WebSocketDisconnect):
            await websocket.receive()  # websocket.connect
            await websocket.accept()
            await TwilioConnection(websocket, self._reception, self._limits, self._canceller).run()
