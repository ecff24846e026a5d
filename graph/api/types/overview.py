"""GraphQL types of a tenant's overview. Each part is read from the database only if it is selected."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from db.models.workers import Worker
from db.overview.period import Period
from db.overview.reads import Percentiles
from db.overview.statements import MAX_ERRORS
from db.queue import workers
from graph.api.context import Info
from graph.api.descriptions import described
from graph.api.types.enums import Stage, WorkerRole


@strawberry.type(description="Percentiles of durations in milliseconds; null if there are none.")
class Latency:
    count: Annotated[int, described("How many durations.")]
    p50_ms: Annotated[float | None, described("The median.")]
    p90_ms: Annotated[float | None, described("The 90th percentile.")]
    p99_ms: Annotated[float | None, described("The 99th percentile.")]


@strawberry.type(description="How long a stage's successful calls of models or tools took.")
class StageLatency:
    stage: Annotated[Stage, described("The stage.")]
    latency: Annotated[Latency, described("Of its calls, without the wait for an engine.")]


@strawberry.type(description="How long completed turns took.")
class TurnLatency:
    total: Annotated[Latency, described("From queueing to the end.")]
    first_sound: Annotated[
        Latency,
        described("From the end of what the customer said until the first sound of the reply, where it is known."),
    ]


@strawberry.type(description="Turns that have not ended.")
class QueueState:
    queued: Annotated[int, described("How many wait.")]
    running: Annotated[int, described("How many run.")]
    oldest_queued_at: Annotated[datetime | None, described("Since when the oldest one waits; null if none does.")]


@strawberry.type(description="An engine of a worker.")
class WorkerEngine:
    stage: Annotated[Stage, described("The stage it serves.")]
    engine: Annotated[str, described("Its name.")]
    model: Annotated[str, described("The model.")]
    loaded: Annotated[bool, described("Whether it is loaded.")]
    error: Annotated[str | None, described("Why it cannot be used; null if it can.")]


@strawberry.type(description="A process that runs turns for all tenants, and lives.")
class LiveWorker:
    id: Annotated[strawberry.ID, described("A UUID.")]
    role: Annotated[WorkerRole | None, described("Its role; null for one of an earlier release.")]
    capacity: Annotated[int, described("How many queued turns it runs at a time.")]
    started_at: Annotated[datetime, described("When it started.")]
    heartbeat_at: Annotated[datetime, described("Its last heartbeat.")]
    engines: Annotated[list[WorkerEngine], described("Its engines.")]


@strawberry.type(description="Failed turns with an error code.")
class ErrorCount:
    code: Annotated[str, described("The error code.")]
    stage: Annotated[Stage | None, described("The stage that failed; null for none.")]
    count: Annotated[int, described("How many turns.")]
    last_at: Annotated[datetime, described("When the last one failed.")]


@strawberry.type(description="What was used in a day; in the first and the last one as far as they are in the period.")
class DayUsage:
    date: Annotated[str, described("The day in the period's time zone: 2026-01-31.")]
    sessions: Annotated[int, described("Sessions that were created.")]
    turns: Annotated[int, described("Turns that were queued.")]
    calls: Annotated[int, described("Live calls that were opened.")]
    input_audio_seconds: Annotated[float, described("Seconds of audio that were transcribed in these turns.")]
    output_audio_seconds: Annotated[float, described("Seconds of audio that were spoken in these turns.")]
    input_tokens: Annotated[float, described("Tokens that language models read in these turns, a whole number.")]
    output_tokens: Annotated[float, described("Tokens that language models wrote in these turns, a whole number.")]


@strawberry.type(
    description="What the tenant's calls and turns did in a period, and what goes on now. Only selected parts are read."
)
class Overview:
    tenant_id: strawberry.Private[UUID]
    period: strawberry.Private[Period]

    @strawberry.field(description="The period's begin, inclusive.")
    def since(self) -> datetime:
        return self.period.since

    @strawberry.field(description="The period's end, exclusive.")
    def until(self) -> datetime:
        return self.period.until

    @strawberry.field(description="The time zone of the days.")
    def time_zone(self) -> str:
        return self.period.time_zone

    @strawberry.field(description="Live calls that are connected, or whose connection was lost and may come back; now.")
    async def calls_in_progress(self, info: Info) -> int:
        return await info.context.parts.overview.calls_in_progress(self.tenant_id)

    @strawberry.field(description="The tenant's turns that wait or run; now.")
    async def queue(self, info: Info) -> QueueState:
        found = await info.context.parts.overview.queue(self.tenant_id)
        return QueueState(queued=found.queued, running=found.running, oldest_queued_at=found.oldest_queued_at)

    @strawberry.field(description="The live workers, oldest first; now.")
    async def workers(self, info: Info) -> list[LiveWorker]:
        parts = info.context.parts
        async with parts.database.reading() as session:
            living = await workers.find_alive(session, parts.settings.live_worker_seconds)
        return [_worker(each) for each in living]

    @strawberry.field(description="Latency by stage, of turns that were queued in the period; no stage without calls.")
    async def stage_latencies(self, info: Info) -> list[StageLatency]:
        found = await info.context.parts.overview.stages(self.tenant_id, self.period)
        return [StageLatency(stage=each, latency=_latency(found[each])) for each in Stage if each in found]

    @strawberry.field(description="Latency of whole turns that were queued in the period.")
    async def turn_latency(self, info: Info) -> TurnLatency:
        found = await info.context.parts.overview.whole_turns(self.tenant_id, self.period)
        return TurnLatency(total=_latency(found.total), first_sound=_latency(found.first_sound))

    @strawberry.field(
        description="Failed turns that were queued in the period, by code and stage: the most frequent first, at most"
        f" {MAX_ERRORS}."
    )
    async def errors(self, info: Info) -> list[ErrorCount]:
        found = await info.context.parts.overview.errors(self.tenant_id, self.period)
        return [ErrorCount(code=each.code, stage=each.stage, count=each.count, last_at=each.last_at) for each in found]

    @strawberry.field(description="Usage by day, oldest first, also days without any.")
    async def days(self, info: Info) -> list[DayUsage]:
        found = await info.context.parts.overview.days(self.tenant_id, self.period)
        return [
            DayUsage(
                date=each.date.isoformat(),
                sessions=each.sessions,
                turns=each.turns,
                calls=each.calls,
                input_audio_seconds=each.input_audio_ms / 1000,
                output_audio_seconds=each.output_audio_ms / 1000,
                input_tokens=each.input_tokens,
                output_tokens=each.output_tokens,
            )
            for each in found
        ]


def _latency(found: Percentiles) -> Latency:
    p50, p90, p99 = (None if each is None else round(each, 3) for each in (found.p50, found.p90, found.p99))
    return Latency(count=found.count, p50_ms=p50, p90_ms=p90, p99_ms=p99)


def _worker(row: Worker) -> LiveWorker:
    return LiveWorker(
        id=strawberry.ID(str(row.id)),
        role=row.role,
        capacity=row.capacity,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        engines=[
            WorkerEngine(
                stage=Stage(each["stage"]),
                engine=each["engine"],
                model=each["model"],
                loaded=each["loaded"],
                error=each.get("error"),
            )
            for each in row.engines
        ],
    )
