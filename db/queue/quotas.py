"""Quotas of queued turns per session and tenant (backpressure)."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import TurnStatus
from db.errors import Overloaded
from db.models.conversation import Session, Turn
from db.queue.limits import QueueLimits


async def check_quota(session: AsyncSession, owner: Session, limits: QueueLimits, *, turns: int = 1) -> None:
    """Raises Overloaded if the quota leaves no room for more queued ``turns``. The caller locks the session's row.

    Exact per session; approximate per tenant, as concurrent messages of several sessions are not counted.
    """
    queued = select(func.count()).select_from(Turn).where(Turn.status == TurnStatus.QUEUED)
    of_session = (await session.execute(queued.where(Turn.session_id == owner.id))).scalar_one()
    if of_session + turns > limits.per_session:
        raise Overloaded("Too many turns of this session are waiting.", limits.retry_after_seconds)
    tenants = queued.join(Session, Session.id == Turn.session_id).where(Session.tenant_id == owner.tenant_id)
    if (await session.execute(tenants)).scalar_one() + turns > limits.per_tenant:
        raise Overloaded("Too many turns are waiting.", limits.retry_after_seconds)
