"""The base URLs of the API and of the voice role, as clients address them."""

from __future__ import annotations

from functools import lru_cache

from starlette.datastructures import URL
from starlette.types import Scope

from db.enums import CallTransport

_HTTP = {"ws": "http", "wss": "https"}
_WEBSOCKET = {"http": "ws", "https": "wss"}

#: The path of a live call's websocket, by its transport.
CALL_PATHS = {CallTransport.REALTIME: "/v1/realtime", CallTransport.TWILIO: "/v1/twilio/media"}


def call_url(base: str, transport: CallTransport, *, voice_url: str | None, voice_port: int) -> str:
    """The websocket address of live calls.

    ``base``: the API's base URL, whose host is taken unless ``voice_url``, the voice role's, is configured.
    """
    if voice_url is None:
        api = URL(base)
        voice_url = str(api.replace(scheme=_WEBSOCKET.get(api.scheme, api.scheme), port=voice_port, path=""))
    return voice_url.rstrip("/") + CALL_PATHS[transport]


def base_of(scope: Scope, configured: str | None) -> str:
    """This server's base URL, without a trailing slash: as configured, or from the request's Host header."""
    if configured is not None:
        return configured.rstrip("/")
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return _base(scope["scheme"], bytes(host), scope.get("server"))


@lru_cache(maxsize=64)
def _base(scheme: str, host: bytes, server: tuple[str, int | None] | None) -> str:
    headers = [(b"host", host)] if host else []
    url = URL(scope={"scheme": scheme, "server": server, "path": "/", "query_string": b"", "headers": headers})
    return f"{_HTTP.get(scheme, scheme)}://{url.netloc}"
