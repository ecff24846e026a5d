"""Fair queue among tenants; the turns of a session run in order, one at a time."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from sqlalchemy import text

from db.commands.keys import create_key
from db.postgres.database import Database
from db.viewer import Viewer
from tests.conftest import holder_of
from tests.db.jobs import owner_of_jobs
from tests.db.rows import open_session, say, scalar

_FETCH = text("select id, args ->> 'turn_id' from procrastinate_fetch_job_v2(array['turns'], :owner)")


async def tenant(database: Database, name: str) -> Viewer:
    async with database.transaction() as session:
        secret = await create_key(session, name="test", tenant=name)
    return await holder_of(database, secret)


async def fetched(database: Database, owner: int) -> UUID | None:
    """Fetches a job and returns its turn; None if no job can run."""
    async with database.transaction() as session:
        _, turn = (await session.execute(_FETCH, {"owner": owner})).one()
    return None if turn is None else UUID(turn)


async def test_a_new_tenant_is_served_next(database: Database, viewer: Viewer) -> None:
    owner = await owner_of_jobs(database)
    for _ in range(30):
        await say(database, viewer, await open_session(database, viewer))
    assert await fetched(database, owner) is not None
    late = await tenant(database, "late")
    turn = await say(database, late, await open_session(database, late))
    assert await fetched(database, owner) == turn


async def test_tenants_take_turns_whatever_their_queue_lengths(database: Database, viewer: Viewer) -> None:
    owner = await owner_of_jobs(database)
    owners: dict[UUID, str] = {}
    for name, count in (("large", 20), ("middle", 6), ("small", 3)):
        asking = await tenant(database, name)
        for _ in range(count):
            owners[await say(database, asking, await open_session(database, asking))] = name
    order = []
    for _ in range(9):
        turn = await fetched(database, owner)
        assert turn is not None
        order.append(owners[turn])
    assert Counter(order) == {"large": 3, "middle": 3, "small": 3}
    for _ in range(20):
        assert await fetched(database, owner) is not None  # all jobs can be fetched
    assert await fetched(database, owner) is None


async def test_a_session_is_in_order_and_a_busy_one_is_skipped(database: Database, viewer: Viewer) -> None:
    owner = await owner_of_jobs(database)
    busy = await open_session(database, viewer)
    first, second = [await say(database, viewer, busy) for _ in range(2)]
    other = await say(database, viewer, await open_session(database, viewer))
    assert await fetched(database, owner) == first
    assert await fetched(database, owner) == other
    assert await fetched(database, owner) is None
    async with database.transaction() as session:
        finish = "select procrastinate_finish_job_v1(id, 'succeeded', true) from procrastinate_jobs"
        await session.execute(text(f"{finish} where args ->> 'turn_id' = :turn"), {"turn": str(first)})
    assert await fetched(database, owner) == second


async def test_a_requeued_job_keeps_its_tenant(database: Database, viewer: Viewer) -> None:
    owner = await owner_of_jobs(database)
    turn = await say(database, viewer, await open_session(database, viewer))
    assert await fetched(database, owner) == turn
    async with database.transaction() as session:
        again = "select procrastinate_retry_job_v2(id, now(), null, null, null) from procrastinate_jobs"
        await session.execute(text(again))
    assert await scalar(database, "select tenant_id from procrastinate_jobs") == viewer.tenant_id
    assert await fetched(database, owner) == turn
