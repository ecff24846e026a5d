"""From a queued job to a finished turn: claims it, reads its work, runs the pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import structlog

from db import turns
from db.audio_store import AudioStore
from db.engine import Database
from db.outcome import Failure
from inference.journal import DatabaseJournal
from inference.limits import Limits
from inference.pipeline import Pipeline
from inference.ports import Superseded, ToolBox
from inference.registry import Engines
from inference.timing import TurnClock
from inference.turn_work import read_work

log = structlog.get_logger(__name__)


class TurnInterrupted(Exception):
    """The worker stops before the turn is done; another attempt goes on with it."""


@dataclass(frozen=True, slots=True)
class TurnRunner:
    """Everything that running a turn needs, for all turns of a worker."""

    database: Database
    store: AudioStore
    engines: Engines
    toolbox: ToolBox
    limits: Limits
    language_of: Callable[[str], str | None] = lambda _: None

    async def run(self, turn_id: UUID) -> None:
        """Runs one attempt. Raises TurnInterrupted when cancelled, and whatever the database raises."""
        async with self.database.transaction() as session:
            claim = await turns.start(session, turn_id)
        if claim is None:
            return
        clock = TurnClock(claim.queued_at, claim.started_at)
        async with self.database.reading() as session:
            work = await read_work(session, self.store, claim)
        pipeline = Pipeline(
            work,
            engines=self.engines,
            toolbox=self.toolbox,
            journal=DatabaseJournal(self.database, self.store, claim),
            clock=clock,
            limits=self.limits,
            language_of=self.language_of,
        )
        try:
            failure = await pipeline.run()
        except Superseded:
            log.info("turn_superseded", turn_id=str(turn_id), attempt=claim.attempt)
        except asyncio.CancelledError:
            raise TurnInterrupted from None
        else:
            code = None if failure is None else failure.code
            log.info("turn_finished", turn_id=str(turn_id), attempt=claim.attempt, error=code)

    async def give_up(self, turn_id: UUID) -> None:
        """Fails a turn that no attempt could finish, so that its session goes on."""
        async with self.database.transaction() as session:
            claim = await turns.start(session, turn_id)
            if claim is not None:
                failure = Failure("INTERNAL", "The turn could not be finished after several attempts.")
                await turns.finish(session, claim, timing={}, failure=failure)
