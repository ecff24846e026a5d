"""Allowed origins of browser clients: CORS headers, and the Origin check of websockets, which CORS does not cover."""

from __future__ import annotations

from urllib.parse import urlsplit

from graph.settings import ApiSettings

#: For Starlette's CORSMiddleware.
CORS_METHODS = ("GET", "POST")
CORS_HEADERS = (
    "authorization",
    "content-type",
    "if-none-match",
    "last-event-id",
    "graphql-require-preflight",
    "apollo-require-preflight",
    "x-apollo-operation-name",
)
CORS_EXPOSED = ("ETag", "Retry-After")


def socket_origins(settings: ApiSettings) -> list[str]:
    """Origins that may open websockets, beside the server's own host (RFC 6455, section 10.2).

    Includes the public address, since a proxy may change the Host header.
    """
    if settings.public_url is None:
        return list(settings.cors_origins)
    public = urlsplit(settings.public_url)
    return [*settings.cors_origins, f"{public.scheme}://{public.netloc}"]
