"""A turn, its timing and its error."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from db.models.conversation import Turn as TurnRow
from graph.loaders import Source
from graph.types.common import described
from graph.types.crm import CrmRecord
from graph.types.message import Message
from graph.types.model_call import ModelCall
from graph.types.tool_call import ToolCall
from graph.types.words import Role, Stage, TurnStatus

if TYPE_CHECKING:
    from graph.types.session import Session


@strawberry.type(description="Why a turn failed.")
class TurnError:
    code: str = described("One of the contract's codes.")
    message: str = described("What went wrong, for a person.")
    stage: Stage | None = described("The stage it happened in.")


@strawberry.type(description="How long one stage of a turn worked. Stages overlap: speech begins before the text ends.")
class StageTiming:
    stage: Stage = described("The stage.")
    start_ms: float = described("When it began, counted from when the turn was queued.")
    duration_ms: float = described("How long it worked.")
    wait_ms: float = described("How long it waited for an engine that another turn was using.")


@strawberry.type(description="Where a turn's time went, in milliseconds. All but queueMs is null until the turn ends.")
class TurnTiming:
    total_ms: float | None = described("From queued to finished.")
    queue_ms: float | None = described("From queued to started; null until then.")
    stages: list[StageTiming] = described("Each stage that worked, in the order in which they began.")
    unattributed_ms: float | None = described("What is neither queue nor stage: reading, writing, handing over.")
    first_words_ms: float | None = described("Until the first words of the recording were understood.")
    first_text_ms: float | None = described("Until the first words of the reply were out.")
    first_audio_ms: float | None = described("Until the first sentence of the reply could be heard.")

    @classmethod
    def of(cls, row: TurnRow) -> TurnTiming:
        measured: dict[str, Any] = row.timing or {}
        queue = None if row.started_at is None else _ms(row.queued_at, row.started_at)
        total = None if row.finished_at is None else _ms(row.queued_at, row.finished_at)
        covered = measured.get("covered_ms", 0.0)
        rest = None if total is None else round(max(0.0, total - (queue or 0.0) - covered), 3)
        stages = sorted(measured.get("stages", []), key=lambda each: each["start_ms"])
        return cls(
            total_ms=total,
            queue_ms=queue,
            stages=[
                StageTiming(
                    stage=Stage(each["stage"]),
                    start_ms=each["start_ms"],
                    duration_ms=each["duration_ms"],
                    wait_ms=each["wait_ms"],
                )
                for each in stages
            ],
            unattributed_ms=rest,
            first_words_ms=measured.get("first_words_ms"),
            first_text_ms=measured.get("first_text_ms"),
            first_audio_ms=measured.get("first_audio_ms"),
        )


@strawberry.type(description="One user message and all that follows from it, up to the spoken reply.")
class Turn:
    row: strawberry.Private[TurnRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = described("UUID version 7.")
    number: int = described("Counts the session's turns from 1.")
    status: TurnStatus = described("How far it is.")
    attempt: int = described("How often it was begun; 0 while it is queued.")
    error: TurnError | None = described("Why it failed.")
    queued_at: datetime = described("When its message was accepted.")
    started_at: datetime | None = described("When a worker first took it.")
    finished_at: datetime | None = described("When it ended.")
    timing: TurnTiming = described("Where the time went: queue, each stage, and what no stage accounts for.")

    @classmethod
    def of(cls, row: TurnRow, source: Source) -> Turn:
        error = None
        if row.error_code is not None:
            error = TurnError(code=row.error_code, message=row.error_message or "", stage=row.error_stage)
        return cls(
            row=row,
            source=source,
            id=strawberry.ID(str(row.id)),
            number=row.number,
            status=row.status,
            attempt=row.attempt,
            error=error,
            queued_at=row.queued_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            timing=TurnTiming.of(row),
        )

    @strawberry.field(description="What the customer said.")
    async def user_message(self) -> Message:
        rows = await self.source.messages_of_turn.load(self.row.id)
        return next(Message.of(row, self.source) for row in rows if row.role is Role.USER)

    @strawberry.field(description="What the assistant answered; null until its text is whole.")
    async def reply(self) -> Message | None:
        rows = await self.source.messages_of_turn.load(self.row.id)
        return next((Message.of(row, self.source) for row in rows if row.role is Role.ASSISTANT), None)

    @strawberry.field(description="Its model calls, oldest first.")
    async def model_calls(self) -> list[ModelCall]:
        return [ModelCall.of(row) for row in await self.source.model_calls_of_turn.load(self.row.id)]

    @strawberry.field(description="Its tool calls, oldest first.")
    async def tool_calls(self) -> list[ToolCall]:
        return [ToolCall.of(row, self.source) for row in await self.source.tool_calls_of_turn.load(self.row.id)]

    @strawberry.field(description="The CRM records its tool calls filed, oldest first.")
    async def crm_records(self) -> list[CrmRecord]:
        calls = await self.source.tool_calls_of_turn.load(self.row.id)
        loader = self.source.crm_record_of_tool_call
        rows = await loader.load_many([call.id for call in calls])
        return [CrmRecord.of(row, self.source) for row in rows if row is not None]

    @strawberry.field(description="The session it belongs to.")
    async def session(self) -> Annotated[Session, strawberry.lazy("graph.types.session")]:
        from graph.types.session import Session

        row = await self.source.session.load(self.row.session_id)
        assert row is not None
        return Session.of(row, self.source)


def _ms(begin: datetime, end: datetime) -> float:
    return round((end - begin).total_seconds() * 1000, 3)
