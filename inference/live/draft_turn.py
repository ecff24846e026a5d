"""A turn begun in a pause of the caller, before it is sure that they have finished: kept, or discarded."""

from __future__ import annotations

import asyncio
from datetime import datetime

from db.logs import retrieve_exception
from db.turns.values import Claim, Failure
from inference.live.held_journal import HeldJournal
from inference.live.reply_lane import reply_on_lane
from inference.ports import AttemptJournal, JournalLost, ReplyListener, Superseded
from inference.turn.attempt import TurnSetup, record_cancelled, run_attempt
from inference.turn.call_meter import failure_of
from inference.turn.inputs import TurnInputs
from inference.turn.reply_relay import ReplyRelay
from inference.turn.timing import TurnClock


class DraftTurn:
    """Runs the pipeline of a live turn at once, with a journal and a listener that are held until ``keep``.

    ``inputs``: with the text, so that no ASR runs. ``now``: the database's time (``CallRecord.now``). Must be made in
    the event loop. Exactly one of ``keep`` and ``discard`` ends it; ``discard`` may follow ``keep`` and does nothing
    then. A turn without speculation is a draft that is kept at once::

        draft = DraftTurn(setup, replace(await record.next_inputs(), text=words), now=record.now())
        ...
        if words == draft.text:
            claim = await record.begin_turn(heard)
            failure = await draft.keep(claim, record.journal(claim), listener)
        else:
            await draft.discard()

    Until it is kept, a draft writes nothing, runs no tool, and sends nothing; it synthesizes about one second ahead.
    """

    def __init__(self, setup: TurnSetup, inputs: TurnInputs, *, now: datetime) -> None:
        if inputs.text is None:
            raise ValueError("A draft turn needs the text of the caller.")
        self.text = inputs.text
        self._clock = TurnClock(now, now)
        self._journal = HeldJournal(timing=self._clock.timing)
        self._relay = ReplyRelay()
        pipeline = setup.pipeline(inputs, self._journal, self._clock, self._relay)
        with reply_on_lane(setup.lane, self._relay):
            self._pipeline = asyncio.create_task(pipeline.run(), name="draft-turn")
        self._pipeline.add_done_callback(retrieve_exception)

    async def keep(self, claim: Claim, journal: AttemptJournal, listener: ReplyListener) -> Failure | None:
        """Call it after the turn's commit. Releases the reply so far, and returns when the turn has ended and the
        listener has all of the reply, or is lost (it raised, or took 30 s over one item).

        Returns the turn's failure; None if the turn completed. Raises Superseded (the turn was cancelled, or belongs to
        a later attempt) and JournalLost (the turn must be run again), as the errors of a worker's attempt. Cancelling
        the task that waits here stops the engines at their next piece, and the listener gets nothing more; if the turn
        was CANCELLED before, its model calls are recorded.
        """
        self._clock.claimed(claim.queued_at, claim.started_at)
        self._relay.release(listener)
        try:
            return await run_attempt(self._finish(journal), claim, journal, self._clock)
        except asyncio.CancelledError:
            await self.discard()
            await record_cancelled(journal, self._clock)
            raise
        finally:
            await self.discard()

    async def discard(self) -> None:
        """Stops the engines at their next piece. Returns when nothing of the draft runs (after 2 s, if native code does
        not stop); its model calls are recorded nowhere."""
        self._pipeline.cancel()
        await asyncio.wait({self._pipeline})
        await self._relay.close()

    async def _finish(self, journal: AttemptJournal) -> Failure | None:
        try:
            try:
                await self._journal.release(journal)  # while the pipeline goes on
            except (Superseded, JournalLost):
                raise
            except Exception as error:  # a write that the pipeline no longer waits for: it cannot end the turn itself
                self._pipeline.cancel()
                await asyncio.wait({self._pipeline})
                broken = failure_of(error, None)
                await journal.turn_finished(self._clock.timing(), broken)
                return broken
            failure = await self._pipeline
            await self._relay.drain()
            return failure
        finally:
            await self.discard()  # before the attempt's model calls are recorded
