"""A consistent snapshot of a session: all its rows, read in one transaction, as of one event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.types import get_object_definition

from db.enums import AudioKind
from db.models.agents import AgentVersion
from db.models.audio import Audio
from db.models.base import Base
from db.models.calls import Call
from db.models.conversation import Message, Session, Turn
from db.models.tenancy import ApiKey
from db.models.work import CrmRecord, CrmRecordChange, ModelCall, ToolCall
from graph.api.declared import READ, Derived
from graph.api.loaders import Key, Row, read_derived, table_of
from graph.api.types.session import Session as SessionType


class _One:
    """Rows by a unique column."""

    def __init__(self, rows: Sequence[Row], key: str) -> None:
        self._rows: dict[Hashable, Row] = {getattr(row, key): row for row in rows}

    async def load(self, key: UUID) -> Row | None:
        return self._rows.get(key)

    async def load_many(self, keys: Iterable[UUID]) -> list[Row | None]:
        return [self._rows.get(key) for key in keys]


class _Many:
    """Rows by a column that several rows may share."""

    def __init__(self, rows: Sequence[Row], key: str) -> None:
        self._rows: defaultdict[Hashable, list[Row]] = defaultdict(list)
        for row in rows:
            self._rows[getattr(row, key)].append(row)

    async def load(self, key: UUID) -> list[Row]:
        return self._rows.get(key, [])


class _Derived:
    """Derived values by the id of their row."""

    def __init__(self, values: Mapping[UUID, object]) -> None:
        self._values = values

    async def load(self, key: UUID) -> object:
        return self._values[key]


class Snapshot:
    """A ``graph.api.loaders.Source`` of rows and derived values that were read together."""

    def __init__(self, rows: dict[type[Base], Sequence[Row]], derived: Mapping[Derived, Mapping[UUID, object]]) -> None:
        self._rows = rows
        self._values = derived
        self._one: dict[Key, _One] = {}
        self._many: dict[Key, _Many] = {}

    def one(self, column: Key) -> _One:
        if column not in self._one:
            self._one[column] = _One(self._rows[table_of(column)], column.key)
        return self._one[column]

    def many(self, column: Key) -> _Many:
        if column not in self._many:
            self._many[column] = _Many(self._rows[table_of(column)], column.key)
        return self._many[column]

    def derived(self, wanted: Derived) -> _Derived:
        return _Derived(self._values[wanted])


async def read_snapshot(session: AsyncSession, owner: Session) -> Snapshot:
    """Reads all rows of the session ``owner`` in the caller's transaction, which must be REPEATABLE READ."""

    async def rows(column: Key, *more: ColumnElement[bool]) -> Sequence[Row]:
        model = column.class_
        return (await session.scalars(select(model).where(column == owner.id, *more).order_by(model.id))).all()

    pinned = await session.get(AgentVersion, owner.agent_version_id) if owner.agent_version_id else None
    publisher = await session.get(ApiKey, pinned.published_by) if pinned is not None and pinned.published_by else None
    changes = select(CrmRecordChange).join(CrmRecord, CrmRecord.id == CrmRecordChange.record_id)
    return Snapshot(
        {
            Session: [owner],
            AgentVersion: [] if pinned is None else [pinned],
            ApiKey: [] if publisher is None else [publisher],
            Turn: await rows(Turn.session_id),
            Message: await rows(Message.session_id),
            # Audio chunks (a reply's sentences) are part of events only.
            Audio: await rows(Audio.session_id, Audio.kind != AudioKind.CHUNK),
            ModelCall: await rows(ModelCall.session_id),
            ToolCall: await rows(ToolCall.session_id),
            CrmRecord: await rows(CrmRecord.session_id),
            CrmRecordChange: (
                await session.scalars(changes.where(CrmRecord.session_id == owner.id).order_by(CrmRecordChange.id))
            ).all(),
            Call: await rows(Call.session_id),
        },
        await read_derived(session, _derived_of_sessions(), [owner.id]),
    )


@cache
def _derived_of_sessions() -> Sequence[Derived]:
    fields = get_object_definition(SessionType, strict=True).fields
    return [each.metadata[READ] for each in fields if isinstance(each.metadata.get(READ), Derived)]
