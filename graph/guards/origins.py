"""Which other sites' pages may use this server from a browser: for CORS, and for websockets, which CORS is not for."""

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
    """The sites whose pages may open websockets, beside the host that they connect to (RFC 6455, section 10.2).

    The public address is among them: a proxy may put another host's name into the request.
    """
    if settings.public_url is None:
        return list(settings.cors_origins)
    public = urlsplit(settings.public_url)
    return [*settings.cors_origins, f"{public.scheme}://{public.netloc}"]
