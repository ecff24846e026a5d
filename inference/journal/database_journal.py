"""The journal of a turn in Postgres: fenced commits, written behind the models by a queue.

Only checkpoints are awaited: the transcript, the reply, a tool's intent and result, and the turn's end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from db.audio.encoded import EncodedAudio
from db.audio.persist import NewAudio, new_audio, upload
from db.audio.store import AudioStore
from db.enums import AudioKind, CallStatus, EventType, Role, Stage
from db.errors import AudioStoreUnavailable
from db.ids import new_id
from db.postgres.database import Database
from db.postgres.outage import retry_outage
from db.turns import claims, tool_calls
from db.turns.values import Claim, Failure, FinishedCall
from db.turns.writes import NewReply, ToolCallEnd, TurnEnd, TurnEvent, TurnWrite
from inference.journal.write_behind import WriteBehind
from inference.ports import Citation, EngineInfo, JournalLost, ToolContext, ToolRequest, ToolResult, Transcript


class DatabaseJournal(WriteBehind[TurnWrite]):
    """Implements ``inference.ports.AttemptJournal`` for one attempt at one turn.

    ``patience_seconds``: how long writes are retried while the database or the audio store is unavailable.
    """

    def __init__(self, database: Database, store: AudioStore, claim: Claim, *, patience_seconds: float = 60) -> None:
        super().__init__(f"journal-{claim.turn_id}", fenced=claims.Fenced, patience_seconds=patience_seconds)
        self._database = database
        self._claim = claim
        self._store = store

    async def _commit(self, step: int, writes: Sequence[TurnWrite]) -> None:
        await claims.commit(self._database, self._claim, step, writes)

    def _may_follow_failure(self, write: TurnWrite | None) -> bool:
        """A turn may be ended with a failure after a database error."""
        return write is not None and write.end is not None and write.end.failure is not None

    @property
    def unwritten_calls(self) -> dict[UUID, FinishedCall]:
        """Model calls of writes that were not committed."""
        writes = (each.write for each in self._queue if each.write is not None)
        return {call_id: call for write in writes for call_id, call in write.calls.items()}

    async def _event(self, kind: EventType, data: Mapping[str, object], *, linger: bool = False) -> None:
        await self.put(TurnWrite((TurnEvent(kind, data),)), linger=linger)

    async def stage_started(self, stage: Stage, info: EngineInfo) -> None:
        data = {"stage": stage.value, "engine": info.engine, "model": info.model}
        await self._event(EventType.STAGE_STARTED, data, linger=True)

    async def stage_skipped(self, stage: Stage, reason: str) -> None:
        await self._event(EventType.STAGE_SKIPPED, {"stage": stage.value, "reason": reason}, linger=True)

    async def transcript_partial(self, text: str) -> None:
        await self._event(EventType.TRANSCRIPT_PARTIAL, {"text": text})

    async def transcript_ready(self, transcript: Transcript, call: FinishedCall) -> None:
        call_id = new_id()
        data = {"unexpected_language": transcript.unexpected_language}
        ready = TurnEvent(EventType.TRANSCRIPT_READY, data, message=Role.USER)
        write = TurnWrite(
            (ready, _stage_completed(call.stage, call_id)),
            calls={call_id: call},
            transcript=(transcript.text, transcript.language),
        )
        await self.put(write, wait=True)

    async def reply_delta(self, text: str) -> None:
        await self._event(EventType.REPLY_DELTA, {"text": text})

    async def reply_ready(
        self, text: str, language: str, user_language: str | None = None, citations: Sequence[Citation] = ()
    ) -> None:
        reply = NewReply(new_id(), text, language, [asdict(each) for each in citations])
        event = TurnEvent(EventType.REPLY_READY, {"message_id": str(reply.id)})
        await self.put(TurnWrite((event,), reply=reply, user_language=user_language), wait=True)

    async def call_finished(self, call: FinishedCall, *, ends_stage: bool) -> None:
        call_id = new_id()
        completed = ends_stage and call.status is CallStatus.OK
        events = (_stage_completed(call.stage, call_id),) if completed else ()
        await self.put(TurnWrite(events, calls={call_id: call}), linger=True)

    async def tool_started(self, request: ToolRequest, server: str, number: int) -> ToolContext:
        claim = self._claim
        new = tool_calls.NewToolCall(
            session_id=claim.session_id,
            turn_id=claim.turn_id,
            attempt=claim.attempt,
            name=request.name,
            server=server,
            arguments=request.arguments,
            idempotency_key=f"{claim.turn_id}:{number}",
        )
        begun = await self._begun_before(new.idempotency_key)
        call_id = begun or new.id
        events = (
            TurnEvent(EventType.STAGE_STARTED, {"stage": Stage.TOOL.value, "engine": server, "model": request.name}),
            TurnEvent(EventType.TOOL_CALL_STARTED, {"tool_call_id": str(call_id)}),
        )
        await self.put(TurnWrite(events, tool_call=None if begun else new), wait=True)
        return ToolContext(str(claim.tenant_id), str(claim.session_id), str(call_id))

    async def _begun_before(self, key: str) -> UUID | None:
        """The id of the call if an earlier attempt started it; they are fenced, so none can start it now."""
        if self._claim.attempt == 1:
            return None

        async def find() -> UUID | None:
            async with self._database.reading() as session:
                return await tool_calls.find_id(session, self._claim.session_id, key)

        return await retry_outage(find, patience_seconds=self._patience_seconds)

    async def tool_finished(self, context: ToolContext, result: ToolResult | None, error: str | None) -> None:
        if error is None and result is not None and not result.ok:
            error = "The tool refused the call."
        end = ToolCallEnd(UUID(context.tool_call_id), None if result is None else result.content, error)
        ended = TurnEvent(EventType.TOOL_CALL_FINISHED, {"tool_call_id": str(end.id)}, if_tool_ended=True)
        await self.put(TurnWrite((ended, _stage_completed(Stage.TOOL, None)), tool_end=end), wait=True)

    async def chunk_ready(self, index: int, text: str, audio: EncodedAudio) -> None:
        saved = await self._save(AudioKind.CHUNK, audio)
        data = {"index": index, "text": text, "audio_id": str(saved.id), "duration_ms": audio.duration_ms}
        await self.put(TurnWrite((TurnEvent(EventType.AUDIO_CHUNK_READY, data),), audio=saved))

    async def audio_ready(self, audio: EncodedAudio, call: FinishedCall) -> None:
        saved = await self._save(AudioKind.REPLY, audio)
        call_id = new_id()
        events = (TurnEvent(EventType.AUDIO_READY, message=Role.ASSISTANT), _stage_completed(call.stage, call_id))
        write = TurnWrite(events, calls={call_id: call}, audio=saved, reply_audio=saved.id)
        await self.put(write, linger=True)  # committed with the turn's end

    async def _save(self, kind: AudioKind, audio: EncodedAudio) -> NewAudio:
        """Uploads audio to the object store, if audio is not kept in the database. Raises JournalLost."""
        new = new_audio(kind, audio, session_id=self._claim.session_id)
        try:
            return await upload(self._store, new, patience_seconds=self._patience_seconds)
        except AudioStoreUnavailable as error:
            raise JournalLost from error

    async def stage_failed(self, failure: Failure, call: FinishedCall | None, *, will_retry: bool) -> None:
        events: tuple[TurnEvent, ...] = ()
        if failure.stage is not None:
            data = {"stage": failure.stage.value, "code": failure.code, "message": failure.message}
            events = (TurnEvent(EventType.STAGE_FAILED, {**data, "will_retry": will_retry}),)
        await self.put(TurnWrite(events, calls={} if call is None else {new_id(): call}), linger=True)

    async def turn_finished(self, timing: Mapping[str, object], failure: Failure | None) -> None:
        kind = EventType.TURN_COMPLETED if failure is None else EventType.TURN_FAILED
        await self.put(TurnWrite((TurnEvent(kind),), end=TurnEnd(timing, failure)), wait=True)

    async def record_cancelled(self, calls: Sequence[FinishedCall]) -> None:
        found = {**self.unwritten_calls, **{new_id(): call for call in calls}}
        await self._database.run(lambda session: claims.add_cancelled_calls(session, self._claim, found))


def _stage_completed(stage: Stage, call_id: UUID | None) -> TurnEvent:
    data = {"stage": stage.value, "model_call_id": None if call_id is None else str(call_id)}
    return TurnEvent(EventType.STAGE_COMPLETED, data)
