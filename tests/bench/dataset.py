"""Test data of the benchmarks: conversations, and turns that are added during a measurement."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from db.postgres.notifier import CHANNEL

TURNS = 10

#: So many turns are made by one statement; more would only take more memory.
_AT_ONCE = 5_000

_TABLES = ("sessions", "turns", "messages", "audio", "model_calls", "tool_calls", "crm_records", "events")
_TURNS = (Path(__file__).parent / "turns.sql").read_text()
_SESSIONS = """
insert into sessions (id, created_at, tenant_id, customer_id, language, channel, persona, status, metadata,
                      last_seq, turn_count)
select uuidv7(), timestamptz '2026-01-01', (select id from tenants), 'customer-' || n, 'en', 'PHONE', 'billing_agent',
       'OPEN', jsonb_build_object('name', 'Maria Lopez', 'campaign', n), 0, 0
from generate_series(1, $1::int) as n
returning id
"""


class Dataset:
    """Makes conversations on one connection of its own.

    Bulk SQL of the same rows as the worker writes, as commands would take an hour; foreign keys hold by construction
    and are not checked again.
    """

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self._connection = connection

    async def add_sessions(self, count: int, turns: int = TURNS) -> list[UUID]:
        """New sessions of ``turns`` completed turns each."""
        made = [row["id"] for row in await self._connection.fetch(_SESSIONS, count)]
        if turns:
            await self.add_turns(made, turns)
        return made

    async def add_turns(self, sessions: Sequence[UUID], turns: int = 1) -> None:
        """Gives each session a new version: ``turns`` more completed turns, committed, and the listeners are told."""
        step = max(1, _AT_ONCE // turns)
        async with self._connection.transaction():
            await self._connection.execute("set local session_replication_role = replica")
            for begin in range(0, len(sessions), step):
                await self._connection.execute(_TURNS, sessions[begin : begin + step], turns)
        await self._connection.execute(
            "select pg_notify($1, id::text) from unnest($2::uuid[]) as id", CHANNEL, sessions
        )

    async def settle(self) -> None:
        """After the first writing: nothing of it is left to be done while somebody reads."""
        await self._connection.execute("vacuum analyze")
        await self._connection.execute("checkpoint")

    async def calm(self) -> None:
        """The same after new turns, but for statistics: new ones would have every connection plan its statements anew.

        Who reads a row first notes on it that its writer has committed; no server shall do that for the others.
        """
        for table in _TABLES:
            await self._connection.execute(f"select count(*) from {table}")
        await self._connection.execute("checkpoint")

    async def last_seqs(self, sessions: Sequence[UUID]) -> list[int]:
        """The number of the newest event of each session, in the order given."""
        rows = await self._connection.fetch("select id, last_seq from sessions where id = any($1)", sessions)
        found = {row["id"]: row["last_seq"] for row in rows}
        return [found[each] for each in sessions]
