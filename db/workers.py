"""The workers that are alive, and what they have loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models.happenings import Worker


async def register(session: AsyncSession, worker: Worker) -> None:
    session.add(worker)
    await session.flush()


async def beat(session: AsyncSession, worker_id: UUID, engines: list[Any]) -> None:
    """Says that the worker is alive and what it has loaded."""
    await session.execute(
        update(Worker).where(Worker.id == worker_id).values(heartbeat_at=func.clock_timestamp(), engines=engines)
    )


async def leave(session: AsyncSession, worker_id: UUID) -> None:
    await session.execute(delete(Worker).where(Worker.id == worker_id))


async def alive(session: AsyncSession, within_seconds: float) -> Sequence[Worker]:
    """The workers whose heartbeat is younger than that, oldest first."""
    oldest = func.now() - timedelta(seconds=within_seconds)
    return (await session.scalars(select(Worker).where(Worker.heartbeat_at > oldest).order_by(Worker.id))).all()


async def forget_dead(session: AsyncSession, after_seconds: float) -> None:
    """Drops the rows of workers that went without a word."""
    oldest = func.now() - timedelta(seconds=after_seconds)
    await session.execute(delete(Worker).where(Worker.heartbeat_at < oldest))
