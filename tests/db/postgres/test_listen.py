"""LISTEN: notifications of all channels, also after the connection was lost."""

from __future__ import annotations

import asyncio
from collections import Counter

from sqlalchemy import text

from db.postgres.database import Database
from db.postgres.listen import listen
from tests.db.rows import eventually, scalar

CUT = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'voxloom-feed' "


async def test_notifications_arrive_again_after_a_lost_connection(database: Database) -> None:
    heard, begun = Counter[tuple[str, str]](), asyncio.Queue[None]()
    channels = {name: lambda payload, name=name: heard.update([(name, payload)]) for name in ("listen_a", "listen_b")}
    listening = asyncio.create_task(
        listen(database, channels, check_seconds=0.2, connected=lambda: begun.put_nowait(None))
    )

    async def notified(payload: str) -> bool:
        async with database.transaction() as session:
            for name in channels:
                await session.execute(text("select pg_notify(:name, :payload)"), {"name": name, "payload": payload})
        await asyncio.sleep(0.02)
        return all(heard[name, payload] for name in channels)

    async with asyncio.timeout(20):
        await begun.get()
        await eventually(lambda: notified("first"))
        assert await scalar(database, CUT + "and datname = current_database()") == 1
        await begun.get()
        await eventually(lambda: notified("second"))
    assert not listening.done()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)

    async def gone() -> bool:
        left = "select count(*) from pg_stat_activity where application_name = 'voxloom-feed' "
        return bool(await scalar(database, left + "and datname = current_database()") == 0)

    await eventually(gone)
