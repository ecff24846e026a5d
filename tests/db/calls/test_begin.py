"""The commit of a live turn: all rows at once, its job, fencing, a lost answer, other turns of the session."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text

from db.calls import commits
from db.calls.begin import begin
from db.calls.fence import CallFenced
from db.calls.values import CallWrite, Lease, Segment
from db.commands import turns
from db.enums import MessageType, TurnStatus
from db.errors import Overloaded
from db.models.audio import Audio, AudioBlob
from db.models.conversation import Message, Turn
from db.models.work import ModelCall
from db.postgres.database import Database
from db.queue.jobs import end_own_job, requeue_jobs_of_dead_workers
from db.queue.limits import QueueLimits
from db.turns import claims
from db.viewer import Viewer
from tests.db.calls.rows import began, connect_to, connected, names, open_call, owner, spoken
from tests.db.jobs import fetched, job_of, owner_of_jobs
from tests.db.rows import end, everything, finish, open_session, say, scalar


async def one(database: Database, model: Any) -> Any:
    async with database.reading() as session:
        return (await session.execute(select(model))).scalar_one()


async def test_one_commit_holds_the_turn(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    mine = await owner(database)
    segment = CallWrite(segment=Segment(1, 0, b"\0\0"))
    await commits.commit(database, call.lease, 0, [segment])
    given = spoken(call.lease.session_id, mine, "my bill", sounds=1)
    claim, job_id = await began(database, call, given, step=1)
    turn, message = await one(database, Turn), await one(database, Message)
    assert (turn.id, turn.number, turn.status, turn.attempt, turn.step) == (given.turn_id, 1, TurnStatus.RUNNING, 1, 0)
    assert (turn.call_id, turn.reopened, turn.live["turn_score"]) == (call.lease.call_id, 0, 0.9)
    assert (claim.attempt, claim.queued_at, claim.started_at) == (1, turn.queued_at, turn.started_at)
    assert claim.tenant_id == viewer.tenant_id
    assert (message.id, message.type, message.text, message.language) == (given.message_id, "AUDIO", "my bill", "en")
    assert given.audio is not None
    audio = await one(database, Audio)
    assert (message.audio_id, audio.id, audio.turn_id, audio.kind.value) == (
        audio.id,
        given.audio.id,
        turn.id,
        "RECORDING",
    )
    assert (await one(database, AudioBlob)).data == b"sound"
    model_call = await one(database, ModelCall)
    assert (model_call.id, model_call.stage.value, model_call.attempt) == (given.call_id, "ASR", 1)
    job = await job_of(database)
    assert (job["id"], job["status"], job["worker_id"], job["lock"]) == (job_id, "doing", mine, str(turn.session_id))
    assert (job["args"], job["queue_name"], job["task_name"]) == ({"turn_id": str(turn.id)}, "turns", "run_turn")
    assert job["tenant_id"] == str(viewer.tenant_id)
    assert await scalar(database, "select count(*) from call_sounds") == 0
    assert await scalar(database, "select turn_count from sessions") == 1
    assert await names(database, turn.session_id) == [
        "CallStarted",
        "TurnQueued",
        "TurnStarted",
        "StageStarted",
        "TranscriptReady",
        "StageCompleted",
    ]


async def test_digits_are_a_text_of_their_own(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    given = spoken(call.lease.session_id, await owner(database), "4711", audio=None, call=None, digits=True)
    await began(database, call, given)
    message = await one(database, Message)
    assert (message.type, message.text, message.digits) == (MessageType.TEXT, "4711", True)
    assert await names(database, call.lease.session_id) == ["CallStarted", "TurnQueued", "TurnStarted"]


async def test_a_repeat_after_a_lost_answer_writes_nothing(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    given = spoken(call.lease.session_id, await owner(database))
    first = await began(database, call, given)
    before = await everything(database)
    assert await began(database, call, given) == first
    assert await everything(database) == before


async def test_a_lost_answer_is_found_also_when_the_call_has_its_next_connection(
    database: Database, viewer: Viewer
) -> None:
    """The caller's socket broke together with the database's connection. A second turn would be a second answer."""
    call = await open_call(database, viewer, await open_session(database, viewer))
    old = await connect_to(database, call)
    given = spoken(call.session_id, await owner(database))
    first = await began(database, old, given)
    await connect_to(database, call)
    before = await everything(database)
    assert await began(database, old, given) == first
    assert await everything(database) == before


async def test_an_old_connection_writes_nothing(database: Database, viewer: Viewer) -> None:
    call = await open_call(database, viewer, await open_session(database, viewer))
    old, mine = await connect_to(database, call), await owner(database)
    new = await connect_to(database, call)
    before = await everything(database)
    given = spoken(call.session_id, mine)
    for wrong in (
        old.lease,
        replace(new.lease, connection=7),
        Lease(new.lease.tenant_id, call.session_id, given.turn_id, 2),
    ):
        with pytest.raises(CallFenced):
            await begin(database, wrong, 0, given)
    with pytest.raises(CallFenced):
        await begin(database, new.lease, 3, given)  # not its next commit
    assert await everything(database) == before
    await began(database, new, given)


async def test_a_call_that_has_ended_takes_no_turn(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    async with database.transaction() as session:
        await session.execute(text("update calls set status = 'ENDED', ended_at = now(), end_reason = 'CLOSED'"))
    with pytest.raises(CallFenced):
        await begin(database, call.lease, 0, spoken(call.lease.session_id, await owner(database)))


async def test_another_unfinished_turn_comes_first(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    session_id, mine = call.lease.session_id, await owner(database)
    typed = await say(database, viewer, session_id)
    given = spoken(session_id, mine)
    assert await begin(database, call.lease, 0, given) is None
    assert await begin(database, call.lease, 0, given) is None, "a repeat"
    async with database.reading() as session:
        turn = await session.get_one(Turn, given.turn_id)
    assert (turn.number, turn.status, turn.attempt) == (2, TurnStatus.QUEUED, 0)
    assert "TurnStarted" not in await names(database, session_id)
    worker = await owner_of_jobs(database)
    job = await fetched(database, worker)
    await finish(database, typed)
    async with database.transaction() as session:
        await end_own_job(session, job, worker, "succeeded")
    await fetched(database, worker)
    claim = await claims.start(database, given.turn_id)
    assert claim is not None and claim.attempt == 1


async def test_the_job_of_an_ended_turn_is_waited_for(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    session_id, mine = call.lease.session_id, await owner(database)
    typed, worker = await say(database, viewer, session_id), await owner_of_jobs(database)
    job = await fetched(database, worker)
    await finish(database, typed)
    beginning = asyncio.create_task(began(database, call, spoken(session_id, mine)))
    await asyncio.sleep(0.1)
    assert not beginning.done()
    async with database.transaction() as session:
        await end_own_job(session, job, worker, "succeeded")
    async with asyncio.timeout(30):
        await beginning


async def test_waiting_turns_are_bounded(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    await say(database, viewer, call.lease.session_id)
    given = spoken(call.lease.session_id, await owner(database))
    with pytest.raises(Overloaded):
        await begin(database, call.lease, 0, given, limits=QueueLimits(per_session=1))


async def test_turns_begun_at_once_have_their_order(database: Database, viewer: Viewer) -> None:
    """Typed messages are committed while live turns begin: numbers, jobs and statuses agree with the order."""
    call = await connected(database, viewer)
    session_id, mine = call.lease.session_id, await owner(database)

    async def live() -> None:
        for step in range(6):
            given = spoken(session_id, mine)
            found = await begin(database, call.lease, step, given)
            if found is not None:
                await end(database, found[0])
                async with database.transaction() as session:
                    await end_own_job(session, found[1], mine, "succeeded")

    async def typed() -> None:
        for _ in range(6):
            await say(database, viewer, session_id)

    await asyncio.gather(live(), typed())
    assert await scalar(database, "select array_agg(number order by number) from turns") == list(range(1, 13))
    late = "select count(*) from turns live join turns earlier on earlier.number < live.number where live.attempt = 1"
    assert await scalar(database, late + " and earlier.attempt = 0") == 0, "none ran before one that came earlier"


async def test_a_dead_process_loses_its_turn_to_a_worker(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    mine = await owner(database)
    claim, job_id = await began(database, call, spoken(call.lease.session_id, mine))
    async with database.transaction() as session:
        await session.execute(text("update procrastinate_workers set last_heartbeat = now() - interval '1 minute'"))
        assert await requeue_jobs_of_dead_workers(session, 30) == [job_id]
    await fetched(database, await owner_of_jobs(database))
    second = await claims.start(database, claim.turn_id)
    assert second is not None and second.attempt == 2
    with pytest.raises(claims.Fenced):
        await claims.commit(database, claim, 0, [])
    async with database.transaction() as session:
        assert not await end_own_job(session, job_id, mine, "succeeded")


async def test_a_client_can_cancel_it(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    claim, _ = await began(database, call, spoken(call.lease.session_id, await owner(database)))
    async with database.transaction() as session:
        await turns.cancel_turn(session, viewer, turn_id=claim.turn_id)
    with pytest.raises(claims.Fenced):
        await claims.commit(database, claim, 0, [])
