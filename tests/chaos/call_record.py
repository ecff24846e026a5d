"""The final state of the calls in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

# Rows of events never change, so that xmin is the transaction that wrote them.
_TURNS = """
select turns.id, turns.session_id, turns.number, turns.status, turns.reopened, asked.text as asked,
  reply.text as reply, reply.complete, reply.playback,
  (select pg_xact_commit_timestamp(events.xmin) from events
    where events.turn_id = turns.id and type in ('TurnQueued', 'TurnReopened') order by seq limit 1) as begun,
  (select pg_xact_commit_timestamp(events.xmin) from events
    where events.turn_id = turns.id and type = 'TurnReopened' order by seq desc limit 1) as reopened_at,
  (select array_agg(type order by seq) from events where events.turn_id = turns.id) as events
from turns join messages asked on asked.turn_id = turns.id and asked.role = 'USER'
left join messages reply on reply.turn_id = turns.id and reply.role = 'ASSISTANT'
where turns.call_id is not null
"""


@dataclass(frozen=True, slots=True)
class CallRow:
    id: str
    session_id: str
    status: str
    end_reason: str | None
    drops: int


@dataclass(frozen=True, slots=True)
class CallTurn:
    """A turn of a call. ``committed``: the commit of its words, that of the last ones if it was reopened; ``begun``:
    that of its first ones.
    """

    id: str
    session_id: str
    number: int
    status: str
    reopened: int
    asked: str
    reply: str | None
    complete: bool
    playback: dict[str, Any] | None
    committed: datetime | None
    events: list[str]
    begun: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    calls: list[CallRow]
    turns: list[CallTurn]


async def read_calls(connection: asyncpg.Connection[asyncpg.Record]) -> CallRecord:
    calls = [
        CallRow(str(row["id"]), str(row["session_id"]), row["status"], row["end_reason"], row["drops"])
        for row in await connection.fetch("select * from calls")
    ]
    turns = [
        CallTurn(
            str(row["id"]), str(row["session_id"]), row["number"], row["status"], row["reopened"], row["asked"] or "",
            row["reply"], bool(row["complete"]), row["playback"], row["reopened_at"] or row["begun"],
            row["events"] or [], row["begun"],
        )
        for row in await connection.fetch(_TURNS)
    ]  # fmt: skip
    return CallRecord(calls, turns)
