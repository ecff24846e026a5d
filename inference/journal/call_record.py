"""The record of a live call in Postgres: events and audio are written behind it, turns are waited for."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.calls import commits, connections, recordings
from db.calls.begin import begin
from db.calls.fence import CallFenced
from db.calls.reopen import reopen
from db.calls.replies import interrupt
from db.calls.values import CallEvent, CallWrite, ConnectedCall, Lease, PlaybackReport, Segment, SpokenTurn
from db.enums import CallEndReason, EventType, Prompt, TurnStatus
from db.ids import new_id
from db.turns.live_values import LiveTiming, Playback
from db.turns.values import Claim
from inference.audio.wav import decode_pcm
from inference.journal.follow_turn import Followed, follow_turn
from inference.journal.live_journal import LiveJournal
from inference.journal.load_inputs import next_inputs
from inference.journal.record_parts import RecordParts, UnfinishedAudio
from inference.journal.write_behind import WriteBehind
from inference.live.ports import CallState, HeardTurn, Reopened
from inference.ports import AttemptJournal, Samples, Speech, Superseded, TextDelta
from inference.turn.inputs import TurnInputs

T = TypeVar("T")

#: Shortest time between two partial transcripts that become events.
_WORDS_SECONDS = 1.0

#: Most characters of a partial transcript in an event; a longer one keeps its end.
_WORDS_CHARACTERS = 2_000


class DatabaseCallRecord(WriteBehind[CallWrite]):
    """Implements ``inference.live.ports.CallRecord`` for one connection of a call."""

    def __init__(self, parts: RecordParts, call: ConnectedCall) -> None:
        super().__init__(
            f"call-record-{call.lease.call_id}", fenced=CallFenced, patience_seconds=parts.patience_seconds
        )
        self._parts = parts
        self._database = parts.database
        self.lease: Lease = call.lease
        self._state = CallState(
            call_id=call.lease.call_id,
            tenant_id=call.lease.tenant_id,
            session_id=call.lease.session_id,
            language=call.language,
            persona=call.persona,
            turn_taking=call.turn_taking,
            turns=call.turns,
            elapsed_ms=call.elapsed_ms,
            heard=decode_pcm(call.heard) if call.heard else None,
            record=call.record,
            recorded_ms=call.recorded_ms,
            connection=call.lease.connection,
        )
        self._clock = (call.now, time.monotonic())
        self._audio = UnfinishedAudio(call.elapsed_ms, call.sounds)
        self._words_at = float("-inf")
        self._over = False
        #: Whether the caller's connection is there, as the call says.
        self.connected = True
        self._journals: dict[UUID, LiveJournal] = {}
        self._claims: dict[UUID, tuple[Claim, int]] = {}

    def follow_on(self, before: DatabaseCallRecord) -> None:
        """Shares what ``before`` knows, if it had the last connection: then the call goes on in memory.

        Turns that run here and utterances that are not stored yet outlive the connection.
        """
        if before.lease.connection + 1 == self.lease.connection:
            self._journals, self._claims = before._journals, before._claims
            self._audio.follow_on(before._audio)

    @property
    def held(self) -> bool:
        """Whether this connection may hold the call still, as far as is known here."""
        return not (self._over or self._is_lost)

    @property
    def running(self) -> list[tuple[UUID, LiveJournal]]:
        """The turns whose attempts run here, and their journals."""
        return [(turn_id, journal) for turn_id, journal in self._journals.items() if not journal.closed]

    @property
    def state(self) -> CallState:
        return self._state

    def now(self) -> datetime:
        at, begun = self._clock
        return at + timedelta(seconds=time.monotonic() - begun)

    async def _commit(self, step: int, writes: Sequence[CallWrite]) -> None:
        await commits.commit(self._database, self.lease, step, writes)

    async def next_inputs(self, reopened: Claim | None = None) -> TurnInputs:
        await self.flush()  # what was heard of the reply before
        turn_id = None if reopened is None else reopened.turn_id
        return await self._retried(lambda: next_inputs(self._database, self.lease.session_id, turn_id))

    # --- the caller speaks --------------------------------------------------------------------------------

    async def speech_started(self, at_ms: int) -> None:
        self._audio.at_least(at_ms)
        await self._event(EventType.SPEECH_STARTED, at_ms=at_ms)

    async def speech_ended(self, at_ms: int) -> None:
        segment = self._audio.end_at(at_ms)
        event = CallEvent(EventType.SPEECH_ENDED, None, {"call_id": str(self.lease.call_id), "at_ms": at_ms})
        await self.put(CallWrite((event,), segment=segment, elapsed_ms=self._audio.elapsed_ms))

    async def _event(self, kind: EventType, turn_id: UUID | None = None, **data: object) -> None:
        event = CallEvent(kind, turn_id, {"call_id": str(self.lease.call_id), **data})
        await self.put(CallWrite((event,), elapsed_ms=self._audio.elapsed_ms))

    async def words(self, text: str) -> None:
        now = time.monotonic()
        if now - self._words_at >= _WORDS_SECONDS:
            self._words_at = now
            await self._event(EventType.TRANSCRIPT_PARTIAL, text=text[-_WORDS_CHARACTERS:])
        else:
            self._raise_failure(None)

    async def sound(self, samples: Samples) -> None:
        await self._keep(self._audio.add(samples))

    async def _keep(self, segment: Segment | None) -> None:
        if segment is None:
            self._raise_failure(None)
        else:
            await self.put(CallWrite(segment=segment, elapsed_ms=self._audio.elapsed_ms))

    async def clear_sound(self, ended_ms: int | None = None) -> None:
        await self.put(CallWrite(clears=self._audio.cleared() if ended_ms is None else self._audio.covered(ended_ms)))

    async def prompted(self, prompt: Prompt, text: str) -> None:
        await self._event(EventType.CALL_PROMPTED, prompt=prompt.value, text=text)

    # --- turns --------------------------------------------------------------------------------------------

    async def begin_turn(self, heard: HeardTurn) -> Claim | None:
        spoken = await self._spoken(heard)

        async def commit(step: int) -> tuple[Claim, int] | None:
            return self._begun(await begin(self._database, self.lease, step, spoken))

        begun = await self.act(commit)
        return None if begun is None else begun[0]

    async def reopen_turn(self, claim: Claim, heard: HeardTurn) -> Reopened | None:
        spoken = await self._spoken(heard)
        await self._settle_journal(claim.turn_id)

        async def commit(step: int) -> Reopened | None:
            work = partial(reopen, lease=self.lease, step=step, claim=claim, turn=spoken)
            found = await self._database.run(work)
            if found is None:
                return None
            begun = self._begun(found.owned)
            return Reopened(None if begun is None else begun[0])

        return await self.act(commit)

    def _begun(self, found: tuple[Claim, int] | None) -> tuple[Claim, int] | None:
        """Keeps the claim and its job, also if the task that waits for the commit was cancelled."""
        if found is not None:
            claim, job_id = found
            self._claims[claim.turn_id] = found
            self._parts.jobs.begun(job_id)
        return found

    async def _spoken(self, heard: HeardTurn) -> SpokenTurn:
        """The turn as it is written; its audio is uploaded, if an object store keeps it."""
        sounds = 0 if heard.audio is None else self._audio.covered(heard.live.speech_ended_ms)
        audio = None if heard.audio is None else await self._parts.upload(heard.audio, self.lease.session_id)
        transcript = heard.transcript
        return SpokenTurn(
            turn_id=heard.turn_id,
            message_id=heard.message_id,
            text=transcript.text,
            language=transcript.language,
            unexpected_language=transcript.unexpected_language,
            live=heard.live,
            worker_id=await self._parts.jobs.worker_id(),
            sounds=sounds,
            call_id=new_id(),
            digits=heard.digits,
            audio=audio,
            call=heard.call,
        )

    def journal(self, claim: Claim) -> AttemptJournal:
        _, job_id = self._claims[claim.turn_id]
        parts = self._parts
        journal = LiveJournal(
            parts.database,
            parts.store,
            claim,
            jobs=parts.jobs,
            job_id=job_id,
            patience_seconds=parts.patience_seconds,
        )
        self._journals[claim.turn_id] = journal
        return journal

    def follow(self, turn_id: UUID) -> AsyncIterator[TextDelta | Speech | TurnStatus]:
        mine = self._claims.get(turn_id)
        turn = Followed(self.lease.session_id, turn_id, 0 if mine is None else mine[0].attempt)
        parts = self._parts
        return follow_turn(parts.database, parts.store, parts.feed, turn, patience_seconds=parts.patience_seconds)

    # --- replies ------------------------------------------------------------------------------------------

    async def interrupted(self, turn_id: UUID, playback: Playback, live: LiveTiming) -> None:
        await self._settle_journal(turn_id)
        report = PlaybackReport(turn_id, playback, live)
        await self._transact(lambda step: partial(interrupt, lease=self.lease, step=step, report=report))

    async def playback_started(self, turn_id: UUID) -> None:
        await self._event(EventType.PLAYBACK_STARTED, turn_id)

    async def playback_finished(self, turn_id: UUID, playback: Playback, live: LiveTiming) -> None:
        await self._settle_journal(turn_id)
        data = {"call_id": str(self.lease.call_id), "heard_ms": playback.heard_ms}
        event = CallEvent(EventType.PLAYBACK_FINISHED, turn_id, data)
        report = PlaybackReport(turn_id, playback, live)
        await self.put(CallWrite((event,), report=report, elapsed_ms=self._audio.elapsed_ms))

    async def _settle_journal(self, turn_id: UUID) -> None:
        """Waits until what the turn's journal was given is written: the reply, whose playback is reported."""
        journal = self._journals.get(turn_id)
        if journal is not None:
            await journal.settled()
            if journal.closed:
                del self._journals[turn_id]

    # --- the recording of the whole call ------------------------------------------------------------------

    async def recorded(self, at_ms: int, duration_ms: int, packets: bytes) -> None:
        keep = partial(recordings.keep, self._database, self.lease, at_ms, duration_ms, packets)
        if not await self._retried(keep):
            raise Superseded

    def recording_complete(self) -> None:
        if self._state.record:
            self._parts.recordings.complete(self.lease.call_id)

    # --- its end ------------------------------------------------------------------------------------------

    async def dropped(self) -> None:
        self.connected = False
        await self._keep(self._audio.take())
        await self._transact(lambda step: partial(connections.drop, lease=self.lease, step=step))

    async def end(self, reason: CallEndReason) -> None:
        """Ends the call; a call that has ended already stays as it is. Raises Superseded for a newer connection."""
        try:
            await self._transact(lambda step: partial(connections.end, lease=self.lease, step=step, reason=reason))
        except Superseded:
            if not await self._retried(lambda: connections.has_ended(self._database, self.lease)):
                raise
        self._over = True

    async def _transact(self, work: Callable[[int], Callable[[AsyncSession], Awaitable[T]]]) -> T:
        return await self.act(lambda step: self._database.run(work(step)))
