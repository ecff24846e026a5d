"""Fencing of a live call's commits: each names the connection, and its number within the connection.

A process whose call was taken over by a newer connection, or has ended, writes nothing. A commit whose answer was lost
is found by its number when it is repeated.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.calls.values import Lease
from db.enums import LiveCallStatus
from db.models.calls import Call
from db.models.conversation import Session
from db.postgres.database import Database


class CallFenced(Exception):
    """The connection no longer holds the call: a newer one does, or the call has ended."""


#: Whether the connection has made exactly $3 commits, also if the call has ended since.
_COMMITTED = "select from calls where id = $1::uuid and connection = $2::int and step = $3::int"


async def was_committed(database: Database, lease: Lease, step: int) -> bool:
    """Whether commit number ``step`` (from 0) was made and is the last one."""
    return await database.writer.row(_COMMITTED, [lease.call_id, lease.connection, step + 1]) is not None


async def hold(session: AsyncSession, lease: Lease, step: int) -> bool:
    """Locks the session's row, then counts commit ``step`` on the call's. False if it was made before.

    Raises CallFenced.
    """
    await session.execute(select(Session.id).where(Session.id == lease.session_id).with_for_update())
    mine = (Call.id == lease.call_id) & (Call.session_id == lease.session_id) & (Call.connection == lease.connection)
    held = await session.scalar(
        update(Call)
        .where(mine, Call.step == step, Call.status != LiveCallStatus.ENDED)
        .values(step=step + 1)
        .returning(Call.id)
        .execution_options(synchronize_session=False)
    )
    if held is not None:
        return True
    if await session.scalar(select(Call.id).where(mine, Call.step == step + 1)) is not None:
        return False
    raise CallFenced(str(lease.call_id))
