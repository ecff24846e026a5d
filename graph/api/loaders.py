"""DataLoaders: batch the rows that one level of a query needs into one statement (against N+1 queries).

Each batch has its own read transaction, so concurrent batches share nothing. Nothing is cached: a subscription lives
for hours and must show current rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.dataloader import DataLoader

from db.models.base import Base
from db.postgres.database import Database
from graph.api.declared import Derived

V = TypeVar("V")

#: The column by which rows are looked up.
Key = InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None]

#: A row of the key's table. Any: SQLAlchemy's attributes do not carry the class of their rows.
Row = Any


def table_of(key: Key) -> type[Base]:
    """The model class of a key's table."""
    model = key.class_
    assert isinstance(model, type)
    assert issubclass(model, Base)
    return model


class OneBy(Protocol):
    """Looks up rows by a unique column."""

    def load(self, key: UUID) -> Awaitable[Row | None]: ...

    def load_many(self, keys: Iterable[UUID]) -> Awaitable[list[Row | None]]: ...


class ManyBy(Protocol):
    """Looks up rows by a column that several rows may share, oldest first."""

    def load(self, key: UUID) -> Awaitable[list[Row]]: ...


class ValueBy(Protocol):
    """Looks up a derived value by the id of its row."""

    def load(self, key: UUID) -> Awaitable[object]: ...


class Source(Protocol):
    """Source of the rows of nested fields: DataLoaders, or a snapshot of a session."""

    def one(self, column: Key) -> OneBy: ...

    def many(self, column: Key) -> ManyBy: ...

    def derived(self, wanted: Derived) -> ValueBy: ...


class Loaders:
    """The source that reads the database in batches; each batch sees the current rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one: dict[Key, DataLoader[UUID, Row | None]] = {}
        self._many: dict[Key, DataLoader[UUID, list[Row]]] = {}
        self._derived: dict[Derived, DataLoader[UUID, object]] = {}

    def one(self, column: Key) -> DataLoader[UUID, Row | None]:
        if column not in self._one:
            self._one[column] = self._one_by(column)
        return self._one[column]

    def many(self, column: Key) -> DataLoader[UUID, list[Row]]:
        if column not in self._many:
            self._many[column] = self._many_by(column)
        return self._many[column]

    def derived(self, wanted: Derived) -> DataLoader[UUID, object]:
        if wanted not in self._derived:
            self._derived[wanted] = self._derived_by(wanted)
        return self._derived[wanted]

    async def _rows(self, column: Key, keys: Sequence[UUID]) -> Sequence[Row]:
        model = column.class_
        ordered = select(model).where(column.in_(set(keys))).order_by(model.id)
        async with self._database.reading() as session:
            return (await session.scalars(ordered)).all()

    def _one_by(self, column: Key) -> DataLoader[UUID, Row | None]:
        async def load(keys: list[UUID]) -> list[Row | None]:
            found = {getattr(row, column.key): row for row in await self._rows(column, keys)}
            return [found.get(key) for key in keys]

        return _loader(load)

    def _many_by(self, column: Key) -> DataLoader[UUID, list[Row]]:
        async def load(keys: list[UUID]) -> list[list[Row]]:
            found: defaultdict[UUID, list[Row]] = defaultdict(list)
            for row in await self._rows(column, keys):
                found[getattr(row, column.key)].append(row)
            return [found[key] for key in keys]

        return _loader(load)

    def _derived_by(self, wanted: Derived) -> DataLoader[UUID, object]:
        async def load(keys: list[UUID]) -> list[object]:
            async with self._database.reading() as session:
                found = await read_derived(session, [wanted], keys)
            return [found[wanted][key] for key in keys]

        return _loader(load)


async def read_derived(
    session: AsyncSession, wanted: Sequence[Derived], keys: Sequence[UUID]
) -> Mapping[Derived, Mapping[UUID, object]]:
    """Derived values of rows of one table by their ids, in one statement."""
    own_id = wanted[0].column
    values = [each.sql(own_id.table.c) for each in wanted]
    rows = (await session.execute(select(own_id, *values).where(own_id.in_(set(keys))))).all()
    return {each: {row[0]: row[place] for row in rows} for place, each in enumerate(wanted, 1)}


def _loader(load: Callable[[list[UUID]], Awaitable[list[V]]]) -> DataLoader[UUID, V]:
    return DataLoader(load_fn=load, cache=False)
