"""The benchmarks' data has the form of a worker's, as far as the tables show."""

from __future__ import annotations

from db.postgres.connect import connect
from db.postgres.database import Database
from tests.bench.dataset import Dataset

_FOREIGN_KEYS = """
select conrelid::regclass::text as "table", conname as name, pg_get_constraintdef(oid) as rule
from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace
"""
_EVENTS = """
select last_seq, turn_count,
       (select array_agg(seq order by seq) from events where session_id = sessions.id) as seqs,
       (select array_agg(number order by id) from turns where session_id = sessions.id) as numbers
from sessions order by id
"""


async def test_the_turns_that_are_made_in_bulk_keep_to_the_schema(database: Database, key: str) -> None:
    connection = await connect(database.address, name="bench", timeout_seconds=15, statement_seconds=60)
    try:
        dataset = Dataset(connection)
        sessions = await dataset.add_sessions(3, turns=4)
        await dataset.add_turns(sessions[:1])

        rows = await connection.fetch(_EVENTS)
        assert [row["turn_count"] for row in rows] == [5, 4, 4]
        for row in rows:
            assert row["seqs"] == list(range(1, row["last_seq"] + 1))
            assert row["numbers"] == list(range(1, row["turn_count"] + 1))
        assert await dataset.last_seqs(sessions[::-1]) == [row["last_seq"] for row in rows][::-1]

        keys = await connection.fetch(_FOREIGN_KEYS)
        assert len(keys) > 10
        for table, name, rule in keys:  # made again, each is checked for all rows
            await connection.execute(f'alter table {table} drop constraint "{name}"')
            await connection.execute(f'alter table {table} add constraint "{name}" {rule}')
    finally:
        await connection.close()
