"""Every query uses an index: the real code runs, and the plan (EXPLAIN) of each statement that it sends is checked.

With ``enable_seqscan`` off, a plan with a sequential scan shows that there is no index for the query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLObjectType
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from db.audio.encoded import EncodedAudio
from db.audio.persist import new_audio
from db.calls import begin, commits, connections
from db.calls.reopen import reopen
from db.calls.replies import interrupt
from db.calls.values import PlaybackReport
from db.commands import calls, keys, messages
from db.enums import AudioKind, CallStatus, CallTransport, EventType, PlaybackSource, Role, SessionStatus, Stage
from db.errors import NotFound
from db.feed import events
from db.ids import new_id
from db.models.audio import Audio
from db.models.conversation import Session
from db.models.work import CrmRecord
from db.overview.period import Period
from db.overview.reads import OverviewReads
from db.postgres.database import Database
from db.queue import workers
from db.queue.limits import QueueLimits
from db.turns import claims, crm, session_end, tool_calls
from db.turns.live_values import Playback
from db.turns.statement import statement_of
from db.turns.tool_calls import NewToolCall
from db.turns.values import FinishedCall
from db.turns.writes import NewReply, ToolCallEnd, TurnEnd, TurnEvent, TurnWrite
from db.viewer import Viewer
from graph.api.declared import Related, declared
from graph.api.loaders import Loaders
from graph.api.paging import Page, between
from graph.api.queries import own_session, own_turn
from graph.api.schema import schema
from graph.api.snapshot import read_snapshot
from tests.db.calls.rows import began, connected, owner, recording, spoken
from tests.db.rows import STORE, claimed, open_session, say, send_recording

Statements = list[tuple[str, Any]]

#: Rows of other sessions, enough that the planner does not scan a whole index.
_OTHERS = """
insert into tenants (id, name) select gen_random_uuid(), 'tenant-' || n from generate_series(1, 300) n;
insert into api_keys (id, tenant_id, name, prefix, secret_hash)
  select gen_random_uuid(), id, 'k', 'p', sha256(id::text::bytea) from tenants where name like 'tenant-%';
insert into sessions (id, tenant_id, customer_id, language, channel, persona, status, last_seq, turn_count)
  select gen_random_uuid(), id, 'c-' || n, 'en', 'WEB', 'p', 'OPEN', 2, 2
  from tenants, generate_series(1, 2) n where name like 'tenant-%'
  union all select gen_random_uuid(), id, 'c-' || n, 'en', 'WEB', 'p', 'OPEN', 2, 2
  from tenants, generate_series(1, 400) n where name = 'acme';
insert into turns (id, session_id, number, status, attempt, request_hash)
  select gen_random_uuid(), id, n, 'QUEUED', 0, '' from sessions, generate_series(1, 2) n where persona = 'p';
insert into audio (id, session_id, turn_id, kind, store_key, mime_type, duration_ms, sample_rate, size_bytes)
  select gen_random_uuid(), session_id, id, 'CHUNK', 'k', 'audio/wav', 1, 1, 1 from turns where request_hash = '';
insert into audio_blobs (key, data) select id::text, '' from audio where kind = 'CHUNK';
insert into messages (id, session_id, turn_id, role, type, text, audio_id)
  select gen_random_uuid(), session_id, turn_id, 'USER', 'AUDIO', 'hi', id from audio where kind = 'CHUNK';
insert into model_calls (id, session_id, turn_id, stage, engine, model, status, attempt, started_at, wait_ms,
    duration_ms)
  select gen_random_uuid(), session_id, id, 'LLM', 'e', 'm', 'OK', 1, now(), 0, 0 from turns where request_hash = '';
insert into tool_calls (id, session_id, turn_id, attempt, name, server, arguments, status, idempotency_key)
  select gen_random_uuid(), session_id, id, 1, 'n', 's', '{}', 'PENDING', id::text from turns where request_hash = '';
insert into crm_records (id, tenant_id, session_id, tool_call_id, scenario, reference, customer_id, query, intent,
    priority, status, details)
  select gen_random_uuid(), tenant_id, s.id, c.id, 's', left(c.id::text, 12), customer_id, 'q', 'i', 'LOW', 'DONE', '{}'
  from tool_calls c join sessions s on s.id = c.session_id where c.name = 'n';
