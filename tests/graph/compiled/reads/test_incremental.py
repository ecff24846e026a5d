"""Incremental reads give the same result as full ones after every step of a conversation."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import pytest
import pytest_asyncio
from graphql import DocumentNode, GraphQLError, GraphQLSchema

from db.calls.commits import commit
from db.calls.reopen import reopen
from db.calls.values import CallEvent, CallWrite, PlaybackReport
from db.enums import EventType, PlaybackSource
from db.errors import SessionEnded
from db.ids import new_id
from db.postgres.database import Database
from db.queue.jobs import end_jobs_of_ended_turns
from db.turns.live_values import LiveTiming, Playback
from db.turns.values import Claim
from db.viewer import Viewer
from graph.compiled.reads import cache
from graph.compiled.reads.cache import Answer, Asking, ReadCache
from graph.compiled.reads.incremental import assemble
from graph.compiled.reads.plans import Request
from graph.guards import extension
from graph.guards.document_limits import check_operation
from graph.guards.tokens import parse_within
from inference.journal.database_journal import DatabaseJournal
from tests.client import Client
from tests.conftest import cloned, holder_of
from tests.db.calls.rows import began, connected, owner, recording, spoken
from tests.db.rows import STORE
from tests.graph.compiled.reads.incremental_steps import Story
from tests.graph.edge import opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

_TURN = """id number status attempt reopened live { firstHeardMs } error { code message stage }
  queuedAt startedAt finishedAt timing { totalMs queueMs unattributedMs stages { stage startMs } } reply { id text }"""
_MESSAGE = "id role type text language complete createdAt playback { heardText } audio { url durationMs mimeType }"
_TOOL = "id name arguments result status error durationMs createdAt crmRecord { reference name updatedAt }"

#: All five lists, each with what is behind it; none of it the session's own.
LISTS = f"""query($id: ID!) {{ conversation(sessionId: $id) {{
  lastSeq session {{ status endedAt lastSeq }}
  messages {{ {_MESSAGE} turn {{ status number }} modelCalls {{ id stage }} toolCalls {{ {_TOOL} }} }}
  turns {{ {_TURN} userMessage {{ {_MESSAGE} }} modelCalls {{ id status }} toolCalls {{ id status }}
    crmRecords {{ reference name changes {{ after }} }} }}
  modelCalls {{ id stage status attempt error startedAt realTimeFactor }}
  again: messages {{ id }}
  toolCalls {{ {_TOOL} }}
  crmRecords {{ id reference intent name details updatedAt changes {{ id before after toolCallId sessionId createdAt }}
    toolCall {{ id status }} }}
}} }}"""

#: What is said of the session changes also in what is finished.
WITH_SESSION = f"""query($id: ID!) {{ conversation(sessionId: $id) {{
  messages {{ id turn {{ session {{ lastSeq status endedAt }} }} }}
  turns {{ {_TURN} }}
  crmRecords {{ id session {{ lastSeq }} }}
}} }}"""

SESSION = (
    f"query($id: ID!) {{ session(id: $id) {{ id status lastSeq turns {{ {_TURN} }} messages {{ {_MESSAGE} }} }} }}"
)

QUERIES = (LISTS, WITH_SESSION, SESSION)

#: What is read after each step, in turn: all lists, and one of the others, for which two steps have passed then.
IN_TURN = ((LISTS, WITH_SESSION), (LISTS, SESSION))

#: What a turn goes through comes often, so that much is finished when something else happens.
_STEPS = (
    ["say", "start", "start", "call_model", "reply", "complete", "complete"] * 3
    + ["say_with_a_late_clock", "call_model_with_a_late_clock", "fail", "retry", "cancel"]
    + ["begin_tool", "begin_tool_by_hand", "end_tool", "end_tool", "record_a_cut_call"]
    + ["change_record", "change_record_from_a_later_session"]
)


@dataclass
class Both:
    """The same database behind two servers: with all layers, and with the slowest alone."""

    fast: Client
    slow: Client
    database: Database
    viewer: Viewer
    answered: int = 0

    async def same(self, session_id: str, after: str, queries: Sequence[str] = QUERIES) -> None:
        """Holds both to the same bytes."""
        for query in queries:
            slow = await ask(self.slow, query, session_id)
            assert json.loads(slow).keys() == {"data"}, slow[:1000]
            assert await ask(self.fast, query, session_id) == slow, f"after {after}"


async def ask(client: Client, query: str, session_id: str) -> bytes:
    body = json.dumps({"query": query, "variables": {"id": session_id}})
    return (await client.http.post("/graphql", content=body, headers={"content-type": "application/json"})).content


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(postgres: str) -> AsyncIterator[Both]:
    common = {"public_url": "https://voxloom.example", "media_url_seconds": 604_800, "requests_per_minute": 0}
    async with (
        cloned(postgres) as url,
        opened(url, **common) as fast,
        opened(url, compiled_operations=False, **common) as slow,
        fast.tenant() as acme,
        Client(slow.address, acme.headers["Authorization"].removeprefix("Bearer ")) as slow_acme,
    ):
        viewer = await holder_of(fast.database, acme.headers["Authorization"].removeprefix("Bearer "))
        pair = Both(acme, slow_acme, fast.database, viewer)
        answer = ReadCache.answer

        async def counted(self: ReadCache, request: Request, asking: Asking) -> Answer | None:
            found = await answer(self, request, asking)
            pair.answered += found is not None
            return found

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ReadCache, "answer", counted)
            read_documents_once(patched)
            yield pair
    assert pair.answered > 100, "the fast layers answered too little to be compared"


def read_documents_once(patched: pytest.MonkeyPatch) -> None:
    """Parses and validates each of the few documents once: a third of what the slow server does."""
    checked: dict[int, list[GraphQLError]] = {}

    def check(schema: GraphQLSchema, document: DocumentNode, *given: Any) -> list[GraphQLError]:
        if id(document) not in checked:
            checked[id(document)] = check_operation(schema, document, *given)
        return list(checked[id(document)])

    patched.setattr(extension, "parse_within", lru_cache(maxsize=None)(parse_within))  # it keeps them, and their ids
    patched.setattr(extension, "check_operation", check)


async def told(both: Both, seed: int, steps: list[str]) -> str:
    """Takes the steps in a new session, and reads it after each one. Returns the session's id."""
    story = Story(both.database, both.viewer, seed)
    await story.open()
    session_id = str(story.session_id)
    await both.same(session_id, "open")
    for number, step in enumerate(steps):
        with suppress(SessionEnded):
            if await getattr(story, step)():
                await both.same(session_id, f"{number}: {step} (seed {seed})", IN_TURN[number % 2])
    await both.same(session_id, f"all (seed {seed})")
    return session_id


