"""Declarations of the fields of events: how each comes from a stored event, for resolvers and for the live layer.

As in ``graph.api.fields``, a declaration is to a type checker the value that its field resolves to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast, overload
from uuid import UUID

from sqlalchemy.orm import InstrumentedAttribute

from db.feed.events import StoredEvent
from db.json_value import Json
from graph.api.context import Info
from graph.api.fields import Shows, declare
from graph.api.loaders import Source
from graph.api.relations import show

V = TypeVar("V")
R = TypeVar("R")
T = TypeVar("T")

#: Makes a field's value from a member of an event's data.
Kind = Callable[[Json], V]


@dataclass(frozen=True, slots=True)
class Told:
    """What the event itself holds: text, number, truth, moment, id or None."""

    find: Callable[[StoredEvent], object]


@dataclass(frozen=True, slots=True)
class ToldUrl:
    """The signed URL of the audio whose id the event holds."""

    find: Callable[[StoredEvent], UUID]


@dataclass(frozen=True, slots=True)
class ToldRow:
    """The row of ``key``'s table, as it is now, whose id the event holds; None if it holds none."""

    key: InstrumentedAttribute[UUID]
    find: Callable[[StoredEvent], UUID | None]


class _Parent(Protocol):
    """The event whose field is resolved."""

    @property
    def stored(self) -> StoredEvent: ...

    @property
    def source(self) -> Source: ...


def told(find: Callable[[StoredEvent], V], description: str) -> V:
    """What the event holds, as resolvers give it."""

    def resolve(self: _Parent) -> object:
        return find(self.stored)

    return cast("V", declare(resolve, description, Told(find)))


def data(name: str, kind: Kind[V], description: str) -> V:
    """A member of the event's data."""
    return told(lambda event: kind(event.data[name]), description)


def optional_data(name: str, kind: Kind[V], description: str) -> V | None:
    """A member of the event's data that may be absent or null."""

    def find(event: StoredEvent) -> V | None:
        value = event.data.get(name)
        return None if value is None else kind(value)

    return told(find, description)


def told_url(name: str, description: str) -> str:
    """The signed URL of the audio whose id is a member of the event's data."""

    def find(event: StoredEvent) -> UUID:
        return UUID(event.data[name])

    def resolve(self: _Parent, info: Info) -> str:
        return info.context.audio_url(find(self.stored))

    return cast("str", declare(resolve, description, ToldUrl(find)))


@overload
def told_row(
    shown: Shows[R, T], key: InstrumentedAttribute[UUID], find: Callable[[StoredEvent], UUID], description: str
) -> T: ...
@overload
def told_row(
    shown: Shows[R, T], key: InstrumentedAttribute[UUID], find: Callable[[StoredEvent], UUID | None], description: str
) -> T | None: ...
def told_row(
    shown: Shows[R, T], key: InstrumentedAttribute[UUID], find: Callable[[StoredEvent], UUID | None], description: str
) -> object:
    """The row that the event is about, as it is now."""

    async def resolve(self: _Parent) -> object:
        row_id = find(self.stored)
        row = None if row_id is None else await self.source.one(key).load(row_id)
        return None if row is None else show(shown, row, self.source)

    return declare(resolve, description, ToldRow(key, find))


def in_data(name: str) -> Callable[[StoredEvent], UUID | None]:
    """The id that is a member of the event's data, if there is one."""

    def find(event: StoredEvent) -> UUID | None:
        value = event.data.get(name)
        return None if value is None else UUID(value)

    return find


def always(find: Callable[[StoredEvent], UUID | None]) -> Callable[[StoredEvent], UUID]:
    """The same, for a GraphQL type whose events all hold that id."""
    return cast("Callable[[StoredEvent], UUID]", find)
