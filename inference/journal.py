"""The journal over the database: each step of a turn is one fenced commit, made once.

While the database is away, a commit is tried again for a while. Whether a commit whose answer was lost was made is told
by its number: the turn's row counts the commits of the attempt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db import tool_calls, turns
from db.audio_store import AudioStore
from db.engine import Database
from db.events import NewEvent, append, mark_changed
from db.models.conversation import Turn
from db.outage import DATABASE_ERRORS, is_away, outlast
from db.outcome import EncodedAudio, Failure, FinishedCall
from db.turns import Claim
from db.words import AudioKind, CallStatus, EventType, Stage
from inference.ports import EngineInfo, JournalLost, Superseded, ToolContext, ToolRequest, ToolResult, Transcript

T = TypeVar("T")


class DatabaseJournal:
    """Writes for one attempt at one turn; implements ``inference.ports.Journal``.

    ``patience_seconds``: how long a database that is away is waited for.
    """

    def __init__(self, database: Database, store: AudioStore, claim: Claim, *, patience_seconds: float = 60) -> None:
        self._database = database
        self._store = store
        self._claim = claim
        self._patience_seconds = patience_seconds
        self._step = 0
        self._one_at_a_time = asyncio.Lock()

    async def _commit(self, write: Callable[[AsyncSession, Turn], Awaitable[None]]) -> None:
        """Makes the attempt's next commit. Raises Superseded, and JournalLost when patience ends."""

        async def commit() -> None:
            async with self._database.transaction() as session:
                turn = await turns.hold(session, self._claim, self._step)
                if turn is not None:
                    await write(session, turn)
            self._step += 1

        async with self._one_at_a_time:
            await self._outlast(lambda: _to_its_end(commit))

    async def _outlast(self, work: Callable[[], Awaitable[T]]) -> T:
        try:
            return await outlast(work, patience_seconds=self._patience_seconds)
        except turns.Fenced:
            raise Superseded from None
        except DATABASE_ERRORS as error:
            if is_away(error):
                raise JournalLost from error
            raise

    async def _append(self, session: AsyncSession, *events: tuple[EventType, Mapping[str, Any]]) -> None:
        await append(
            session, self._claim.session_id, [NewEvent(kind, self._claim.turn_id, data) for kind, data in events]
        )

    async def _write(self, kind: EventType, data: Mapping[str, Any]) -> None:
        await self._commit(lambda session, _: self._append(session, (kind, data)))

    async def stage_started(self, stage: Stage, info: EngineInfo) -> None:
        await self._write(EventType.STAGE_STARTED, {"stage": stage.value, "engine": info.engine, "model": info.model})

    async def stage_skipped(self, stage: Stage, reason: str) -> None:
        await self._write(EventType.STAGE_SKIPPED, {"stage": stage.value, "reason": reason})

    async def transcript_partial(self, text: str) -> None:
        await self._write(EventType.TRANSCRIPT_PARTIAL, {"text": text})

    async def transcript_ready(self, transcript: Transcript, call: FinishedCall) -> None:
        async def write(session: AsyncSession, _: Turn) -> None:
            message_id = await turns.set_transcript(session, self._claim, transcript.text, transcript.language)
            call_id = await turns.add_call(session, self._claim, call)
            await self._append(
                session,
                (
                    EventType.TRANSCRIPT_READY,
                    {"message_id": str(message_id), "unexpected_language": transcript.unexpected_language},
                ),
                _stage_completed(call.stage, call_id),
            )

        await self._commit(write)

    async def reply_delta(self, text: str) -> None:
        await self._write(EventType.REPLY_DELTA, {"text": text})

    async def reply_ready(self, text: str, language: str) -> None:
        async def write(session: AsyncSession, _: Turn) -> None:
            message_id = await turns.set_reply(session, self._claim, text, language)
            await self._append(session, (EventType.REPLY_READY, {"message_id": str(message_id)}))

        await self._commit(write)

    async def call_finished(self, call: FinishedCall, *, ends_stage: bool) -> None:
        async def write(session: AsyncSession, _: Turn) -> None:
            call_id = await turns.add_call(session, self._claim, call)
            if ends_stage and call.status is CallStatus.OK:
                await self._append(session, _stage_completed(call.stage, call_id))
            else:
                await mark_changed(session, self._claim.session_id)

        await self._commit(write)

    async def tool_started(self, request: ToolRequest, server: str, number: int) -> ToolContext:
        claim = self._claim
        key = f"{claim.turn_id}:{number}"

        async def write(session: AsyncSession, _: Turn) -> None:
            new = tool_calls.NewToolCall(
                session_id=claim.session_id,
                turn_id=claim.turn_id,
                attempt=claim.attempt,
                name=request.name,
                server=server,
                arguments=request.arguments,
                idempotency_key=key,
            )
            call = await tool_calls.begin(session, new)
            await self._append(
                session,
                (EventType.STAGE_STARTED, {"stage": Stage.TOOL.value, "engine": server, "model": request.name}),
                (EventType.TOOL_CALL_STARTED, {"tool_call_id": str(call.id)}),
            )

        async def find() -> UUID:
            async with self._database.reading() as session:
                return await tool_calls.id_of(session, claim.session_id, key)

        await self._commit(write)
        return ToolContext(str(claim.tenant_id), str(claim.session_id), str(await self._outlast(find)))

    async def tool_finished(self, context: ToolContext, result: ToolResult | None, error: str | None) -> None:
        claim = self._claim
        if error is None and result is not None and not result.ok:
            error = "The tool refused the call."

        async def write(session: AsyncSession, _: Turn) -> None:
            call = await tool_calls.lock(session, claim.tenant_id, claim.session_id, UUID(context.tool_call_id))
            await tool_calls.end(session, call, result=None if result is None else result.content, error=error)
            await self._append(session, _stage_completed(Stage.TOOL, None))

        await self._commit(write)

    async def chunk_ready(self, index: int, text: str, audio: EncodedAudio) -> None:
        async def write(session: AsyncSession, _: Turn) -> None:
            audio_id = await turns.add_audio(session, self._claim, self._store, AudioKind.CHUNK, audio)
            data = {"index": index, "text": text, "audio_id": str(audio_id), "duration_ms": audio.duration_ms}
            await self._append(session, (EventType.AUDIO_CHUNK_READY, data))

        await self._commit(write)

    async def audio_ready(self, audio: EncodedAudio, call: FinishedCall) -> None:
        async def write(session: AsyncSession, _: Turn) -> None:
            audio_id = await turns.add_audio(session, self._claim, self._store, AudioKind.REPLY, audio)
            message_id = await turns.attach_reply_audio(session, self._claim, audio_id)
            call_id = await turns.add_call(session, self._claim, call)
            await self._append(
                session,
                (EventType.AUDIO_READY, {"message_id": str(message_id)}),
                _stage_completed(call.stage, call_id),
            )

        await self._commit(write)

    async def stage_failed(self, failure: Failure, call: FinishedCall | None, *, will_retry: bool) -> None:
        async def write(session: AsyncSession, _: Turn) -> None:
            if call is not None:
                await turns.add_call(session, self._claim, call)
            if failure.stage is not None:
                data = {"stage": failure.stage.value, "code": failure.code, "message": failure.message}
                await self._append(session, (EventType.STAGE_FAILED, {**data, "will_retry": will_retry}))
            else:
                await mark_changed(session, self._claim.session_id)

        await self._commit(write)

    async def turn_finished(self, timing: Mapping[str, Any], failure: Failure | None) -> None:
        await self._commit(
            lambda session, turn: turns.finish(session, self._claim, turn, timing=timing, failure=failure)
        )


async def _to_its_end(commit: Callable[[], Awaitable[None]]) -> None:
    """Makes one commit that a cancellation does not break off: it is made and counted, or neither.

    Else the next write would be taken for one that was made. The database's time-outs bound the wait.
    """
    made = asyncio.ensure_future(commit())
    cancelled: asyncio.CancelledError | None = None
    while not made.done():
        try:
            await asyncio.wait({made})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        made.exception()  # looked at: nobody waits for it any more
        raise cancelled
    made.result()


def _stage_completed(stage: Stage, call_id: UUID | None) -> tuple[EventType, Mapping[str, Any]]:
    return (
        EventType.STAGE_COMPLETED,
        {"stage": stage.value, "model_call_id": None if call_id is None else str(call_id)},
    )