insert into crm_record_changes (id, record_id, session_id, tool_call_id, before, after)
  select gen_random_uuid(), id, session_id, tool_call_id, '{}', '{}' from crm_records where scenario = 's';
with others as (
  insert into agents (id, tenant_id, name, version) select gen_random_uuid(), id, 'a' || n, 1
  from tenants, generate_series(1, 3) n where name like 'tenant-%' or name = 'acme' returning id, tenant_id
)
insert into agent_versions (id, tenant_id, agent_id, number, definition, checksum, languages)
  select gen_random_uuid(), tenant_id, id, n, '{}', sha256(n::text::bytea), '{en}' from others, generate_series(1, 2) n;
insert into events (session_id, seq, turn_id, type, data)
  select session_id, number, id, 'TurnQueued', '{}' from turns where request_hash = '';
insert into calls (id, tenant_id, session_id, status, transport, language, turn_taking, request_hash, ended_at,
    end_reason)
  select gen_random_uuid(), tenant_id, id, case n when 1 then 'ENDED' else 'OPENED' end, 'REALTIME', 'en', '{}', '',
    case n when 1 then now() end, case n when 1 then 'CALLER' end
  from sessions, generate_series(1, 2) n where persona = 'p';
insert into call_sounds (call_id, seq, at_ms, data) select id, n, 0, '' from calls, generate_series(1, 2) n;
update turns set call_id = calls.id from calls where calls.session_id = turns.session_id;
insert into workers (id, host, pid, capacity, engines, heartbeat_at)
  select gen_random_uuid(), 'h', n, 1, '[]', now() - interval '1 day' from generate_series(1, 500) n;
