"""An object store for tests: the few requests of S3 that VoxLoom makes, over a socket, slow or failing as asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from db.audio.store import AudioStore, open_audio_store
from tests.servers import running


class ObjectStoreServer:
    """``failures``: requests that answer 503 before anything is done. ``lost``: those whose answer is lost after it."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts = 0
        self.failures = 0
        self.lost = 0
        self.open = asyncio.Event()
        self.open.set()

    async def answer(self, request: Request) -> Response:
        key = request.path_params["key"]
        body = await request.body()
        self.puts += request.method == "PUT"
        await self.open.wait()
        if self.failures > 0:
            self.failures -= 1
            return Response(status_code=503)
        if request.method == "PUT":
            self.objects[key] = body
        if self.lost > 0:
            self.lost -= 1
            return Response(status_code=503)
        if key not in self.objects:
            return Response(status_code=404)
        headers = {"ETag": '"1"', "Last-Modified": "Wed, 25 Nov 2026 00:00:00 GMT"}
        asked = re.fullmatch("bytes=([0-9]+)-([0-9]+)", request.headers.get("range", ""))
        if request.method == "PUT" or asked is None:
            return Response(self.objects[key] if request.method == "GET" else b"", headers=headers)
        whole = self.objects[key]
        first, last = int(asked[1]), min(int(asked[2]), len(whole) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(whole)}"
        return Response(whole[first : last + 1], status_code=206, headers=headers)


@asynccontextmanager
async def object_store(patch: pytest.MonkeyPatch) -> AsyncIterator[tuple[ObjectStoreServer, AudioStore]]:
    """The server, and the store as an operator configures it: by its URL and AWS's own variables."""
    store = ObjectStoreServer()
    app = Starlette(routes=[Route("/bucket/{key:path}", store.answer, methods=["GET", "PUT", "DELETE"])])
    async with running(uvicorn.Config(app, log_config=None, lifespan="off")) as address:
        for name, value in {
            "AWS_ENDPOINT": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "test",
        }.items():
            patch.setenv(name, value)
        try:
            yield store, open_audio_store("s3://bucket")
        finally:
            store.open.set()
