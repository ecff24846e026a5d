"""The heartbeat of any worker tells its role, and ends the live calls that nobody holds."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from db.enums import CallEndReason, WorkerRole
from db.postgres.database import Database
from db.queue import workers
from db.viewer import Viewer
from inference.lender import Engines
from inference.settings import InferenceSettings
from inference.worker.heartbeat import WorkerHeartbeat
from tests.db.calls.rows import call_of, connected, names
from tests.db.rows import eventually


async def test_calls_of_a_dead_process_are_dropped_and_then_ended(
    database: Database, viewer: Viewer, engines: Engines
) -> None:
    call, kept = await connected(database, viewer), await connected(database, viewer)
    settings = InferenceSettings(heartbeat_seconds=0.05, lost_worker_seconds=5)
    beating = asyncio.create_task(WorkerHeartbeat(database, engines, settings, WorkerRole.VOICE).run())

    async def ago(column: str, seconds: int) -> None:
        statement = f"update calls set {column} = now() - make_interval(secs => :seconds) where id = :id"
        async with database.transaction() as session:
            await session.execute(text(statement), {"seconds": seconds, "id": call.lease.call_id})

    async def seen(count: int) -> bool:
        return len(await names(database, call.lease.session_id)) == count

    try:
        await ago("heartbeat_at", 60)
        await eventually(lambda: seen(2))
        await ago("dropped_at", 60)
        await eventually(lambda: seen(3))
        async with database.reading() as session:
            (worker,) = await workers.find_alive(session, 30)
        assert worker.role is WorkerRole.VOICE
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
    assert await names(database, call.lease.session_id) == ["CallStarted", "CallDropped", "CallEnded"]
    assert (await call_of(database, call.lease.call_id)).end_reason is CallEndReason.DROPPED
    assert await names(database, kept.lease.session_id) == ["CallStarted"]
