"""A reopened turn: more words, another attempt, no second turn, and nothing that a tool did is done again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from db.calls.fence import CallFenced
from db.calls.reopen import reopen
from db.calls.replies import interrupt
from db.calls.values import ConnectedCall, PlaybackReport, SpokenTurn
from db.commands import turns
from db.enums import PlaybackSource, ToolCallStatus, TurnStatus
from db.models.conversation import Message, Turn
from db.models.work import ToolCall
from db.postgres.database import Database
from db.turns import claims
from db.turns.live_values import LiveTiming, Playback
from db.turns.values import Claim, Failure
from db.viewer import Viewer
from inference.journal.database_journal import DatabaseJournal
from inference.journal.load_inputs import load_inputs, next_inputs
from inference.ports import CompletedToolCall, ToolRequest, ToolResult
from inference.turn.inputs import TurnInputs
from tests.db.calls.rows import began, call_of, connect_to, connected, names, owner, spoken
from tests.db.jobs import fetched, job_of, owner_of_jobs
from tests.db.rows import STORE, end, everything, say, scalar


async def reopened(
    database: Database, call: ConnectedCall, claim: Claim, turn: SpokenTurn, step: int = 1
) -> tuple[Claim, int] | None:
    """The claim and job of the turn's next attempt."""
    async with database.transaction() as session:
        found = await reopen(session, call.lease, step, claim, turn)
    return None if found is None else found.owned


def more(call: ConnectedCall, claim: Claim, turn: SpokenTurn, text: str) -> SpokenTurn:
    """The same turn, with more words."""
    return spoken(
        call.lease.session_id, turn.worker_id, text, turn_id=claim.turn_id, message_id=turn.message_id, sounds=9
    )


@pytest.mark.parametrize("ended", [False, True])
async def test_the_turn_gets_another_attempt(database: Database, viewer: Viewer, ended: bool) -> None:
    call = await connected(database, viewer)
    first = spoken(call.lease.session_id, await owner(database), "my account is")
    claim, job_id = await began(database, call, first)
    journal = DatabaseJournal(database, STORE, claim)
    await journal.reply_ready("What is it?", "en")
    if ended:
        await journal.turn_finished({}, None)
    second = more(call, claim, first, "my account is twelve")
    found = await reopened(database, call, claim, second)
    assert found is not None
    again, new_job = found
    assert (again.turn_id, again.attempt) == (claim.turn_id, 2)
    async with database.reading() as session:
        turn = (await session.execute(select(Turn))).scalar_one()
        message = (await session.execute(select(Message))).scalar_one()  # the reply is gone
    assert (turn.status, turn.attempt, turn.reopened, turn.step) == (TurnStatus.RUNNING, 2, 1, 0)
    assert (turn.finished_at, turn.timing, turn.number) == (None, None, 1)
    assert (again.queued_at, again.started_at) == (turn.queued_at, turn.started_at)
    assert second.audio is not None
    assert (message.id, message.text, message.audio_id) == (first.message_id, "my account is twelve", second.audio.id)
    assert await scalar(database, "select count(*) from audio") == 1
    assert await scalar(database, "select count(*) from audio_blobs") == 1
    assert await scalar(database, "select count(*) from model_calls") == 2
    job = await job_of(database)
    assert (job["id"], job["status"], job["worker_id"]) == (new_job, "doing", first.worker_id)
    assert new_job != job_id
    begun = ["TurnQueued"] if ended else []
    assert (await names(database, call.lease.session_id))[-5 - len(begun) :] == [
        *begun,
        "TurnReopened",
        "TurnStarted",
        "StageStarted",
        "TranscriptReady",
        "StageCompleted",
    ]
    with pytest.raises(claims.Fenced):
        await claims.commit(database, claim, 1, [])  # the earlier attempt
    await end(database, again)


