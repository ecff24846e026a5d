"""Runs one attempt at a turn: claims it, loads its inputs, runs the pipeline; stops it when the turn is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from db.audio.store import AudioStore
from db.postgres.database import Database
from db.postgres.outage import retry_conflicts
from db.turns import claims
from db.turns.values import Claim, Failure
from inference.journal.database_journal import DatabaseJournal
from inference.journal.load_inputs import load_inputs
from inference.lender import Engines
from inference.ports import RecordingDecoder, Superseded, ToolBox
from inference.turn.attempt import TurnSetup, record_cancelled, run_attempt
from inference.turn.guard.reading import DialogueReader, NoReader
from inference.turn.limits import TurnLimits
from inference.turn.timing import TurnClock

#: Attempts at one turn, so that a turn that crashes its worker is not retried for ever.
_MAX_ATTEMPTS = 10


class TurnInterrupted(Exception):
    """The worker stops before the turn is finished; another attempt resumes it."""


class TurnRunner:
    """Runs the turns of one worker."""

    def __init__(
        self,
        database: Database,
        store: AudioStore,
        *,
        engines: Engines,
        decoder: RecordingDecoder,
        toolbox: ToolBox,
        limits: TurnLimits,
        language_of: Callable[[str], str | None] = lambda _: None,
        reader: DialogueReader | None = None,
        patience_seconds: float = 60,
    ) -> None:
        self._database = database
        self._store = store
        self.setup = TurnSetup(engines, decoder, toolbox, limits, language_of, reader or NoReader())
        self._patience_seconds = patience_seconds
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    @property
    def running(self) -> list[UUID]:
        """Ids of the running turns."""
        return list(self._tasks)

    def stop(self, turn_id: UUID) -> None:
        """Cancels the attempt of a turn that runs here; engines stop at their next token, segment or sentence."""
        task = self._tasks.get(turn_id)
        if task is not None:
            task.cancel()

    async def run(self, turn_id: UUID) -> None:
        """Runs one attempt. Raises TurnInterrupted when the worker stops, and database errors."""
        claim = await retry_conflicts(lambda: claims.start(self._database, turn_id))
        if claim is None:
            return
        if claim.attempt > _MAX_ATTEMPTS:
            await self._give_up(claim)
            return
        clock = TurnClock(claim.queued_at, claim.started_at)
        journal = DatabaseJournal(self._database, self._store, claim, patience_seconds=self._patience_seconds)
        attempt = asyncio.create_task(self._attempt(claim, clock, journal), name=f"turn-{turn_id}")
        self._tasks[turn_id] = attempt
        try:
            await asyncio.wait({attempt})  # the attempt is cancelled with its turn, this task when the worker stops
        except asyncio.CancelledError:
            attempt.cancel()
            await asyncio.wait({attempt})
            raise TurnInterrupted from None
        finally:
            if self._tasks.get(turn_id) is attempt:  # else a later attempt runs here: this one was presumed lost
                del self._tasks[turn_id]
        if attempt.cancelled():
            await record_cancelled(journal, clock)
        else:
            attempt.result()

    async def _attempt(self, claim: Claim, clock: TurnClock, journal: DatabaseJournal) -> None:
        work = await load_inputs(self._database, self._store, claim, patience_seconds=self._patience_seconds)
        with suppress(Superseded):
            await run_attempt(self.setup.pipeline(work, journal, clock).run(), claim, journal, clock)

    async def _give_up(self, claim: Claim) -> None:
        """Fails a turn after too many attempts, so that the session's next turn can run."""
        failure = Failure("INTERNAL", f"The turn could not be finished in {_MAX_ATTEMPTS} attempts.")
        journal = DatabaseJournal(self._database, self._store, claim, patience_seconds=self._patience_seconds)
        await journal.turn_finished({}, failure)