analyze;
"""


@contextmanager
def watched(database: Database) -> Iterator[Statements]:
    """Collects the statements that are sent, with their parameters."""
    seen: Statements = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        seen.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


async def plans(database: Database, statement: str, parameters: Any) -> list[dict[str, Any]]:
    connection = await database.connect()
    try:
        await connection.set_type_codec("jsonb", encoder=str, decoder=str, schema="pg_catalog")
        await connection.execute("set enable_seqscan = off")
        found = await connection.fetchval(f"explain (format json) {statement}", *parameters)
        return list(nodes(json.loads(found)[0]["Plan"]))
    finally:
        await connection.close()


#: The first column of each index.
_LEADING = """select indexrelid::regclass::text, pg_get_indexdef(indexrelid, 1, true) from pg_index
  join pg_class on pg_class.oid = indexrelid where relnamespace = 'public'::regnamespace"""


def led(leading: Mapping[str, str], step: dict[str, Any]) -> bool:
    """Whether the index condition uses the first column of the index; otherwise the whole index is scanned."""
    name = step.get("Index Name")
    return name is None or re.search(rf"\b{leading[name]}\)?(::\w+)? (=|<|>)", step.get("Index Cond", "")) is not None


async def assert_indexed(database: Database, statements: Statements) -> None:
    looked = 0
    async with database.reading() as session:
        leading: dict[str, str] = dict((await session.execute(text(_LEADING))).all())
    for statement, parameters in statements:
        if not statement.lower().lstrip().startswith(("select", "update", "with")):
            continue
        steps = await plans(database, statement, parameters)
        full = {step["Relation Name"] for step in steps if step["Node Type"] == "Seq Scan"}
        full |= {step["Index Name"] for step in steps if not led(leading, step)}
        assert full == set(), f"{full} read from end to end by {statement}"
        looked += any("Index" in step["Node Type"] for step in steps)
    assert looked > 0, "nothing was looked up"


@pytest.fixture
async def filled(database: Database, viewer: Viewer) -> tuple[Session, UUID]:
    """One session with a turn among many others, analyzed for the planner."""
    for _ in range(3):
        session_id = await open_session(database, viewer)
        turn_id = await send_recording(database, viewer, session_id)
        await say(database, viewer, session_id, key="k")
    connection = await database.connect()
    await connection.execute(_OTHERS)
    await connection.close()
    async with database.reading() as session:
        owner = (await session.execute(select(Session).where(Session.id == session_id))).scalar_one()
    return owner, turn_id


Reads = Callable[[AsyncSession, Viewer, Session, UUID], Awaitable[object]]


def listed(query: Any, column: Any) -> Reads:
    async def run(session: AsyncSession, viewer: Viewer, owner: Session, turn_id: UUID) -> object:
        asked = Page.of(20, "AY" * 11, None, None)
        return (await session.scalars(between(query(viewer, owner), column, asked))).all()

    return run


async def driver_sql(session: AsyncSession, sql: str, arguments: tuple[Any, ...]) -> None:
    """Runs a statement of the read path."""
    await (await session.connection()).exec_driver_sql(sql.strip(), arguments)


_READS: dict[str, Reads] = {
    "session": lambda s, v, o, t: s.scalar(own_session(v, str(o.id))),
    "turn": lambda s, v, o, t: s.scalar(own_turn(v, str(t))),
    "sessions": listed(lambda v, o: select(Session).where(Session.tenant_id == v.tenant_id), Session.id),
    "sessions of a customer": listed(
        lambda v, o: select(Session).where(Session.tenant_id == v.tenant_id, Session.customer_id == o.customer_id),
        Session.id,
    ),
    "sessions by everything else": listed(
        lambda v, o: select(Session).where(
            Session.tenant_id == v.tenant_id,
            Session.status == SessionStatus.OPEN,
            Session.language == "en",
            Session.created_at >= datetime(2020, 1, 1, tzinfo=UTC),
        ),
        Session.id,
    ),
    "CRM records": listed(lambda v, o: select(CrmRecord).where(CrmRecord.tenant_id == v.tenant_id), CrmRecord.id),
    "CRM records of a customer": listed(
        lambda v, o: select(CrmRecord).where(CrmRecord.tenant_id == v.tenant_id, CrmRecord.customer_id == "c"),
        CrmRecord.id,
    ),
    "CRM records of a session": listed(
        lambda v, o: select(CrmRecord).where(CrmRecord.tenant_id == v.tenant_id, CrmRecord.session_id == o.id),
        CrmRecord.id,
    ),
    "conversation": lambda s, v, o, t: read_snapshot(s, o),
    "events": lambda s, v, o, t: driver_sql(s, events.NEXT_EVENTS, ([o.id, t], [1, 1], 200)),
    "newest events": lambda s, v, o, t: driver_sql(s, events.LAST_SEQS, ([o.id, t],)),
    "key": lambda s, v, o, t: driver_sql(s, keys.FIND_KEY, (b"x",)),
    "server's secret": lambda s, v, o, t: keys.server_secret(s, "media"),
    "records for a tool": lambda s, v, o, t: crm.find_records(s, o.id, scenario="billing_query", limit=5),
    "workers": lambda s, v, o, t: workers.find_alive(s, 30),
    "media": lambda s, v, o, t: s.scalar(select(Audio).where(Audio.turn_id == t)),
    "end of a session": lambda s, v, o, t: session_end.append_session_ended(s, o.id),
    "resend": lambda s, v, o, t: messages.send_message(
        s, v, session_id=o.id, content=messages.TextContent("hello"), idempotency_key="k"
    ),
    "tool call": lambda s, v, o, t: tool_calls.begin(s, NewToolCall(o.id, t, 1, "n", "s", {}, "key")),
    "tool call by hand": lambda s, v, o, t: tool_calls.begin_manual(
        s, o.id, name="n", server="s", arguments={}, idempotency_key="key"
    ),
    "abandoned tool calls": lambda s, v, o, t: tool_calls.find_expired(s, 100),
    "open a call": lambda s, v, o, t: calls.open_call(
        s, v, session_id=o.id, transport=CallTransport.REALTIME, idempotency_key="k"
    ),
    "close a call": lambda s, v, o, t: calls.close_call(s, v, call_id=t),
    "connect a call": lambda s, v, o, t: connections.connect(s, tenant_id=v.tenant_id, call_id=t),
    "tool call's lock": lambda s, v, o, t: tool_calls.lock(s, v.tenant_id, o.id, t),
}


async def test_look_ups_use_indexes(database: Database, viewer: Viewer, filled: tuple[Session, UUID]) -> None:
    wrong: list[str] = []
    for name, read in _READS.items():
        with watched(database) as statements:
            try:
                async with database.transaction() as session:
                    await read(session, viewer, *filled)
            except Exception as error:
                if getattr(error, "code", None) not in ("NOT_FOUND", "UNAUTHENTICATED"):
                    raise
        try:
            await assert_indexed(database, statements)
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    assert wrong == []


async def test_reads_of_an_overview_use_indexes(
    database: Database, viewer: Viewer, filled: tuple[Session, UUID]
) -> None:
    period = Period.of(None, datetime.now(UTC) - timedelta(days=1), "UTC", datetime.now(UTC))  # few rows of many
    reads = OverviewReads(database)
    with watched(database) as statements:
        await reads.calls_in_progress(viewer.tenant_id)
        for read in (reads.stages, reads.whole_turns, reads.days):
            await read(viewer.tenant_id, period)
    assert len(statements) == 6
    await assert_indexed(database, statements)
    with watched(database) as statements:
        await reads.queue(viewer.tenant_id)
        await reads.errors(viewer.tenant_id, period)
    assert len(statements) == 2
    for statement, parameters in statements:
        for step in await plans(database, statement, parameters):
            # Indexes of unfinished and of failed turns alone may be read from end to end: there are few.
            assert step["Node Type"] != "Seq Scan", step


async def test_writes_of_a_turn_use_indexes(database: Database, viewer: Viewer, filled: tuple[Session, UUID]) -> None:
    claim = await claimed(database, filled[1])
    call = FinishedCall(Stage.LLM, "fake", "m", CallStatus.OK, datetime.now(UTC), 0, 1)
    audio = new_audio(AudioKind.REPLY, EncodedAudio(b"x", "audio/wav", 1, 1), session_id=claim.session_id)
    new = NewToolCall(claim.session_id, claim.turn_id, 1, "n", "s", {}, "key")
    event = TurnEvent(EventType.AUDIO_READY, message=Role.ASSISTANT)
    writes = [
        TurnWrite((event,), calls={new_id(): call}, transcript=("hello", "en"), audio=audio, reply_audio=audio.id),
        TurnWrite(tool_call=new, tool_end=ToolCallEnd(new_id(), {}, None)),
        TurnWrite(reply=NewReply(new_id(), "hello", "en"), end=TurnEnd({}, None)),
    ]
    await assert_indexed(database, [statement_of(claim, 0, writes), (claims.START, [claim.turn_id])])


async def test_writes_of_a_call_use_indexes(database: Database, viewer: Viewer, filled: tuple[Session, UUID]) -> None:
    call = await connected(database, viewer)
    lease, turn = call.lease, spoken(call.lease.session_id, await owner(database))
    await assert_indexed(database, [(begin._BEGIN, begin._arguments(lease, 0, turn, QueueLimits()))])
    claim, _ = await began(database, call, turn)
    heard = Playback("", 0, 0, interrupted=True, source=PlaybackSource.NONE)
    report = PlaybackReport(claim.turn_id, heard, turn.live)
    with watched(database) as statements:
        async with database.transaction() as session:
            more = replace(turn, audio=recording(lease.session_id), call_id=new_id())
            await reopen(session, lease, 1, claim, more)
        async with database.transaction() as session:
            await interrupt(session, lease, 2, report)
    await assert_indexed(database, statements)
    arguments = [lease.session_id, lease.call_id, 1, 3, 0, 1, [], [], []]
    shown = json.dumps([{"turn_id": str(claim.turn_id)}])
    await assert_indexed(database, [(commits._AUDIO, arguments), (commits._ALL, [*arguments, shown, shown])])
    await assert_indexed(database, [(connections._BEAT, [[lease.call_id], [1]])])


def related_columns() -> list[InstrumentedAttribute[Any]]:
    """Every column by which the data loaders of nested fields select."""
    found: set[InstrumentedAttribute[Any]] = set()
    for shown in schema.graphql_schema.type_map.values():
        for field in shown.fields.values() if isinstance(shown, GraphQLObjectType) else ():
            read = declared(field)
            if isinstance(read, Related):
                found.add(getattr(read.model, read.key))
                if read.through is not None:
                    found.add(getattr(read.through.model, read.through.own))
    return sorted(found, key=str)


async def test_stored_audio_is_found_by_its_index(database: Database, filled: tuple[Session, UUID]) -> None:
    with watched(database) as statements, pytest.raises(NotFound):
        await STORE.get(database, "nothing", 0, 10)
    await assert_indexed(database, statements)


async def test_loaders_use_indexes(database: Database, filled: tuple[Session, UUID]) -> None:
    loaders = Loaders(database)
    for column in related_columns():
        with watched(database) as statements:
            await loaders.many(column).load_many([filled[0].id, filled[1]])
        await assert_indexed(database, statements)
