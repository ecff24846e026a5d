"""The overview: calls, queue, workers, latency, errors and usage of the tenant alone, in a period and a time zone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import pytest_asyncio

from db.enums import (
    CallEndReason,
    CallStatus,
    CallTransport,
    Channel,
    LiveCallStatus,
    Stage,
    ToolCallStatus,
    TurnStatus,
    WorkerRole,
)
from db.errors import Overloaded
from db.ids import new_id
from db.models.base import Base
from db.models.calls import Call
from db.models.conversation import Session, Turn
from db.models.work import ModelCall, ToolCall
from db.models.workers import Worker
from db.overview import reads
from db.overview.reads import OverviewReads
from tests.client import Client
from tests.graph.edge import Edge, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

LATENCY = "{ count p50Ms p90Ms p99Ms }"
PARTS = {
    "callsInProgress": "callsInProgress",
    "queue": "queue { queued running oldestQueuedAt }",
    "workers": "workers { id role capacity startedAt heartbeatAt engines { stage engine model loaded error } }",
    "stageLatencies": f"stageLatencies {{ stage latency {LATENCY} }}",
    "turnLatency": f"turnLatency {{ total {LATENCY} firstSound {LATENCY} }}",
    "errors": "errors { code stage count lastAt }",
    "days": "days { date sessions turns calls inputAudioSeconds outputAudioSeconds inputTokens outputTokens }",
}
ASK = f"""query($since: DateTime, $until: DateTime, $timeZone: String! = "UTC") {{
  overview(since: $since, until: $until, timeZone: $timeZone) {{
    since until timeZone {" ".join(PARTS.values())} }} }}"""

#: The last hour of 31 March 2026 in UTC, which is 1 April in Berlin.
LATE = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
SINCE, UNTIL = datetime(2026, 3, 30, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)
DURATIONS = [12.5, 40.0, 41.0, 99.0, 1000.0, 7.25]


class Rows:
    """Writes rows of a tenant with chosen times."""

    def __init__(self, edge: Edge, tenant_id: UUID) -> None:
        self._edge = edge
        self._tenant_id = tenant_id
        self._numbers: dict[UUID, int] = {}

    async def write(self, *rows: Base) -> None:
        async with self._edge.database.transaction() as session:
            for row in rows:
                session.add(row)
                await session.flush()

    async def session(self, at: datetime, **more: Any) -> Session:
        given = {"customer_id": "c", "language": "en", "channel": Channel.WEB, "persona": "p", **more}
        row = Session(id=new_id(), tenant_id=self._tenant_id, created_at=at, **given)
        await self.write(row)
        return row

    async def turn(self, owner: Session, at: datetime, seconds: float | None = None, **more: Any) -> Turn:
        """``seconds``: after which it was completed; None while it is queued."""
        number = self._numbers[owner.id] = self._numbers.get(owner.id, 0) + 1
        ended = None if seconds is None else at + timedelta(seconds=seconds)
        given = {"status": TurnStatus.QUEUED if ended is None else TurnStatus.COMPLETED, **more}
        row = Turn(
            id=new_id(), session_id=owner.id, number=number, request_hash=b"", queued_at=at, finished_at=ended, **given
        )
        await self.write(row)
        return row

    async def model_call(self, turn: Turn, stage: Stage, duration_ms: float, **more: Any) -> None:
        await self.write(
            ModelCall(
                id=new_id(),
                session_id=turn.session_id,
                turn_id=turn.id,
                stage=stage,
                engine="e",
                model="m",
                attempt=1,
                started_at=turn.queued_at,
                wait_ms=0,
                duration_ms=duration_ms,
                **{"status": CallStatus.OK, **more},
            )
        )

    async def call(self, owner: Session, at: datetime, status: LiveCallStatus) -> None:
        ended = {"ended_at": at, "end_reason": CallEndReason.CALLER} if status is LiveCallStatus.ENDED else {}
        await self.write(
            Call(
                id=new_id(),
                tenant_id=self._tenant_id,
                session_id=owner.id,
                status=status,
                transport=CallTransport.REALTIME,
                language="en",
                turn_taking={},
                request_hash=b"",
                opened_at=at,
                **ended,
            )
        )


async def rows_of(edge: Edge, client: Client) -> Rows:
    tenant_id = UUID((await client.run("{ viewer { tenantId } }"))["viewer"]["tenantId"])
    return Rows(edge, tenant_id)


async def overview(client: Client, query: str = ASK, **variables: Any) -> dict[str, Any]:
    given = {name: each.isoformat() if isinstance(each, datetime) else each for name, each in variables.items()}
    found: dict[str, Any] = (await client.run(query, **given))["overview"]
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def busy(edge: Edge) -> AsyncIterator[Client]:
    """A tenant that has done something of everything, beside another that has done the same."""
    async with edge.tenant() as client, edge.tenant() as other:
        for each in (client, other):
            await fill(await rows_of(edge, each))
        yield client


async def fill(rows: Rows) -> None:
    owner = await rows.session(SINCE + timedelta(hours=1))
    late = await rows.session(LATE)
    await rows.session(UNTIL)  # outside
    turns = [await rows.turn(owner, SINCE + timedelta(hours=2), each / 10) for each in DURATIONS]
    for turn, duration in zip(turns, DURATIONS, strict=True):
        await rows.model_call(turn, Stage.LLM, duration, input_tokens=100, output_tokens=7)
    await rows.model_call(turns[0], Stage.LLM, 9e6, status=CallStatus.FAILED, error="x", input_tokens=1)
    spoken = await rows.turn(late, LATE, 2, timing={"first_audio_ms": 250.5}, live={"first_audio_sent_ms": 500.0})
    await rows.turn(late, LATE, 2, timing={"first_audio_ms": 300})
    await rows.model_call(spoken, Stage.ASR, 80, input_audio_ms=2_500)
    await rows.model_call(spoken, Stage.TTS, 60, output_audio_ms=4_250)
    await rows.write(
        ToolCall(
            id=new_id(),
            session_id=late.id,
            turn_id=spoken.id,
            name="n",
            server="s",
            arguments={},
            status=ToolCallStatus.ACCEPTED,
            idempotency_key="k",
            duration_ms=5,
            finished_at=LATE,
        )
    )
    for code, stage in (("ENGINE_UNAVAILABLE", Stage.TTS), ("INTERNAL", None), ("INTERNAL", None)):
        failed = {"status": TurnStatus.FAILED, "error_code": code, "error_stage": stage}
        await rows.turn(late, LATE, 1, **failed)
    await rows.turn(late, UNTIL, 1)  # outside
    copy = await rows.session(LATE, forked_from_id=owner.id, forked_after=2)
    for _ in range(3):  # the first two are copies
        await rows.model_call(await rows.turn(copy, LATE, 1), Stage.LLM, 1, input_tokens=1_000)
    await rows.turn(owner, SINCE - timedelta(days=1))
    await rows.turn(owner, UNTIL)
    await rows.turn(late, SINCE, status=TurnStatus.RUNNING)
    for at, status in (
        (LATE, LiveCallStatus.CONNECTED),
        (SINCE, LiveCallStatus.ENDED),
        (UNTIL, LiveCallStatus.ENDED),
    ):
        await rows.call(owner, at, status)
    await rows.call(late, SINCE - timedelta(1), LiveCallStatus.DROPPED)
    await rows.call(copy, LATE, LiveCallStatus.OPENED)


def percentiles(values: list[float]) -> dict[str, Any]:
    p50, p90, p99 = (round(float(each), 3) for each in np.percentile(values, [50, 90, 99]))
    return {"count": len(values), "p50Ms": p50, "p90Ms": p90, "p99Ms": p99}


async def test_now(busy: Client) -> None:
    found = await overview(busy, since=SINCE, until=UNTIL)
    assert found["callsInProgress"] == 2
    assert (found["queue"]["queued"], found["queue"]["running"]) == (2, 1)
    assert datetime.fromisoformat(found["queue"]["oldestQueuedAt"]) == SINCE - timedelta(days=1)


async def test_latency(busy: Client) -> None:
    found = await overview(busy, since=SINCE, until=UNTIL)
    stages = {each["stage"]: each["latency"] for each in found["stageLatencies"]}
    assert list(stages) == ["ASR", "LLM", "TOOL", "TTS"]
    assert stages["LLM"] == percentiles([*DURATIONS, 1.0])
    assert [stages[each]["p99Ms"] for each in ("ASR", "TOOL", "TTS")] == [80, 5, 60]
    totals = [*(each * 100 for each in DURATIONS), 2000, 2000, 1000]
    assert found["turnLatency"]["total"] == percentiles(totals)
    assert found["turnLatency"]["firstSound"] == percentiles([500, 300])


async def test_errors(busy: Client) -> None:
    found = (await overview(busy, since=SINCE, until=UNTIL))["errors"]
    assert [(each["code"], each["stage"], each["count"]) for each in found] == [
        ("INTERNAL", None, 2),
        ("ENGINE_UNAVAILABLE", "TTS", 1),
    ]
    assert datetime.fromisoformat(found[0]["lastAt"]) == LATE + timedelta(seconds=1)


async def test_usage_by_day_of_the_time_zone(busy: Client) -> None:
    days = (await overview(busy, since=SINCE, until=UNTIL))["days"]
    assert [each["date"] for each in days] == ["2026-03-30", "2026-03-31", "2026-04-01"]
    names = ("sessions", "turns", "calls", "inputTokens", "outputTokens", "inputAudioSeconds", "outputAudioSeconds")
    used = [tuple(each[name] for name in names) for each in days]
    assert used[0] == (1, 7, 1, 601, 42, 0, 0)
    assert used[1] == (2, 6, 2, 1_000, 0, 2.5, 4.25)
    assert used[2] == (0, 0, 0, 0, 0, 0, 0)
    local = (await overview(busy, since=SINCE, until=UNTIL, timeZone="Europe/Berlin"))["days"]
    assert [each["date"] for each in local] == ["2026-03-30", "2026-03-31", "2026-04-01", "2026-04-02"]
    assert [each["turns"] for each in local] == [7, 0, 6, 0]


async def test_a_tenant_without_anything(acme: Client) -> None:
    found = await overview(acme)
    assert (found["callsInProgress"], found["errors"], found["stageLatencies"]) == (0, [], [])
    assert found["queue"] == {"queued": 0, "running": 0, "oldestQueuedAt": None}
    none = {"count": 0, "p50Ms": None, "p90Ms": None, "p99Ms": None}
    assert found["turnLatency"] == {"total": none, "firstSound": none}
    assert {tuple(each.values())[1:] for each in found["days"]} == {(0,) * 7}
    await overview(acme, since=datetime.now(UTC) - timedelta(days=92))
    begin, end = (datetime.fromisoformat(found[each]) for each in ("since", "until"))
    assert end - begin == timedelta(days=7)
    assert abs(datetime.now(UTC) - end) < timedelta(minutes=1)


async def test_workers_are_shown_without_their_hosts(edge: Edge, acme: Client) -> None:
    engine: Any = {"stage": "LLM", "engine": "scripted", "model": "m", "languages": ["en"], "loaded": True}
    worker = Worker(id=new_id(), host="secret-host", pid=4711, capacity=2, role=WorkerRole.VOICE, engines=[engine])
    async with edge.database.transaction() as session:
        session.add(worker)
    answer = await acme.post(f"{{ overview {{ {PARTS['workers']} }} }}")
    (shown,) = [each for each in answer["data"]["overview"]["workers"] if each["id"] == str(worker.id)]
    assert (shown["role"], shown["capacity"]) == ("VOICE", 2)
    assert shown["engines"] == [{"stage": "LLM", "engine": "scripted", "model": "m", "loaded": True, "error": None}]
    assert "secret-host" not in str(answer)
    assert "4711" not in str(answer)


@pytest.mark.parametrize(
    "given",
    [
        {"timeZone": "Mars/Base"},
        {"timeZone": ""},
        {"timeZone": "../../etc/passwd"},
        {"timeZone": "Europe"},
        {"timeZone": "Europe/Berlin'; drop table turns; --"},
        {"timeZone": "x" * 5_000},
        {"timeZone": "UTC+3"},
        {"since": UNTIL.isoformat(), "until": UNTIL.isoformat()},
        {"since": UNTIL.isoformat(), "until": SINCE.isoformat()},
        {"since": "2026-01-01T00:00:00Z", "until": "2026-04-03T03:00:00Z"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"since": "2026-03-30T00:00:00"},
    ],
)
async def test_a_period_that_cannot_be(acme: Client, given: dict[str, Any]) -> None:
    assert code_of(await acme.post(ASK, **given)) == "BAD_USER_INPUT"


@pytest.mark.parametrize("zone", ["America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "America/Argentina/Ushuaia"])
async def test_days_where_clocks_are_odd(acme: Client, zone: str) -> None:
    since = datetime(2011, 12, 1, tzinfo=UTC)  # Apia had no 30 December in 2011
    days = (await overview(acme, since=since, until=since + timedelta(days=92), timeZone=zone))["days"]
    assert len(days) in (92, 93)
    assert [each["date"] for each in days] == sorted({each["date"] for each in days})
    assert ("2011-12-30" in {each["date"] for each in days}) == (zone != "Pacific/Apia")


@pytest.mark.parametrize("part", PARTS)
async def test_only_what_is_selected_is_read(edge: Edge, busy: Client, part: str, monkeypatch: Any) -> None:
    seen: list[str] = []
    for name in ("calls_in_progress", "queue", "stages", "whole_turns", "errors", "days"):

        def noted(real: Any, name: str = name) -> Any:
            async def read(*given: Any) -> Any:
                seen.append(name)
                return await real(*given)

            return read

        monkeypatch.setattr(OverviewReads, name, noted(getattr(OverviewReads, name)))
    await busy.run(f"{{ overview {{ {PARTS[part]} }} }}")
    wanted = {
        "callsInProgress": ["calls_in_progress"],
        "stageLatencies": ["stages"],
        "turnLatency": ["whole_turns"],
        "workers": [],
    }
    assert seen == wanted.get(part, [part])


async def test_few_reads_run_at_a_time(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many a tenant asks for, and not all of the slots are one tenant's."""
    at_once: list[UUID] = []
    most = 0
    real = type(edge.database).reading

    def counted(self: Any) -> Any:
        @asynccontextmanager
        async def reading() -> AsyncIterator[Any]:
            nonlocal most
            at_once.append(new_id())
            most = max(most, len(at_once))
            await asyncio.sleep(0.02)
            async with real(self) as session:
                yield session
            at_once.pop()

        return reading()

    monkeypatch.setattr(type(edge.database), "reading", counted)
    overviews = OverviewReads(edge.database)
    tenant = new_id()
    await asyncio.gather(*(overviews.queue(tenant) for _ in range(12)))
    assert most == reads._SLOTS - 1
    with pytest.raises(Overloaded):
        await asyncio.gather(*(overviews.queue(tenant) for _ in range(reads._MAX_WAITING + 5)))