async def test_a_turn_from_queued_to_completed_and_the_next(both: Both) -> None:
    turn = ["say", "start", "call_model", "begin_tool", "end_tool", "call_model", "reply", "reply", "complete"]
    await told(both, 1, [*turn, *turn, "say", "end", *turn[1:]])


async def test_a_turn_that_fails_or_is_cancelled_and_is_retried(both: Both) -> None:
    done = ["say", "start", "call_model", "reply", "complete"]
    again = ["retry", "start", "call_model", "complete"]
    await told(both, 2, [*done, "say", "start", "call_model", "fail", *done, *again, "say", "start", "reply", "cancel"])
    await told(both, 3, [*done, "say", "start", "reply", "cancel", *done, *again, *done])


async def test_a_call_that_is_on_record_only_after_its_turn_was_cancelled(both: Both) -> None:
    done = ["say", "start", "call_model", "reply", "complete"]
    cut = ["say", "start", "call_model", "reply", "cancel"]
    late = "record_a_cut_call"
    await told(both, 1, [*done, *cut, late, *done, late, "say", *cut, late])
    await told(both, 2, [*cut, "retry", late, "start", "reply", "cancel", late, *done])


@pytest.mark.parametrize("broken", ["cancel", "fail"])
async def test_what_did_not_change_is_not_read_again(both: Both, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a turn that was cancelled or failed, nor a tool called by hand, makes what comes after it read again."""
    read: list[int] = []

    def spy(head: bytes, row: Any, tail: bytes, before: bytes, known: Any) -> Any:
        made = assemble(head, row, tail, before, known)
        assert made is not None
        read.append(len(made[0]) - sum(each.end - each.start for each in known))
        return made

    monkeypatch.setattr(cache, "assemble", spy)
    done = ["say", "start", "begin_tool", "end_tool", "call_model", "reply", "complete"]
    ended = ["say", "start", "call_model", "reply", broken]
    story = Story(both.database, both.viewer, 5)
    await story.open()
    for step in [*ended, "begin_tool_by_hand", "end_tool", *done * 5, *ended, *done * 5]:
        assert await getattr(story, step)(), step
    for _ in range(2):
        await both.same(str(story.session_id), "all of it")
    read.clear()
    for step in ["say", "start", "call_model"]:
        await getattr(story, step)()
        whole = len(await ask(both.fast, LISTS, str(story.session_id)))
    # One turn, its message and one model call; of the 12 turns that ended and the tool, nothing.
    assert len(read) == 3
    assert max(read) < whole / 10, (read, whole)
    await both.same(str(story.session_id), "the end")


async def test_a_turn_that_is_taken_over(both: Both) -> None:
    await told(both, 4, ["say", "start", "call_model", "start", "call_model", "start", "reply", "complete", "say"])


async def test_what_comes_with_an_earlier_id_than_those_known(both: Both) -> None:
    done = ["say", "start", "call_model", "reply", "complete"]
    late = ["say_with_a_late_clock", "start", "call_model_with_a_late_clock", "reply", "complete"]
    await told(both, 5, [*done, *done, *late, *done, *late, "say", "say_with_a_late_clock", "start", "complete"])


async def test_tools_called_by_hand(both: Both) -> None:
    done = ["say", "start", "begin_tool", "end_tool", "reply", "complete"]
    by_hand = "begin_tool_by_hand"
    await told(both, 6, [by_hand, "end_tool", *done, by_hand, *done[:4], "end_tool", "end_tool", *done[4:], *done])
    await told(both, 7, [*done, by_hand, *done[:2], "complete", by_hand, "end_tool", "end", "end_tool"])


async def test_a_record_that_is_changed_long_after_it_was_filed(both: Both) -> None:
    done = ["say", "start", "begin_tool", "end_tool", "reply", "complete"]
    changes = ["change_record", "say", "change_record_from_a_later_session"]
    await told(both, 2, [*done * 4, *changes, *done, *changes, "end", *changes])


async def test_a_tool_that_ends_after_its_turn(both: Both) -> None:
    """A worker that was taken for dead may come back while its tool is at work; what the tool did is on record."""
    done = ["say", "start", "call_model", "reply", "complete"]
    late = ["say", "start", "begin_tool", "start", "reply", "complete_without_its_tool", "end_tool"]
    await told(both, 1, [*done, *late, *done])


async def test_a_live_turn_changes_after_it_was_completed(both: Both) -> None:
    """When it is known what the caller heard, and when they go on speaking."""
    database = both.database
    call, mine = await connected(database, both.viewer), await owner(database)
    session_id = str(call.lease.session_id)

    async def said(claim: Claim) -> None:
        journal = DatabaseJournal(database, STORE, claim)
        await journal.reply_ready("Good day to you.", "en")
        await journal.turn_finished({}, None)
        async with database.transaction() as session:
            await end_jobs_of_ended_turns(session, mine)
        await both.same(session_id, "a reply")

    first, turn = spoken(call.lease.session_id, mine), spoken(call.lease.session_id, mine)
    await said((await began(database, call, first))[0])
    claim, _ = await began(database, call, turn, 1)
    await said(claim)
    for step, (given, words) in enumerate([(first, "Good"), (turn, "Good day"), (first, "Good day to you.")], 2):
        played = Playback(words, 500, 1000, interrupted=False, source=PlaybackSource.ACKS)
        report = PlaybackReport(given.turn_id, played, LiveTiming(0, 1000, first_heard_ms=step))
        await commit(database, call.lease, step, [CallWrite((CallEvent(EventType.PLAYBACK_FINISHED),), report=report)])
        await both.same(session_id, f"playback {step}")
    more = replace(turn, text="hello, and more", audio=recording(call.lease.session_id), call_id=new_id())
    async with database.transaction() as session:
        assert await reopen(session, call.lease, 5, claim, more) is not None
    await both.same(session_id, "more words")


async def test_a_session_without_a_turn_and_one_that_ends_with_a_turn_queued(both: Both) -> None:
    await told(both, 8, ["end"])
    await told(both, 9, ["say", "start", "complete", "say", "end", "start", "call_model", "complete"])


@pytest.mark.parametrize("seed", range(10, 14))
async def test_whatever_happens_all_layers_say_the_same(both: Both, seed: int) -> None:
    steps = random.Random(seed).choices(_STEPS, k=30)
    await told(both, seed, ["say", "start", "reply", "complete", *steps, "end", *steps[:5]])
