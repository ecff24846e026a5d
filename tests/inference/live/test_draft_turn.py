"""Draft turns with a real database: a kept one is an ordinary turn, a discarded one leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.audio.decoder_pool import DecoderPool
from db.commands.turns import cancel_turn
from db.enums import EventType
from db.postgres.database import Database
from db.turns.values import Claim
from db.viewer import Viewer
from inference.engines.fake.chat import FakeChatModel
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.journal.database_journal import DatabaseJournal
from inference.journal.load_inputs import load_inputs
from inference.lane import Lane, LanePlace, Priority, current_lane
from inference.live.draft_turn import DraftTurn
from inference.ports import ChatRequest, Superseded
from inference.tools.client import McpToolBox
from inference.turn.attempt import TurnSetup
from inference.turn.inputs import TurnInputs
from inference.turn.limits import TurnLimits
from tests.conftest import lent
from tests.db.rows import STORE, claimed, events_of, open_session, say, scalar
from tests.inference.turn.listener import MemoryListener
from tests.waiting import until

_LIMITS = TurnLimits(recording_seconds=60, stall_seconds=10, stage_seconds=30, tool_seconds=10)
_FILE = 'file billing_query {"query": "charged twice", "intent": "billing"}'
_LONG = "I have found your contract. Both payments were received. Is there anything else that you need? " * 3


@pytest.fixture
async def toolbox(database: Database) -> AsyncIterator[McpToolBox]:
    async with McpToolBox(database) as opened:
        yield opened


def setup_of(toolbox: McpToolBox, *, llm: FakeChatModel | None = None, tts: FakeSynthesizer | None = None) -> TurnSetup:
    engines = lent(FakeTranscriber(), llm or FakeChatModel(), tts or FakeSynthesizer())
    return TurnSetup(engines, DecoderPool(1, wait_seconds=10), toolbox, _LIMITS)


async def turn_of(database: Database, viewer: Viewer, words: str) -> tuple[Claim, TurnInputs, datetime]:
    """A turn that runs, what its draft begins with, and when that was."""
    session_id = await open_session(database, viewer)
    now: datetime = await scalar(database, "select clock_timestamp() - interval '0.3 seconds'")
    claim = await claimed(database, await say(database, viewer, session_id, words))
    return claim, await load_inputs(database, STORE, claim), now


async def rows(database: Database, claim: Claim) -> tuple[int, int, int, int]:
    return (
        len(await events_of(database, claim.session_id)),
        await scalar(database, "select count(*) from model_calls"),
        await scalar(database, "select count(*) from tool_calls"),
        await scalar(database, "select count(*) from audio"),
    )


def nothing_runs() -> bool:
    names = {task.get_name() for task in asyncio.all_tasks()}
    return not any(name.startswith(("draft-turn", "reply-relay", "engine-", "journal-")) for name in names)


async def test_a_kept_draft_is_an_ordinary_turn(database: Database, viewer: Viewer, toolbox: McpToolBox) -> None:
    claim, inputs, now = await turn_of(database, viewer, _FILE)
    before = await rows(database, claim)
    draft = DraftTurn(setup_of(toolbox), inputs, now=now)
    assert draft.text == _FILE
    await asyncio.sleep(0.2)
    assert await rows(database, claim) == before
    assert await scalar(database, "select count(*) from crm_records") == 0

    listener = MemoryListener()
    assert await draft.keep(claim, DatabaseJournal(database, STORE, claim), listener) is None
    kinds = [event.type for event in await events_of(database, claim.session_id)]
    assert kinds[-1] is EventType.TURN_COMPLETED
    assert {EventType.TOOL_CALL_FINISHED, EventType.REPLY_READY, EventType.AUDIO_READY} <= set(kinds)
    assert await scalar(database, "select count(*) from crm_records") == 1
    assert await scalar(database, "select text from messages where role = 'ASSISTANT'") == listener.text
    told = [name for name, _ in listener.got if name.startswith("tool")]
    assert told == ["tool_started", "tool_finished"]
    assert nothing_runs()


async def test_a_discarded_draft_writes_nothing_and_leaves_nothing_running(
    database: Database, viewer: Viewer, toolbox: McpToolBox
) -> None:
    claim, inputs, now = await turn_of(database, viewer, "hello")
    before = await rows(database, claim)
    voice = FakeSynthesizer(delay=0.02)
    draft = DraftTurn(setup_of(toolbox, llm=FakeChatModel(lambda _: _LONG), tts=voice), inputs, now=now)
    await asyncio.sleep(0.1)
    await draft.discard()
    assert nothing_runs()
    await asyncio.sleep(0.1)
    assert await rows(database, claim) == before


async def test_a_tool_never_runs_for_a_discarded_draft(database: Database, viewer: Viewer, toolbox: McpToolBox) -> None:
    _, inputs, now = await turn_of(database, viewer, _FILE)
    draft = DraftTurn(setup_of(toolbox), inputs, now=now)
    await asyncio.sleep(0.2)
    await draft.discard()
    assert await scalar(database, "select count(*) from tool_calls") == 0
    assert await scalar(database, "select count(*) from crm_records") == 0


async def test_times_of_a_draft_that_was_done_before_its_commit_are_those_of_the_turn(
    database: Database, viewer: Viewer, toolbox: McpToolBox
) -> None:
    claim, inputs, now = await turn_of(database, viewer, "hello")
    begun = now - timedelta(seconds=60)  # as if the draft had begun a minute before its turn was committed
    draft = DraftTurn(setup_of(toolbox, llm=FakeChatModel(delay=0.01)), inputs, now=begun)
    await until(draft._pipeline.done)
    await draft.keep(claim, DatabaseJournal(database, STORE, claim), MemoryListener())
    timing = await scalar(database, "select timing from turns")
    queue = (claim.started_at - claim.queued_at).total_seconds() * 1000
    assert timing["first_text_ms"] == pytest.approx(queue, abs=0.01)
    assert timing["covered_ms"] == 0
    assert {stage["duration_ms"] for stage in timing["stages"]} == {0}
    calls = await scalar(database, "select min(started_at) from model_calls")
    assert calls < claim.queued_at  # a model call's row has its real time
    assert await scalar(database, "select min(duration_ms) from model_calls where stage = 'LLM'") > 5


async def test_an_interrupted_turn_records_its_model_calls_and_sends_nothing_more(
    database: Database, viewer: Viewer, toolbox: McpToolBox
) -> None:
    claim, inputs, now = await turn_of(database, viewer, "hello")
    setup = setup_of(toolbox, llm=FakeChatModel(lambda _: _LONG), tts=FakeSynthesizer(delay=0.05))
    draft, listener = DraftTurn(setup, inputs, now=now), MemoryListener()
    kept = asyncio.create_task(draft.keep(claim, DatabaseJournal(database, STORE, claim), listener))
    await until(lambda: listener.got)
    async with database.transaction() as session:
        await cancel_turn(session, viewer, turn_id=claim.turn_id)
    kept.cancel()
    with suppress(Superseded, asyncio.CancelledError):
        await kept
    assert nothing_runs()
    got = len(listener.got)
    assert got
    await asyncio.sleep(0.15)
    assert len(listener.got) == got
    assert await scalar(database, "select count(*) from model_calls where stage = 'TTS' and status = 'CANCELLED'") == 1


async def test_a_turn_that_belongs_to_a_later_attempt_ends_the_draft(
    database: Database, viewer: Viewer, toolbox: McpToolBox
) -> None:
    claim, inputs, now = await turn_of(database, viewer, "hello")
    draft = DraftTurn(setup_of(toolbox), inputs, now=now)
    await claimed(database, claim.turn_id)
    with pytest.raises(Superseded):
        await draft.keep(claim, DatabaseJournal(database, STORE, claim), MemoryListener())
    assert nothing_runs()


async def test_a_caller_who_is_gone_costs_the_turn_nothing(
    database: Database, viewer: Viewer, toolbox: McpToolBox
) -> None:
    claim, inputs, now = await turn_of(database, viewer, "hello")
    draft = DraftTurn(setup_of(toolbox), inputs, now=now)
    listener = MemoryListener(ConnectionError("gone"))
    assert await draft.keep(claim, DatabaseJournal(database, STORE, claim), listener) is None
    assert await scalar(database, "select status from turns") == "COMPLETED"
    assert await scalar(database, "select count(*) from audio where kind = 'REPLY'") == 1


async def test_a_listener_that_hangs_does_not_keep_the_turn_from_being_stored(
    database: Database, viewer: Viewer, toolbox: McpToolBox
) -> None:
    class Hanging(MemoryListener):
        async def reply_text(self, delta: str) -> None:
            await asyncio.Event().wait()

    claim, inputs, now = await turn_of(database, viewer, "hello")
    draft = DraftTurn(setup_of(toolbox), inputs, now=now)
    kept = asyncio.create_task(draft.keep(claim, DatabaseJournal(database, STORE, claim), Hanging()))
    async with asyncio.timeout(30):
        while await scalar(database, "select status from turns") != "COMPLETED":  # noqa: ASYNC110 - it is a row
            await asyncio.sleep(0.02)
    kept.cancel()
    with suppress(asyncio.CancelledError):
        await kept
    assert nothing_runs()


async def test_a_draft_runs_on_the_lane_with_the_priority_of_speech(
    database: Database, viewer: Viewer, toolbox: McpToolBox
) -> None:
    places: list[LanePlace | None] = []

    def reply(_: ChatRequest) -> str:
        places.append(current_lane())
        return "Yes."

    _, inputs, now = await turn_of(database, viewer, "hello")
    lane = Lane(1)
    draft = DraftTurn(replace(setup_of(toolbox, llm=FakeChatModel(reply)), lane=lane), inputs, now=now)
    await until(lambda: places)
    await draft.discard()
    (place,) = places
    assert place is not None
    assert place.lane is lane
    assert callable(place.urgency)
    assert place.urgency() is Priority.FIRST_SPEECH
    assert current_lane() is None
    await lane.close()


async def test_a_draft_that_is_cancelled_as_it_is_kept_stops(
    database: Database, viewer: Viewer, toolbox: McpToolBox
) -> None:
    claim, inputs, now = await turn_of(database, viewer, "hello")
    for turns in range(6):  # at different moments of the release
        draft = DraftTurn(setup_of(toolbox, tts=FakeSynthesizer(delay=0.1)), inputs, now=now)
        kept = asyncio.create_task(draft.keep(claim, DatabaseJournal(database, STORE, claim), MemoryListener()))
        for _ in range(turns):
            await asyncio.sleep(0)
        kept.cancel()
        with suppress(asyncio.CancelledError):
            await kept
        await draft.discard()
        assert nothing_runs()


def test_a_draft_needs_its_text() -> None:
    from tests.inference.turn.turns import work

    with pytest.raises(ValueError, match="text"):
        DraftTurn(None, replace(work(), text=None), now=datetime.now(UTC))  # type: ignore[arg-type]
