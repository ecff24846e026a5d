"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from db.logs import looked_at
from db.postgres.outage import DATABASE_ERRORS
from db.postgres.schema_revision import newest_revision
from db.queue.workers import alive
from graph.parts import Parts

#: Probes of the platform come every few seconds; anybody may ask, as often as they like.
_GOOD_SECONDS = 1.0

_REVISION = text("select version_num from alembic_version")
_QUEUE = text("select count(*) from procrastinate_jobs where status = 'todo'")


def health_router(parts: Parts) -> APIRouter:
    """``/healthz``: the process answers. ``/readyz``: 200 when the database, its schema and the queue are there, else
    503; a server that is read-only is not there. It also tells how many workers live, and how many of them have all
    their models. The database is asked at most once a second.
    """
    router = APIRouter(include_in_schema=False)
    expected = newest_revision()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    async def ask() -> dict[str, object]:
        told: dict[str, object] = {"database": False, "migrations": False, "queue": False}
        try:
            async with parts.database.reading() as session:
                told["database"] = await parts.database.writable(session)
                told["migrations"] = (await session.execute(_REVISION)).scalar_one() == expected
                told["queuedTurns"] = (await session.execute(_QUEUE)).scalar_one()
                told["queue"] = True
                told["workers"] = await _workers(session, parts.settings.live_worker_seconds)
        except DATABASE_ERRORS:
            pass  # what could not be asked is not there
        ready = told["database"] and told["migrations"] and told["queue"]
        return {"ready": ready, **told}

    readiness = _Remembered(ask)

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        told = await readiness.get()
        return JSONResponse(told, status_code=200 if told["ready"] else 503)

    return router


class _Remembered:
    """What ``ask`` told within the last second; those who come together wait for the same answer."""

    def __init__(self, ask: Callable[[], Awaitable[dict[str, object]]]) -> None:
        self._ask = ask
        self._told: dict[str, object] = {}
        self._good_until = 0.0
        self._asking: asyncio.Task[dict[str, object]] | None = None

    async def get(self) -> dict[str, object]:
        if time.monotonic() < self._good_until:
            return self._told
        if self._asking is None:
            self._asking = asyncio.create_task(self._renewed(), name="readiness")
            self._asking.add_done_callback(looked_at)
        return await asyncio.shield(self._asking)

    async def _renewed(self) -> dict[str, object]:
        try:
            self._told = await self._ask()
            self._good_until = time.monotonic() + _GOOD_SECONDS
            return self._told
        finally:
            self._asking = None


async def _workers(session: AsyncSession, within_seconds: float) -> dict[str, int]:
    living = await alive(session, within_seconds)
    loaded = [worker for worker in living if worker.engines and all(each["loaded"] for each in worker.engines)]
    return {"alive": len(living), "loaded": len(loaded)}
