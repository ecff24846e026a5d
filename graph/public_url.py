"""The server's base URL, as clients address it."""

from __future__ import annotations

from functools import lru_cache

from starlette.datastructures import URL
from starlette.types import Scope

_HTTP = {"ws": "http", "wss": "https"}


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