async def test_a_repeat_after_a_lost_answer_writes_nothing(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    first = spoken(call.lease.session_id, await owner(database))
    claim, _ = await began(database, call, first)
    second = more(call, claim, first, "more")
    found = await reopened(database, call, claim, second)
    before = await everything(database)
    repeated = await reopened(database, call, claim, second)
    assert found is not None and repeated is not None and found[0] == repeated[0]
    after = await everything(database)
    assert {name: rows for name, rows in after.items() if name != "procrastinate_jobs"} == {
        name: rows for name, rows in before.items() if name != "procrastinate_jobs"
    }
    assert (await job_of(database))["id"] == repeated[1]


@pytest.mark.parametrize("since", ["the next connection", "cancelled"])
async def test_a_lost_answer_is_found_whatever_has_come_since(database: Database, viewer: Viewer, since: str) -> None:
    """None would say that the words are not stored: they would become a second turn."""
    call = await connected(database, viewer)
    first = spoken(call.lease.session_id, await owner(database))
    claim, _ = await began(database, call, first)
    second = more(call, claim, first, "more")
    found = await reopened(database, call, claim, second)
    if since == "cancelled":
        async with database.transaction() as session:
            await turns.cancel_turn(session, viewer, turn_id=claim.turn_id)
    else:
        await connect_to(database, await call_of(database, call.lease.call_id))
    async with database.transaction() as session:
        again = await reopen(session, call.lease, 1, claim, second)
    assert found is not None and again is not None
    assert again.owned is None if since == "cancelled" else again.owned is not None and again.owned[0] == found[0]
    assert await scalar(database, "select count(*) from turns") == 1


async def test_an_old_connection_does_not_reopen(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    first = spoken(call.lease.session_id, await owner(database))
    claim, _ = await began(database, call, first)
    await connect_to(database, await call_of(database, call.lease.call_id))
    before = await everything(database)
    with pytest.raises(CallFenced):
        await reopened(database, call, claim, more(call, claim, first, "more"))
    assert await everything(database) == before


async def test_a_turn_that_is_over_is_not_reopened(database: Database, viewer: Viewer) -> None:
    mine = await owner(database)

    async def refused(call: ConnectedCall, claim: Claim, turn: SpokenTurn) -> None:
        said = "select text from messages where role = 'USER' and turn_id = :t"
        before = await scalar(database, said, t=claim.turn_id)
        assert await reopened(database, call, claim, more(call, claim, turn, "more")) is None
        assert await scalar(database, said, t=claim.turn_id) == before

    async def one() -> tuple[ConnectedCall, Claim, SpokenTurn]:
        call = await connected(database, viewer)
        turn = spoken(call.lease.session_id, mine)
        return call, (await began(database, call, turn))[0], turn

    call, claim, turn = await one()
    await end(database, claim, Failure("INTERNAL", "it broke"))
    await refused(call, claim, turn)
    call, claim, turn = await one()
    async with database.transaction() as session:
        await turns.cancel_turn(session, viewer, turn_id=claim.turn_id)
    await refused(call, claim, turn)
    call, claim, turn = await one()
    await say(database, viewer, call.lease.session_id)  # a later turn
    await refused(call, claim, turn)
    call, claim, turn = await one()
    await claims.start(database, claim.turn_id)  # taken over
    await refused(call, claim, turn)
    other, theirs, spoke = await one()
    assert await reopened(database, call, theirs, more(other, theirs, spoke, "more")) is None, "another call's turn"


async def test_a_tool_that_has_run_counts_and_is_not_run_again(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    first = spoken(call.lease.session_id, await owner(database), "file it")
    claim, _ = await began(database, call, first)
    journal = DatabaseJournal(database, STORE, claim)
    done = await journal.tool_started(ToolRequest("1", "billing_query", {"query": "q"}), "crm", 1)
    await journal.tool_finished(done, ToolResult(ok=True, content={"ok": True}), None)
    begun = await journal.tool_started(ToolRequest("2", "lookup", {}), "crm", 2)
    found = await reopened(database, call, claim, more(call, claim, first, "file it please"))
    assert found is not None
    inputs = await next_inputs(database, claim.session_id, claim.turn_id)
    assert await load_inputs(database, STORE, found[0]) == replace(inputs, text="file it please")
    assert inputs.used == (CompletedToolCall(done.tool_call_id, "billing_query", {"query": "q"}, {"ok": True}),)
    assert [each.call_id for each in inputs.pending] == [begun.tool_call_id]
    again = DatabaseJournal(database, STORE, found[0])
    assert await again.tool_started(ToolRequest("2", "lookup", {}), "crm", 2) == begun, "the same call, with its key"
    async with database.reading() as session:
        states = (await session.scalars(select(ToolCall.status).order_by(ToolCall.id))).all()
    assert states == [ToolCallStatus.ACCEPTED, ToolCallStatus.PENDING]


def report(claim: Claim, words: str) -> PlaybackReport:
    played = Playback(words, 400, 2000, interrupted=True, source=PlaybackSource.ACKS)
    return PlaybackReport(claim.turn_id, played, LiveTiming(0, 1000, first_heard_ms=300))


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("words", ["It is ", ""])
async def test_an_interrupted_turn_keeps_what_was_heard(
    database: Database, viewer: Viewer, written: bool, words: str
) -> None:
    call = await connected(database, viewer)
    claim, _ = await began(database, call, spoken(call.lease.session_id, await owner(database), "how much"))
    journal = DatabaseJournal(database, STORE, claim)
    tool = await journal.tool_started(ToolRequest("1", "lookup", {}), "crm", 1)
    await journal.reply_delta("It is twelve euros.")
    if written:
        await journal.reply_ready("It is twelve euros.", "en")
    await journal.flush()
    for _ in range(2):  # the second is a repeat, after a lost answer
        async with database.transaction() as session:
            await interrupt(session, call.lease, 1, report(claim, words))
    async with database.reading() as session:
        turn = (await session.execute(select(Turn))).scalar_one()
        reply = await session.scalar(select(Message).where(Message.role == "ASSISTANT"))
    assert turn.live is not None
    assert (turn.status, turn.live["first_heard_ms"]) == (TurnStatus.CANCELLED, 300)
    if words:
        assert reply is not None and reply.playback is not None
        assert (reply.text, reply.complete, reply.playback["heard_ms"]) == ("It is", False, 400)
    else:
        assert reply is None
    assert (await names(database, claim.session_id))[-3:] == ["ToolCallFinished", "ReplyInterrupted", "TurnCancelled"]
    assert await scalar(database, "select status from tool_calls where id = :id", id=tool.tool_call_id) == "FAILED"
    with pytest.raises(claims.Fenced):
        await claims.commit(database, claim, 9, [])
    said = texts(await next_inputs(database, claim.session_id))
    assert said == ["how much", words] if words else said == ["how much"]


async def test_the_interrupted_reply_of_a_completed_turn_stays_whole(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    claim, _ = await began(database, call, spoken(call.lease.session_id, await owner(database), "how much"))
    journal = DatabaseJournal(database, STORE, claim)
    await journal.reply_ready("It is twelve euros.", "en")
    await journal.turn_finished({}, None)
    assert texts(await next_inputs(database, claim.session_id)) == ["how much"], "not known to be heard"
    async with database.transaction() as session:
        await interrupt(session, call.lease, 1, report(claim, "It is twelve"))
    async with database.reading() as session:
        turn = (await session.execute(select(Turn))).scalar_one()
        reply = (await session.execute(select(Message).where(Message.role == "ASSISTANT"))).scalar_one()
    assert (turn.status, reply.text, reply.complete) == (TurnStatus.COMPLETED, "It is twelve euros.", True)
    assert (await names(database, claim.session_id))[-1] == "ReplyInterrupted"
    assert texts(await next_inputs(database, claim.session_id)) == ["how much", "It is twelve"]


async def test_a_reply_outside_calls_is_history_as_it_was_written(database: Database, viewer: Viewer) -> None:
    call = await connected(database, viewer)
    typed = await say(database, viewer, call.lease.session_id, "hello")
    await fetched(database, await owner_of_jobs(database))
    claim = await claims.start(database, typed)
    assert claim is not None
    journal = DatabaseJournal(database, STORE, claim)
    await journal.reply_ready("Good day.", "en")
    await journal.turn_finished({}, None)
    assert texts(await next_inputs(database, claim.session_id)) == ["hello", "Good day."]


def texts(inputs: TurnInputs) -> list[str]:
    """What was said, of the history."""
    return [each.text for each in inputs.history if not isinstance(each, CompletedToolCall)]
