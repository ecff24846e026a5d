"""Migrations up and down, their agreement with the models, locks and errors."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from db.agents.builtin import builtin_agents
from db.errors import BadUserInput
from db.models.metadata import metadata
from db.postgres.database import Database
from db.postgres.migrate import MigrationFailed, alembic_config, migrate
from db.postgres.schema_revision import newest_revision
from migrations import search_functions

#: All objects of the schema, except those that belong to a listed object.
_OBJECTS = """
select 'relation ' || relname from pg_class where relnamespace = 'public'::regnamespace
union all select 'function ' || proname from pg_proc where pronamespace = 'public'::regnamespace
union all select 'type ' || typname from pg_type where typnamespace = 'public'::regnamespace
union all select 'trigger ' || tgname from pg_trigger where not tgisinternal
union all select 'extension ' || extname from pg_extension where extname <> 'plpgsql'
"""

_SHAPE = """
select format('%s.%s %s null:%s default:%s', table_name, column_name,
    coalesce(domain_name, udt_name) || coalesce('(' || character_maximum_length || ')', ''), is_nullable,
    column_default)
  from information_schema.columns where table_schema = 'public'
union all
select format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
  where connamespace = 'public'::regnamespace
union all
select indexdef from pg_indexes where schemaname = 'public'
"""


async def ask(url: str, query: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return sorted(row[0] for row in await connection.fetch(query))
    finally:
        await connection.close()


def ours(shape: Iterable[str]) -> list[str]:
    return [line for line in shape if "procrastinate" not in line and "alembic_version" not in line]


async def test_a_full_downgrade_leaves_nothing(empty: str) -> None:
    before = await ask(empty, _OBJECTS)
    await migrate(empty)
    first = await ask(empty, _SHAPE)
    assert len(await ask(empty, _OBJECTS)) > len(before) + 50
    await migrate(empty, "base")
    left = [each for each in await ask(empty, _OBJECTS) if each not in before]
    assert all("alembic_version" in each for each in left), left  # Alembic's own table, without rows
    assert await ask(empty, "select version_num from alembic_version") == []
    await migrate(empty)
    assert await ask(empty, _SHAPE) == first


async def test_each_migration_can_be_reverted(empty: str) -> None:
    steps = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    known = ["base", *reversed([each.revision for each in steps])]
    assert len(known) >= 4
    shapes = []
    for revision in known:
        await migrate(empty, revision)
        shapes.append(await everything_but_the_mark(empty))
    assert newest_revision() == known[-1]
    for revision, shape in reversed(list(zip(known, shapes, strict=True))):
        await migrate(empty, revision)
        assert await everything_but_the_mark(empty) == shape


async def everything_but_the_mark(url: str) -> list[str]:
    """All objects, columns, constraints and indexes, except Alembic's table."""
    found = [*await ask(url, _OBJECTS), *await ask(url, _SHAPE)]
    return [each for each in found if "alembic_version" not in each]


async def test_models_and_migrations_do_not_differ(database: Database) -> None:
    def check(connection: Connection) -> None:
        command.check(alembic_config(connection))  # raises, with the differences

    async with database.engine.connect() as connection:
        await connection.run_sync(check)


async def test_the_catalogue_agrees_with_the_models(empty: str, database_url: str) -> None:
    """Alembic does not compare check constraints and names of constraints; the catalogue has them."""
    engine = create_async_engine(empty.replace("postgresql", "postgresql+asyncpg", 1))
    async with engine.begin() as connection:
        for function in search_functions.CREATE:
            await connection.execute(text(function.replace(":", r"\:")))
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    assert ours(await ask(database_url, _SHAPE)) == ours(await ask(empty, _SHAPE))


def test_the_schema_of_the_queue_is_frozen() -> None:
    """The migration reads a copy of Procrastinate's schema, which is that of the installed version.

    If this fails, Procrastinate was upgraded: write a revision from its own migrations that are newer than the copy,
    and compare with their result here.
    """
    root = Path(__file__).parents[3] / "migrations"
    copy = (root / "procrastinate_3_10_0.sql").read_text().partition(f"{'-' * 120}\n")[2]
    assert copy == SchemaManager.get_schema()
    imports = re.compile("^(from|import) procrastinate", re.MULTILINE)
    assert [each.name for each in root.glob("versions/*.py") if imports.search(each.read_text())] == []


_OLD_ROWS = """
insert into tenants (id, name) values (gen_random_uuid(), 't');
insert into sessions (id, tenant_id, customer_id, language, channel, persona, status, last_seq, turn_count)
  select gen_random_uuid(), id, 'c', 'en', 'WEB', 'p', 'OPEN', 1, 1 from tenants;
insert into turns (id, session_id, number, status, attempt, request_hash)
  select gen_random_uuid(), id, 1, 'QUEUED', 0, '' from sessions;
insert into audio (id, session_id, turn_id, kind, store_key, mime_type, duration_ms, sample_rate, size_bytes)
  select gen_random_uuid(), session_id, id, 'CHUNK', 'k', 'audio/wav', 1, 1, 1 from turns;
insert into events (session_id, seq, turn_id, type, data) select session_id, 1, id, 'TurnQueued', '{}' from turns;
"""

