"""The web console: its page at `/` and at the paths of its views, and its built files under ``/console/``.

The files are those of ``graph/console/served``, read once; no request names a path of the file system. Specifications:
Content Security Policy Level 3; Permissions Policy; RFC 9111 (caching), RFC 8246 (immutable).
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from db.enums import CallTransport
from graph.http.content_coding import accepts_gzip
from graph.public_url import base_of, call_url
from graph.settings import ApiSettings
from graph.wire.conditional import none_match
from graph.wire.negotiation import wants_page

SERVED = Path(__file__).parents[1] / "console" / "served"

#: Where the built files are, beside the page.
FILES = "/console/"

#: Paths at which the page is served; it shows the view of the path itself (History API).
VIEWS = (
    "/",
    "/talk",
    "/conversations",
    "/conversations/{session_id}",
    "/agents",
    "/agents/{name}",
    "/overview",
    "/keys",
)

_PAGE = "index.html"

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}

#: The name of a file whose content never changes: with a hash before its extension, as esbuild writes it.
_HASHED = re.compile(r"[.-][A-Z0-9]{8}\.\w+$")

_IMMUTABLE = "public, max-age=31536000, immutable"
_REVALIDATED = "no-cache"

#: Files of fewer bytes are not compressed.
_GZIP_BYTES = 1_000

#: Origins that fit into a policy. A Host header may hold anything, a semicolon too, which would begin a directive.
_ORIGIN = re.compile(r"[a-z]+://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

_MISSING = "The web console's files are not here: build them with `make console`. GraphiQL is at /graphql."
_FOR_BROWSERS = "This is a page of the web console, for browsers: send Accept: text/html. The API is at /graphql."


@dataclass(frozen=True, slots=True)
class _File:
    """A file and its precompressed form; None where that is not smaller."""

    media_type: str
    cache_control: str
    etag: str
    body: bytes
    gzipped: bytes | None


def add_console(app: FastAPI, settings: ApiSettings, folder: Path = SERVED) -> None:
    """``GET`` of the page for browsers, at `VIEWS` and at wrong addresses, and of ``/console/<file>``.

    ``folder``: the built files.
    """
    app.include_router(_router(settings, folder))
    app.router.default = _unknown_address(settings, app.router.default, folder)


def _router(settings: ApiSettings, folder: Path) -> APIRouter:
    router = APIRouter()
    files = _read(folder)
    index = _index(files, settings)

    async def view(request: Request) -> Response:
        if not wants_page(request.headers.get("accept", "")):
            if request.url.path == "/":
                return RedirectResponse("graphql", headers={"Vary": "Accept"})  # relative: a proxy may add a prefix
            return PlainTextResponse(_FOR_BROWSERS, 404, {"Vary": "Accept"})
        if index is None:
            return PlainTextResponse(_MISSING, 404, {"Vary": "Accept"})
        return _page(request, index, settings)

    for path in VIEWS:
        router.add_api_route(path, view, methods=["GET"], include_in_schema=False)

    @router.get(FILES + "{name:path}", include_in_schema=False)
    async def file(request: Request, name: str) -> Response:
        found = files.get(name)
        if found is None or name == _PAGE:
            return PlainTextResponse("The web console has no such file.", 404)
        return _response(request, found)

    return router


def _unknown_address(settings: ApiSettings, otherwise: ASGIApp, folder: Path) -> ASGIApp:
    """Where no route is: a browser gets the page, with 404, which says so in words; ``otherwise`` answers others."""
    index = _index(_read(folder), settings)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if index is None or scope["type"] != "http" or scope["method"] != "GET":
            return await otherwise(scope, receive, send)
        request = Request(scope)
        if not wants_page(request.headers.get("accept", "")):
            return await otherwise(scope, receive, send)
        response = _page(request, index, settings)
        response.status_code = 404 if response.status_code == 200 else response.status_code
        await response(scope, receive, send)

    return answer


def _index(files: Mapping[str, _File], settings: ApiSettings) -> _File | None:
    return _below(files.get(_PAGE), "" if settings.public_url is None else urlsplit(settings.public_url).path)


def _page(request: Request, index: _File, settings: ApiSettings) -> Response:
    response = _response(request, index)
    response.headers["Vary"] = "Accept, Accept-Encoding"
    response.headers["Content-Security-Policy"] = _policy(request.scope, settings)
    response.headers["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=()"
    return response


def _response(request: Request, file: _File) -> Response:
    is_gzip = file.gzipped is not None and accepts_gzip(request.headers.get("accept-encoding", "").encode("latin-1"))
    body = file.gzipped if is_gzip and file.gzipped is not None else file.body
    headers = {
        "Cache-Control": file.cache_control,
        "ETag": f'"{file.etag}-gzip"' if is_gzip else f'"{file.etag}"',
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if file.gzipped is not None:
        headers["Vary"] = "Accept-Encoding"
    if not none_match(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if is_gzip:
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=file.media_type)


@cache
def _read(folder: Path) -> Mapping[str, _File]:
    """The files of a folder and those below, by their path in it, with slashes; empty if there is no such folder."""
    paths = sorted(each for each in folder.rglob("*") if each.is_file()) if folder.is_dir() else []
    return {each.relative_to(folder).as_posix(): _file(each.name, each.read_bytes()) for each in paths}


def _below(page: _File | None, path: str) -> _File | None:
    """The page where a proxy serves the API below a path, such as ``/voice/``: its addresses begin with it."""
    prefix = escape(path.rstrip("/"))
    if page is None or not prefix:
        return page
    body = page.body.decode()
    for attribute in ("href", "src", "data-capture", "data-playback"):
        body = body.replace(f'{attribute}="/', f'{attribute}="{prefix}/')
    return _file(_PAGE, body.replace('data-prefix=""', f'data-prefix="{prefix}"').encode())


def _file(name: str, body: bytes) -> _File:
    gzipped = gzip.compress(body, 9, mtime=0) if len(body) >= _GZIP_BYTES else body
    return _File(
        media_type=_MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream"),
        cache_control=_IMMUTABLE if _HASHED.search(name) else _REVALIDATED,
        etag=hashlib.sha256(body).hexdigest()[:32],
        body=body,
        gzipped=gzipped if len(gzipped) < len(body) else None,
    )


def _policy(scope: Scope, settings: ApiSettings) -> str:
    """The page's Content-Security-Policy: no inline script or style, and no other host but the voice role's.

    Recordings have the address of ``settings.public_url`` if there is one.
    """
    base = base_of(scope, settings.public_url)
    voice = call_url(base, CallTransport.REALTIME, voice_url=settings.voice_url, voice_port=settings.voice_port)
    api, calls = _origin(base), _origin(voice)
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": f"'self' {api} {calls}",
        "media-src": f"'self' blob: {api}",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {' '.join(value.split())}" for name, value in directives.items())


def _origin(url: str) -> str:
    """Scheme, host and port of a URL, as a source of a policy; empty if they do not fit one."""
    scheme, _, rest = url.partition("://")
    origin = f"{scheme}://{rest.partition('/')[0]}"
    return origin if _ORIGIN.fullmatch(origin) else ""
