"""The workers that are alive, and what they have loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, extract, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import Stage
from db.languages import LANGUAGES
from db.models.workers import Worker


async def beat(session: AsyncSession, worker: Worker) -> float:
    """Says that the worker is alive and what it has loaded. Returns the seconds since it last did; 0 the first time.

    A row that others have dropped, because nothing was heard of the worker for long, is written again.
    """
    silent = await session.scalar(
        select(extract("epoch", func.clock_timestamp() - Worker.heartbeat_at)).where(Worker.id == worker.id)
    )
    told = {name: getattr(worker, name) for name in ("id", "host", "pid", "capacity", "engines")}
    now = {"heartbeat_at": func.clock_timestamp(), "engines": worker.engines}
    await session.execute(insert(Worker).values(told).on_conflict_do_update(index_elements=["id"], set_=now))
    return float(silent or 0)


async def leave(session: AsyncSession, worker_id: UUID) -> None:
    await session.execute(delete(Worker).where(Worker.id == worker_id))


async def alive(session: AsyncSession, within_seconds: float) -> Sequence[Worker]:
    """The workers whose heartbeat is younger than that, oldest first."""
    oldest = func.now() - timedelta(seconds=within_seconds)
    living = await session.scalars(select(Worker).where(Worker.heartbeat_at > oldest))
    return sorted(living, key=lambda worker: worker.id)  # few: ordered here, the look-up goes by heartbeat alone


def answered_languages(workers: Sequence[Worker]) -> frozenset[str]:
    """The languages in which a language model of these workers answers; all of ``LANGUAGES`` if none is there to ask.

    Recognition does not narrow them: a session may hold text alone.
    """
    spoken = [each["languages"] for worker in workers for each in worker.engines if each["stage"] == Stage.LLM]
    if not spoken or not all(spoken):  # an engine without a list answers in any language
        return frozenset(LANGUAGES)
    return frozenset(language for languages in spoken for language in languages if language in LANGUAGES)


async def forget_dead(session: AsyncSession, after_seconds: float) -> None:
    """Drops the rows of workers that went without a word."""
    oldest = func.now() - timedelta(seconds=after_seconds)
    await session.execute(delete(Worker).where(Worker.heartbeat_at < oldest))
