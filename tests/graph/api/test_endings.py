"""Ends of turns and sessions with a worker: silence, queued turns of an ended session, a tool that outlives one."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import select

from db.commands.sessions import end_session, lock_session
from db.enums import EventType
from db.models.events import Event
from db.postgres.database import Database
from db.turns.tool_calls import begin_manual
from db.turns.tool_calls import end as end_call
from db.turns.tool_calls import lock as lock_call
from db.viewer import Viewer
from inference.audio.wav import encode_wav
from tests.client import END, EVENTS, Client

TURN_EVENTS = """subscription($id: ID!, $after: Int! = 0) { turnEvents(turnId: $id, afterSeq: $after) {
  __typename seq turnId } }"""


async def test_silence_is_answered_and_not_made_into_words(client: Client, worker: None) -> None:
    session = await client.create_session()
    wav = encode_wav(np.zeros(16_000, np.float32), 16_000)
    content = {"audio": {"base64": base64.b64encode(wav).decode(), "mimeType": "audio/wav"}}
    turn = await client.send(session, content, waitSeconds=60)
    assert turn["status"] == "COMPLETED"
    assert turn["userMessage"]["text"] == ""
    assert turn["reply"]["text"] == "I did not catch that."


async def test_a_session_ends_after_its_last_turn(client: Client, database: Database, worker: None) -> None:
    session = await client.create_session()
    turns = [await client.send(session, {"text": f"message {number}"}) for number in range(4)]
    ended = await client.run(END, id=session)
    assert ended["endSession"]["session"]["status"] == "ENDED"
    async with asyncio.timeout(20):
        events = [event async for event in client.events(EVENTS, id=session)]
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))
    names = [each["__typename"] for each in events]
    assert names.count("TurnCompleted") == len(turns)
    assert names.count("SessionEnded") == 1
    assert names[-2:] == ["TurnCompleted", "SessionEnded"]
    assert events[-2]["turnId"] == turns[-1]["id"]


async def test_a_turns_events_are_its_own_and_complete_with_it(client: Client, worker: None) -> None:
    session = await client.create_session()
    turns = [await client.send(session, {"text": f"message {number}"}) for number in range(2)]
    seen: list[list[dict[str, Any]]] = []
    for turn in turns:
        async with asyncio.timeout(20):
            seen.append([event async for event in client.events(TURN_EVENTS, id=turn["id"])])
    for turn, events in zip(turns, seen, strict=True):
        assert {each["turnId"] for each in events} == {turn["id"]}
        assert (events[0]["__typename"], events[-1]["__typename"]) == ("TurnQueued", "TurnCompleted")
    last = seen[0][-1]["seq"]
    async with asyncio.timeout(20):
        assert [event async for event in client.events(TURN_EVENTS, id=turns[0]["id"], after=last)] == []
        (end,) = [event async for event in client.events(TURN_EVENTS, id=turns[0]["id"], after=last - 1)]
    assert end["seq"] == last


@pytest.mark.parametrize("way", ["ended first", "finished first"])
async def test_nothing_follows_the_end_of_a_session(
    client: Client, database: Database, viewer: Viewer, way: str
) -> None:
    session_id = UUID(await client.create_session())
    async with database.transaction() as session:
        await lock_session(session, viewer, session_id)
        call = await begin_manual(
            session, session_id, name="find_crm_records", server="crm", arguments={}, idempotency_key="key"
        )
    for step in ("end", "finish") if way == "ended first" else ("finish", "end"):
        async with database.transaction() as session:
            if step == "end":
                await end_session(session, viewer, session_id=session_id)
            else:
                locked = await lock_call(session, viewer.tenant_id, session_id, call.id)
                await end_call(session, locked, result={"ok": True})
    async with database.reading() as session:
        told = list(await session.scalars(select(Event.type).where(Event.session_id == session_id).order_by(Event.seq)))
    assert told[-1] is EventType.SESSION_ENDED
    found = await client.run(
        "query($id: ID!) { conversation(sessionId: $id) { toolCalls { status } } }", id=str(session_id)
    )
    assert found["conversation"]["toolCalls"] == [{"status": "ACCEPTED"}]
