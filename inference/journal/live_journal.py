"""The journal of a live turn's attempt: ends the turn's job, which belongs to this process."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from db.audio.store import AudioStore
from db.json_value import Json
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS
from db.turns.values import Claim, Failure
from inference.journal.database_journal import DatabaseJournal
from inference.journal.live_jobs import LiveJobOwner
from inference.ports import JournalLost, Superseded


class LiveJournal(DatabaseJournal):
    """``job_id``: of the attempt's job in the queue."""

    def __init__(
        self,
        database: Database,
        store: AudioStore,
        claim: Claim,
        *,
        jobs: LiveJobOwner,
        job_id: int,
        patience_seconds: float = 60,
    ) -> None:
        super().__init__(database, store, claim, patience_seconds=patience_seconds)
        self._jobs = jobs
        self._job_id = job_id
        self.closed = self._ending = False
        jobs.run_job(job_id)

    async def turn_finished(self, timing: Mapping[str, Json], failure: Failure | None) -> None:
        self._ending = True  # from now on the record may say that the turn has ended
        await super().turn_finished(timing, failure)
        await self._jobs.end(self._job_id)

    async def close(self, seconds: float) -> None:
        try:
            await super().close(seconds)
        finally:
            self.closed = True
            self._jobs.stopped(self._job_id)

    def stop(self) -> None:
        """See ``WriteBehind.stop``. Not while it ends the turn itself: a turn that another has ended refuses that."""
        if not self._ending:
            super().stop()

    async def settled(self) -> None:
        """Returns when all that was written is committed, or will not be."""
        with suppress(Superseded, JournalLost, *DATABASE_ERRORS):
            await self.flush()
