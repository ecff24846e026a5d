"""Audio download by signed URL, with Range requests (RFC 9110, section 14), so that players can seek."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from db.audio.store import AudioStore
from db.errors import NotFound, VoxLoomError
from db.ids import parse_id
from db.models.audio import Audio
from db.postgres.database import Database
from graph.media.signing import MediaSigner
from graph.wire.conditional import none_match
from graph.wire.error_body import http_status

_HEADERS = {
    "Accept-Ranges": "bytes",
    "Access-Control-Allow-Origin": "*",  # the signature authorizes, whichever page plays it
    "Cache-Control": "private, max-age=3600, immutable",
    "Content-Security-Policy": "sandbox; default-src 'none'; media-src 'self'",
    "Content-Disposition": "inline",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@dataclass(frozen=True, slots=True)
class _Range:
    """A byte range: ``start`` inclusive, ``end`` exclusive."""

    start: int
    end: int


class _Unsatisfiable(Exception):
    """The requested range is beyond the end of the audio (416)."""


def media_router(database: Database, store: AudioStore, signer: MediaSigner) -> APIRouter:
    """``GET`` and ``HEAD /media/{audio_id}?expires&signature``."""
    router = APIRouter()

    @router.api_route("/media/{audio_id}", methods=["GET", "HEAD"], include_in_schema=False)
    async def media(request: Request, audio_id: str, expires: str = "", signature: str = "") -> Response:
        try:
            identity = parse_id(audio_id, "audio")
            signer.check(identity, expires, signature)
            return await _serve(database, store, request, identity)
        except VoxLoomError as error:
            status = http_status(error.code)
            return Response(error.message, status, {"X-Code": error.code}, media_type="text/plain")

    return router


async def _serve(database: Database, store: AudioStore, request: Request, audio_id: UUID) -> Response:
    async with database.reading() as session:
        row = await session.scalar(select(Audio).where(Audio.id == audio_id))
    if row is None:
        raise NotFound("No such audio.")
    headers = {**_HEADERS, "ETag": f'"{row.id}"'}
    if not none_match(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    try:
        wanted = _range_of(request, row.size_bytes, headers["ETag"])
    except _Unsatisfiable:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{row.size_bytes}"})
    part = wanted or _Range(0, row.size_bytes)
    body = b""
    if request.method != "HEAD":
        body = await store.get(database, row.store_key, part.start, part.end)
    headers["Content-Length"] = str(part.end - part.start)
    if wanted is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{row.size_bytes}"
    return Response(body, status_code=200 if wanted is None else 206, media_type=row.mime_type, headers=headers)


def _range_of(request: Request, size: int, etag: str) -> _Range | None:
    """The requested range; None (the whole file) for no, several or invalid ranges, as of RFC 9110."""
    if request.method != "GET" or request.headers.get("if-range", etag) != etag:
        return None
    asked = re.fullmatch(r"bytes=([0-9]{0,15})-([0-9]{0,15})", request.headers.get("range", ""), re.IGNORECASE)
    if asked is None or asked.groups() == ("", ""):
        return None
    first, last = asked.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), size if last == "" else min(size, int(last) + 1)
        if last != "" and int(last) < start:
            return None
    if start >= end:
        raise _Unsatisfiable
    return _Range(start, end)