_CALL_ROWS = """
insert into calls (id, tenant_id, session_id, status, transport, language, turn_taking, request_hash)
  select gen_random_uuid(), tenant_id, id, 'OPENED', 'REALTIME', 'en', '{}', '' from sessions;
insert into call_sounds (call_id, seq, at_ms, data) select id, 1, 0, '' from calls;
update turns set call_id = calls.id from calls;
insert into audio (id, session_id, call_id, kind, store_key, mime_type, duration_ms, sample_rate, size_bytes)
  select gen_random_uuid(), session_id, id, 'CALL', 'whole', 'audio/wav', 1, 1, 1 from calls;
insert into audio_blobs (key, data) values ('whole', '');
insert into events (session_id, seq, type, data) select session_id, 2, 'CallStarted', '{}' from calls;
"""


async def test_live_calls_come_to_a_database_with_rows_and_leave_it(empty: str) -> None:
    await migrate(empty, "0005")
    connection = await asyncpg.connect(empty)
    await connection.execute(_OLD_ROWS)
    await migrate(empty, "0007")
    await connection.execute(_CALL_ROWS)
    await migrate(empty, "0005")
    left = "select (select count(*) from events) + (select count(*) from audio) + (select count(*) from audio_blobs)"
    assert await connection.fetchval(left) == 2
    assert await connection.fetchval("select count(*) from turns") == 1
    await connection.close()
    await migrate(empty)


async def test_existing_sessions_get_the_builtin_version_of_their_agent(empty: str) -> None:
    await migrate(empty, "0008")
    connection = await asyncpg.connect(empty)
    await connection.execute(_OLD_ROWS)
    await connection.execute("insert into tenants (id, name) values (gen_random_uuid(), 'without sessions')")
    for persona in builtin_agents():
        await connection.execute(
            "insert into sessions"
            " (id, tenant_id, customer_id, language, channel, persona, status, last_seq, turn_count)"
            " select gen_random_uuid(), id, 'c', 'en', 'WEB', $1, 'OPEN', 0, 0 from tenants where name = 't'",
            persona,
        )
    await migrate(empty)
    rows = await connection.fetch(
        "select persona, agents.name, number, builtin, definition::text, languages from sessions"
        " left join agent_versions versions on versions.id = agent_version_id left join agents on agents.id = agent_id"
    )
    held = {row["persona"]: row for row in rows}
    assert held.pop("p")["number"] is None, "a persona that no release has"
    for name, agent in builtin_agents().items():
        row = held.pop(name)
        assert (row["name"], row["number"], row["builtin"]) == (name, 1, True)
        assert (row["definition"], row["languages"]) == (agent.to_json(), agent.languages)
    assert not held
    assert await connection.fetchval("select count(*) from agent_versions") == 2 * len(builtin_agents())
    await connection.close()
    await migrate(empty, "0008")


async def test_audio_is_stored_uncompressed(database_url: str) -> None:
    storage = "select attstorage::text from pg_attribute where attrelid = 'audio_blobs'::regclass and attname = 'data'"
    assert await ask(database_url, storage) == ["e"]


async def test_processes_that_start_together_migrate_once(empty: str) -> None:
    script = "import asyncio, sys; from db.postgres.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"
    racers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, empty, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        for _ in range(3)
    ]
    told = await asyncio.gather(*(racer.communicate() for racer in racers))
    assert [racer.returncode for racer in racers] == [0, 0, 0], told
    assert await ask(empty, "select version_num from alembic_version") == [newest_revision()]


async def test_unknown_revisions_are_refused(empty: str) -> None:
    with pytest.raises(BadUserInput, match="9999"):
        await migrate(empty, "9999")
    await migrate(empty)
    connection = await asyncpg.connect(empty)
    await connection.execute("update alembic_version set version_num = '8888'")
    await connection.close()
    with pytest.raises(BadUserInput, match="8888"):
        await migrate(empty)


async def test_a_migration_times_out_on_a_table_lock(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.postgres.migrate._TABLE_LOCK", "set lock_timeout = '200ms'")
    await migrate(empty)
    holder = await asyncpg.connect(empty)
    async with holder.transaction():
        await holder.execute(
            "select from sessions, turns, tool_calls, tenants, call_recordings, crm_records, events, messages"
        )  # locks the tables until the transaction ends
        with pytest.raises(MigrationFailed, match="lock timeout"):
            await migrate(empty, "base")
    await holder.close()
    assert await ask(empty, "select version_num from alembic_version") == [newest_revision()], "nothing is half undone"
    engine = create_async_engine(empty.replace("postgresql", "postgresql+asyncpg", 1))
    async with engine.connect() as connection:  # the advisory lock is free
        assert await connection.scalar(text("select count(*) from pg_locks where locktype = 'advisory'")) == 0
    await engine.dispose()
