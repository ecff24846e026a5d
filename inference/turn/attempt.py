"""One attempt at a turn, by a worker or of a live call: what its pipeline runs with, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import structlog

from db.turns.values import Claim, Failure
from inference.audio.level import VoiceLevels
from inference.lane import Lane
from inference.lender import Engines
from inference.ports import AttemptJournal, Journal, RecordingDecoder, Superseded, ToolBox
from inference.turn.guard.reading import DialogueReader, NoReader
from inference.turn.inputs import TurnInputs
from inference.turn.limits import TurnLimits
from inference.turn.pipeline import Pipeline
from inference.turn.reply_relay import ReplyRelay
from inference.turn.timing import TurnClock

#: Seconds to write what is queued when an attempt is stopped.
_CLOSE_SECONDS = 5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TurnSetup:
    """What the pipelines of a process share.

    ``language_of``: the language of a text (ISO 639-1), None if unsure. ``reader``: of the guard; without one nothing
    that needs a yes is filed. ``lane``: on which the engines of live turns run, with the priority of speech; None for
    threads of their own.
    """

    engines: Engines
    decoder: RecordingDecoder
    toolbox: ToolBox
    limits: TurnLimits
    language_of: Callable[[str], str | None] = lambda _: None
    reader: DialogueReader = field(default_factory=NoReader)
    levels: VoiceLevels = field(default_factory=VoiceLevels)
    lane: Lane | None = None

    def pipeline(
        self, inputs: TurnInputs, journal: Journal, clock: TurnClock, relay: ReplyRelay | None = None
    ) -> Pipeline:
        """``relay``: the way to the listener of a live turn."""
        return Pipeline(
            inputs,
            engines=self.engines,
            decoder=self.decoder,
            toolbox=self.toolbox,
            journal=journal,
            clock=clock,
            limits=self.limits,
            language_of=self.language_of,
            reader=self.reader,
            relay=relay,
            levels=self.levels,
        )


async def run_attempt(
    work: Coroutine[object, object, Failure | None], claim: Claim, journal: AttemptJournal, clock: TurnClock
) -> Failure | None:
    """Runs the work of an attempt, and closes its journal. Returns the turn's failure; None if the turn completed.

    Raises Superseded, after the attempt's model calls are recorded, and JournalLost. If it is cancelled, the caller
    records the model calls (``record_cancelled``).
    """
    logged = {"turn_id": str(claim.turn_id), "attempt": claim.attempt}
    try:
        failure = await journal.guard(work)
    except Superseded:
        log.info("turn_superseded", **logged)
        await record_cancelled(journal, clock)
        raise
    finally:
        await journal.close(_CLOSE_SECONDS)
    log.info("turn_finished", error=None if failure is None else failure.code, **logged)
    return failure


async def record_cancelled(journal: AttemptJournal, clock: TurnClock) -> None:
    """Records the model calls of a cancelled attempt: those in progress, and those not yet committed."""
    ended = (call.cancelled() for call in list(clock.open_calls))
    await journal.record_cancelled([call for call in ended if call is not None])
