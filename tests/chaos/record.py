"""The final state of the database, read in one snapshot."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from tests.chaos.call_record import CallRecord, read_calls


@dataclass(frozen=True)
class EventRow:
    seq: int
    turn_id: str | None
    type: str
    data: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class TurnRow:
    id: str
    session_id: str
    number: int
    status: str
    key: str | None
    attempt: int
    error: str | None
    in_call: bool


@dataclass(frozen=True)
class Record:
    """The rows that the verdict checks. ``replies``, ``calls`` and ``heard`` by turn id."""

    turns: dict[str, TurnRow]
    events: dict[str, list[EventRow]]
    replies: dict[str, list[str]]
    calls: dict[str, list[str]]
    filed: dict[str, int]
    heard: dict[str, int]
    jobs: int
    last_seqs: dict[str, int]
    calls_made: CallRecord

    def events_of(self, turn: TurnRow) -> list[EventRow]:
        return [event for event in self.events[turn.session_id] if event.turn_id == turn.id]


async def read_record(url: str) -> Record:
    connection = await asyncpg.connect(url)
    try:
        await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _read(connection)
    finally:
        await connection.close()


async def _read(connection: asyncpg.Connection[asyncpg.Record]) -> Record:
    turns = {
        str(row["id"]): TurnRow(
            str(row["id"]), str(row["session_id"]), row["number"], row["status"], row["idempotency_key"],
            row["attempt"], row["error_code"], row["call_id"] is not None,
        )
        for row in await connection.fetch("select * from turns")
    }  # fmt: skip
    events: dict[str, list[EventRow]] = defaultdict(list)
    for row in await connection.fetch("select * from events order by session_id, seq"):
        turn_id = None if row["turn_id"] is None else str(row["turn_id"])
        events[str(row["session_id"])].append(EventRow(row["seq"], turn_id, row["type"], row["data"], row["at"]))
    replies: dict[str, list[str]] = defaultdict(list)
    for row in await connection.fetch("select turn_id, text from messages where role = 'ASSISTANT' and complete"):
        replies[str(row["turn_id"])].append(row["text"])
    calls: dict[str, list[str]] = defaultdict(list)
    for row in await connection.fetch("select turn_id, status from tool_calls"):
        calls[str(row["turn_id"])].append(row["status"])
    filed: dict[str, int] = defaultdict(int)
    found = "select call.turn_id from crm_records record join tool_calls call on call.id = record.tool_call_id"
    for row in await connection.fetch(found):
        filed[str(row["turn_id"])] += 1
    heard: dict[str, int] = defaultdict(int)
    for row in await connection.fetch("select turn_id from model_calls where stage = 'ASR' and status = 'OK'"):
        heard[str(row["turn_id"])] += 1
    jobs = await connection.fetchval("select count(*) from procrastinate_jobs")
    last = {str(row["id"]): row["last_seq"] for row in await connection.fetch("select id, last_seq from sessions")}
    return Record(turns, events, replies, calls, filed, heard, jobs, last, await read_calls(connection))
