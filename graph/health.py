"""Whether this process lives, and whether it can do its work."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from db.outage import DATABASE_ERRORS
from db.schema_revision import newest_revision
from db.workers import alive
from graph.context import Parts

_REVISION = text("select version_num from alembic_version")
_QUEUE = text("select count(*) from procrastinate_jobs where status = 'todo'")


def health_router(parts: Parts) -> APIRouter:
    """``/healthz``: the process answers. ``/readyz``: 200 when the database, its schema and the queue are there, else
    503; a server that is read-only is not there. It also tells how many workers live, and how many of them have all
    their models.
    """
    router = APIRouter(include_in_schema=False)
    expected = newest_revision()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        told: dict[str, Any] = {"database": False, "migrations": False, "queue": False}
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
        return JSONResponse({"ready": ready, **told}, status_code=200 if ready else 503)

    return router


async def _workers(session: AsyncSession, within_seconds: float) -> dict[str, int]:
    living = await alive(session, within_seconds)
    loaded = [worker for worker in living if worker.engines and all(each["loaded"] for each in worker.engines)]
    return {"alive": len(living), "loaded": len(loaded)}
