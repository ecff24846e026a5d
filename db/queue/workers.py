"""Registry of worker processes: heartbeats (liveness) and engines; ``db.queue.jobs`` requeues dead workers' jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, extract, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import Stage
from db.languages import LANGUAGES
from db.models.workers import Worker


async def heartbeat(session: AsyncSession, worker: Worker) -> float:
    """Writes the worker's heartbeat and engines. Returns the seconds since the last heartbeat; 0 for the first.

    Registers the worker again if its row was deleted (``delete_dead``).
    """
    silent = await session.scalar(
        select(extract("epoch", func.clock_timestamp() - Worker.heartbeat_at)).where(Worker.id == worker.id)
    )
    row = {name: getattr(worker, name) for name in ("id", "host", "pid", "role", "capacity", "engines")}
    update = {"heartbeat_at": func.clock_timestamp(), "engines": worker.engines}
    await session.execute(insert(Worker).values(row).on_conflict_do_update(index_elements=["id"], set_=update))
    return float(silent or 0)


async def deregister(session: AsyncSession, worker_id: UUID) -> None:
    await session.execute(delete(Worker).where(Worker.id == worker_id))


async def find_alive(session: AsyncSession, within_seconds: float) -> Sequence[Worker]:
    """The workers with a heartbeat within the last ``within_seconds``, in order of their start."""
    oldest = func.now() - timedelta(seconds=within_seconds)
    alive = await session.scalars(select(Worker).where(Worker.heartbeat_at > oldest))
    return sorted(alive, key=lambda worker: worker.id)  # sorted here, as the index has only the heartbeat


def answered_languages(workers: Sequence[Worker]) -> frozenset[str]:
    """The languages of the workers' language models; all of ``LANGUAGES`` if there are no such workers.

    Languages of ASR engines do not count: a session may consist of text only.
    """
    spoken = [each["languages"] for worker in workers for each in worker.engines if each["stage"] == Stage.LLM]
    if not spoken or not all(spoken):  # an engine without a list answers in any language
        return frozenset(LANGUAGES)
    return frozenset(language for languages in spoken for language in languages if language in LANGUAGES)


def unknown_voices(workers: Sequence[Worker], wanted: Mapping[str, str]) -> list[tuple[str, str]]:
    """The voices, by language, that no engine of the workers has. None if an engine does not tell its voices, or if no
    worker has an engine of speech synthesis: workers may come later.
    """
    engines = [each for worker in workers for each in worker.engines if each["stage"] == Stage.TTS]
    if not engines or not all(each.get("voices") for each in engines):
        return []
    known = [voice for each in engines for voice in each.get("voices", [])]
    return [
        (language, name)
        for language, name in wanted.items()
        if not any(each["name"] == name and each["language"] in (language, None) for each in known)
    ]


async def delete_dead(session: AsyncSession, after_seconds: float) -> None:
    """Deletes the rows of workers without a heartbeat for ``after_seconds``."""
    oldest = func.now() - timedelta(seconds=after_seconds)
    await session.execute(delete(Worker).where(Worker.heartbeat_at < oldest))
