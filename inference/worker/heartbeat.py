"""Worker heartbeat, with the loaded engines; takes care of what workers whose heartbeat expired leave behind."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from db.calls.sweep import find_stale, sweep
from db.enums import WorkerRole
from db.ids import new_id
from db.logs import error_fields
from db.models.workers import EngineReport, VoiceReport, Worker
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS
from db.queue import workers
from db.queue.jobs import requeue_jobs_of_dead_workers
from inference.lender import Engines
from inference.ports import EngineInfo
from inference.settings import InferenceSettings

_FORGET_SECONDS = 300

#: Most live calls that are swept at once.
_CALLS = 100

log = structlog.get_logger(__name__)


def describe(engines: Engines) -> list[EngineReport]:
    """The engines as ``capabilities`` shows them to clients."""
    return [
        {
            "stage": stage,
            "engine": lender.info.engine,
            "model": lender.info.model,
            "languages": list(lender.info.languages),
            "loaded": lender.loaded,
            "error": lender.error,
            "voices": _voices(lender.info),
        }
        for stage, lender in engines.every()
    ]


def _voices(info: EngineInfo) -> list[VoiceReport]:
    only = info.languages[0] if len(info.languages) == 1 else None
    spoken = info.voice_languages or (only,) * len(info.voices)
    return [{"name": name, "language": language} for name, language in zip(info.voices, spoken, strict=True)]


class WorkerHeartbeat:
    """Writes this worker's heartbeat; requeues the jobs of workers whose heartbeat expired, and ends live calls that
    nobody holds.
    """

    def __init__(
        self, database: Database, engines: Engines, settings: InferenceSettings, role: WorkerRole = WorkerRole.WORKER
    ) -> None:
        self._database = database
        self._engines = engines
        self._settings = settings
        self._role = role
        self._id = new_id()

    async def run(self) -> None:
        """Runs until cancelled; database outages are logged and outlasted.

        After a long gap in its own heartbeat (no database, a stopped process, a suspended machine) it first gives the
        other workers time for a heartbeat: they may have had the same gap.
        """
        gap = self._settings.lost_worker_seconds / 2
        wait_until = 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                if await self._beat() > gap:
                    wait_until = loop.time() + gap
                if loop.time() >= wait_until:
                    await self._requeue_lost()
                    await self._sweep_calls()
            except DATABASE_ERRORS as error:
                log.warning("heartbeat_failed", **error_fields(error))
            await asyncio.sleep(self._settings.heartbeat_seconds)

    async def _beat(self) -> float:
        row = Worker(
            id=self._id,
            host=socket.gethostname(),
            pid=os.getpid(),
            role=self._role,
            capacity=self._settings.worker_capacity,
            engines=describe(self._engines),
        )

        async def beat(session: AsyncSession) -> float:
            silent = await workers.heartbeat(session, row)
            await workers.delete_dead(session, _FORGET_SECONDS)
            return silent

        return await self._database.run(beat)

    async def _requeue_lost(self) -> None:
        silent_seconds = self._settings.lost_worker_seconds
        taken = await self._database.run(lambda session: requeue_jobs_of_dead_workers(session, silent_seconds))
        if taken:
            log.warning("turns_taken_up", jobs=taken)

    async def _sweep_calls(self) -> None:
        lost_seconds = self._settings.lost_worker_seconds
        async with self._database.reading() as session:
            stale = await find_stale(session, lost_seconds=lost_seconds, limit=_CALLS)
        for session_id, call_id in stale:  # each in a transaction of its own, so that it locks one session at a time
            try:
                end = partial(sweep, session_id=session_id, call_id=call_id, lost_seconds=lost_seconds)
                await self._database.run(end)
            except DATABASE_ERRORS as error:  # the other calls are still ended
                log.warning("call_not_swept", call_id=str(call_id), **error_fields(error))
        if stale:
            log.info("calls_swept", calls=len(stale))

    async def leave(self) -> None:
        """Deletes this worker's row; if the database is unavailable, other workers delete it later."""
        with suppress(*DATABASE_ERRORS):
            await self._database.run(lambda session: workers.deregister(session, self._id))
