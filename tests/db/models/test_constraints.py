"""Constraints of the tables: enum values, time zones, foreign keys within a session, counters."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import Column, Connection, DateTime, Enum, Insert, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.enums import AudioKind, CallStatus, EventType, Stage
from db.ids import new_id
from db.models.audio import Audio
from db.models.calls import Call
from db.models.conversation import Message, Session, Turn
from db.models.events import Event
from db.models.metadata import metadata
from db.models.work import CrmRecord, ModelCall, ToolCall
from db.postgres.database import Database
from db.viewer import Viewer
from tests.db.calls.rows import open_call
from tests.db.rows import claimed, open_session, say, send_recording

#: Columns that end in _id and are no foreign keys: the client's and the customer's own ids.
_NAMES_NO_ROW = {
    ("sessions", "customer_id"),
    ("crm_records", "customer_id"),
    ("crm_records", "account_id"),
    # Copies of the passage's, whose row they die with: the search reads one table.
    ("knowledge_sentences", "agent_version_id"),
    ("knowledge_sentences", "tenant_id"),
}

_COLUMNS = [(table.name, column) for table in metadata.sorted_tables for column in table.columns]


def choices() -> Iterator[tuple[str, Column[Any], type[StrEnum]]]:
    for table, column in _COLUMNS:
        words = column.type.enum_class if isinstance(column.type, Enum) else None
        if words is not None and issubclass(words, StrEnum):
            yield table, column, words


def test_there_are_enum_columns() -> None:
    assert len(list(choices())) >= 13


async def test_an_enum_column_accepts_only_its_values(database: Database) -> None:
    """Evaluates each check constraint of the database by itself, without rows."""
    query = text(
        "select pg_get_constraintdef(oid) from pg_constraint "
        "where conrelid = cast(:table as regclass) and contype = 'c' and conkey = array["
        "(select attnum from pg_attribute where attrelid = conrelid and attname = :column)]"
    )
    async with database.engine.connect() as connection:
        for table, column, words in choices():
            found = (await connection.scalars(query, {"table": table, "column": column.name})).all()
            checks = [each for each in found if all(f"'{word.value}'" in each for word in words)]
            assert len(checks) == 1, f"{table}.{column.name}"
            condition = text(
                "select " + checks[0].removeprefix("CHECK ").replace(column.name, "cast(:word as varchar)")
            )
            first = next(iter(words)).value
            for word in words:
                assert await connection.scalar(condition, {"word": word.value}) is True
            for wrong in ("", "NONSENSE", first.swapcase(), f"{first} "):
                assert await connection.scalar(condition, {"word": wrong}) is False, f"{table}.{column.name}"


def test_every_datetime_column_has_a_time_zone() -> None:
    moments = [column.type for _, column in _COLUMNS if isinstance(column.type, DateTime)]
    assert len(moments) >= 15
    assert all(moment.timezone for moment in moments)


async def test_no_column_of_the_database_is_without_time_zone(database: Database) -> None:
    def naive(connection: Connection) -> list[str]:
        found = inspect(connection)
        return [
            f"{table}.{column['name']}"
            for table in metadata.tables
            for column in found.get_columns(table)
            if isinstance(column["type"], DateTime) and not column["type"].timezone
        ]

    async with database.engine.connect() as connection:
        assert await connection.run_sync(naive) == []


def test_every_id_of_a_row_is_a_foreign_key() -> None:
    loose = {
        (table, column.name)
        for table, column in _COLUMNS
        if column.name.endswith("_id") and not column.foreign_keys and (table, column.name) not in _NAMES_NO_ROW
    }
    assert loose == set()


@pytest.fixture
async def turn_a(database: Database, viewer: Viewer) -> Turn:
    return await _turn(database, viewer)


@pytest.fixture
async def turn_b(database: Database, viewer: Viewer) -> Turn:
    return await _turn(database, viewer)


async def _turn(database: Database, viewer: Viewer) -> Turn:
    turn_id = await send_recording(database, viewer, await open_session(database, viewer))
    await claimed(database, turn_id)
    async with database.reading() as session:
        return (await session.execute(select(Turn).where(Turn.id == turn_id))).scalar_one()


def _message(a: Turn, b: Turn) -> Insert:
    return insert(Message).values(
        id=new_id(), session_id=a.session_id, turn_id=b.id, role="ASSISTANT", type="TEXT", text="hi"
    )


def _audio(a: Turn, b: Turn) -> Insert:
    return insert(Audio).values(
        id=new_id(),
        session_id=a.session_id,
        turn_id=b.id,
        kind=AudioKind.CHUNK,
        store_key="k",
        mime_type="audio/wav",
        duration_ms=1,
        sample_rate=1,
        size_bytes=1,
    )


def _event(a: Turn, b: Turn) -> Insert:
    return insert(Event).values(session_id=a.session_id, seq=1000, turn_id=b.id, type=EventType.TURN_STARTED, data={})


def _model_call(a: Turn, b: Turn) -> Insert:
    return insert(ModelCall).values(
        id=new_id(),
        session_id=a.session_id,
        turn_id=b.id,
        stage=Stage.ASR,
        engine="e",
        model="m",
        status=CallStatus.OK,
        attempt=1,
        started_at=b.queued_at,
        wait_ms=0,
        duration_ms=0,
    )


def _tool_call(a: Turn, b: Turn) -> Insert:
    return insert(ToolCall).values(
        id=new_id(), session_id=a.session_id, turn_id=b.id, name="n", server="s", arguments={}, idempotency_key="k"
    )


async def test_a_row_cannot_mix_two_sessions(database: Database, turn_a: Turn, turn_b: Turn) -> None:
    for row in (_message, _audio, _event, _model_call, _tool_call):
        with pytest.raises(IntegrityError, match="fk_"):
            async with database.transaction() as session:
                await session.execute(row(turn_a, turn_b))
        async with database.transaction() as session:
            await session.execute(row(turn_b, turn_b))


async def test_a_turn_and_a_recording_belong_to_a_call_of_their_session(
    database: Database, viewer: Viewer, turn_a: Turn, turn_b: Turn
) -> None:
    call = await open_call(database, viewer, turn_a.session_id)

    def recording(turn: Turn, **given: object) -> Insert:
        values = {"kind": AudioKind.CALL, "turn_id": None, "call_id": call.id, **given}
        return _audio(turn, turn).values(values)

    wrong = [
        update(Turn).where(Turn.id == turn_b.id).values(call_id=call.id),
        recording(turn_b),
        recording(turn_a, call_id=None),
        recording(turn_a, turn_id=turn_a.id),
        recording(turn_a, kind=AudioKind.CHUNK),
    ]
    for statement in wrong:
        with pytest.raises(IntegrityError, match=r"fk_|ck_audio"):
            async with database.transaction() as session:
                await session.execute(statement)
    async with database.transaction() as session:
        await session.execute(update(Turn).where(Turn.id == turn_a.id).values(call_id=call.id))
        await session.execute(recording(turn_a))
    with pytest.raises(IntegrityError, match="uq_audio_call_id"):
        async with database.transaction() as session:
            await session.execute(recording(turn_a))


async def test_a_session_has_one_open_call(database: Database, viewer: Viewer, turn_a: Turn) -> None:
    call = await open_call(database, viewer, turn_a.session_id)
    copy = {column.name: getattr(call, column.name) for column in Call.__table__.columns}
    with pytest.raises(IntegrityError, match="uq_calls_open"):
        async with database.transaction() as session:
            await session.execute(insert(Call).values({**copy, "id": new_id()}))


async def test_a_message_cannot_have_another_turns_audio(database: Database, turn_a: Turn, turn_b: Turn) -> None:
    async def swap(session: AsyncSession, to: Turn) -> None:
        theirs = select(Audio.id).where(Audio.turn_id == to.id).scalar_subquery()
        await session.execute(update(Message).where(Message.turn_id == turn_a.id).values(audio_id=theirs))

    async with database.transaction() as session:
        await swap(session, turn_a)
    with pytest.raises(IntegrityError, match="fk_messages_turn_id_audio_id"):
        async with database.transaction() as session:
            await swap(session, turn_b)


async def test_a_crm_record_cannot_mix_sessions_or_tenants(
    database: Database, viewer: Viewer, other_key: str, turn_a: Turn, turn_b: Turn
) -> None:
    call_id = new_id()
    async with database.transaction() as session:
        await session.execute(
            insert(ToolCall).values(
                id=call_id, session_id=turn_a.session_id, name="n", server="s", arguments={}, idempotency_key="k"
            )
        )
    other_tenant = text("select id from tenants where name = 'rival'")

    async def file(session: AsyncSession, **given: object) -> None:
        values = {
            "id": new_id(),
            "tenant_id": viewer.tenant_id,
            "session_id": turn_a.session_id,
            "tool_call_id": call_id,
            "scenario": "s",
            "reference": "r",
            "customer_id": "c",
            "query": "q",
            "intent": "i",
            "priority": "NORMAL",
            "details": {},
            **given,
        }
        await session.execute(insert(CrmRecord).values(values))

    async with database.reading() as session:
        rival = await session.scalar(other_tenant)
    for wrong in ({"session_id": turn_b.session_id}, {"tenant_id": rival}):
        with pytest.raises(IntegrityError, match="fk_crm_records"):
            async with database.transaction() as session:
                await file(session, **wrong)
    async with database.transaction() as session:
        await file(session)


async def test_counters_cannot_be_negative(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    turn_id = await say(database, viewer, session_id)
    wrong = [
        update(Session).where(Session.id == session_id).values(last_seq=-1),
        update(Session).where(Session.id == session_id).values(turn_count=-1),
        update(Turn).where(Turn.id == turn_id).values(number=0),
        update(Turn).where(Turn.id == turn_id).values(attempt=-1),
    ]
    for statement in wrong:
        with pytest.raises(IntegrityError, match="counters"):
            async with database.transaction() as session:
                await session.execute(statement)
