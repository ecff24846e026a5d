"""Health checks: liveness (/healthz) and readiness (/readyz) probes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from db.logs import retrieve_exception
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS
from db.postgres.schema_revision import newest_revision
from db.queue.workers import find_alive

#: How long a readiness result is reused: the probe needs no key and may be called at any rate.
_GOOD_SECONDS = 1.0

_REVISION = text("select version_num from alembic_version")
_QUEUE = text("select count(*) from procrastinate_jobs where status = 'todo'")


def health_router(
    database: Database, live_worker_seconds: float, own: Callable[[], Mapping[str, bool]] = dict
) -> APIRouter:
    """``/healthz``: 200 while the process runs. ``/readyz``: 200 when the database is writable, its schema is current
    and the queue is readable, else 503; JSON with each check, the queued turns and the workers (alive; with all models
    loaded). It queries the database at most once a second.

    ``own``: further checks of the role, which hold for the process to be ready.
    """
    router = APIRouter(include_in_schema=False)
    expected = newest_revision()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    async def ask() -> dict[str, object]:
        found: dict[str, object] = {"database": False, "migrations": False, "queue": False}
        try:
            async with database.reading() as session:
                found["database"] = await database.writable(session)
                found["migrations"] = (await session.execute(_REVISION)).scalar_one() == expected
                found["queuedTurns"] = (await session.execute(_QUEUE)).scalar_one()
                found["queue"] = True
                found["workers"] = await _workers(session, live_worker_seconds)
        except DATABASE_ERRORS:
            pass  # the checks that did not run stay False
        checks = own()
        ready = found["database"] and found["migrations"] and found["queue"] and all(checks.values())
        return {"ready": ready, **found, **checks}

    readiness = _CachedProbe(ask)

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        found = await readiness.get()
        return JSONResponse(found, status_code=200 if found["ready"] else 503)

    return router


class _CachedProbe:
    """The result of ``ask``, cached for a second; concurrent callers share one call (single flight)."""

    def __init__(self, ask: Callable[[], Awaitable[dict[str, object]]]) -> None:
        self._ask = ask
        self._found: dict[str, object] = {}
        self._good_until = 0.0
        self._asking: asyncio.Task[dict[str, object]] | None = None

    async def get(self) -> dict[str, object]:
        if time.monotonic() < self._good_until:
            return self._found
        if self._asking is None:
            self._asking = asyncio.create_task(self._renewed(), name="readiness")
            self._asking.add_done_callback(retrieve_exception)
        return await asyncio.shield(self._asking)

    async def _renewed(self) -> dict[str, object]:
        try:
            self._found = await self._ask()
            self._good_until = time.monotonic() + _GOOD_SECONDS
            return self._found
        finally:
            self._asking = None


async def _workers(session: AsyncSession, within_seconds: float) -> dict[str, int]:
    living = await find_alive(session, within_seconds)
    loaded = [worker for worker in living if worker.engines and all(each["loaded"] for each in worker.engines)]
    return {"alive": len(living), "loaded": len(loaded)}
