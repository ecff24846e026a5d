"""Declarations of event fields: how each is read from a stored event, by resolvers and by compiled subscriptions.

As in ``graph.api.fields``, the type of a declaration is that of its field's value.
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

#: Converts a member of an event's data to a field's value.
Kind = Callable[[Json], V]


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value in the event itself: string, number, Boolean, time, id or None."""

    find: Callable[[StoredEvent], object]


@dataclass(frozen=True, slots=True)
class StoredUrl:
    """The signed URL of an audio; the event has its id."""

    find: Callable[[StoredEvent], UUID]


@dataclass(frozen=True, slots=True)
class StoredRow:
    """The current row of ``key``'s table by an id in the event; None if the event has no id.

    ``same_session``: whether it is always a row of the event's session.
    """

    key: InstrumentedAttribute[UUID]
    find: Callable[[StoredEvent], UUID | None]
    same_session: bool = True


class _Parent(Protocol):
    """The event object whose field is resolved."""

    @property
    def stored(self) -> StoredEvent: ...

    @property
    def source(self) -> Source: ...


def stored_value(find: Callable[[StoredEvent], V], description: str) -> V:
    """A field with a value of the event itself."""

    def resolve(self: _Parent) -> object:
        return find(self.stored)

    return cast("V", declare(resolve, description, StoredValue(find)))


def data(name: str, kind: Kind[V], description: str) -> V:
    """A field with a member of the event's data."""
    return stored_value(lambda event: kind(event.data[name]), description)


def optional_data(name: str, kind: Kind[V], description: str) -> V | None:
    """A field with a member of the event's data that may be absent or null."""

    def find(event: StoredEvent) -> V | None:
        value = event.data.get(name)
        return None if value is None else kind(value)

    return stored_value(find, description)


def stored_url(name: str, description: str) -> str:
    """A field with the signed URL of the audio whose id is a member of the event's data."""

    def find(event: StoredEvent) -> UUID:
        return UUID(event.data[name])

    def resolve(self: _Parent, info: Info) -> str:
        return info.context.audio_url(find(self.stored))

    return cast("str", declare(resolve, description, StoredUrl(find)))


@overload
def stored_row(
    shown: Shows[R, T],
    key: InstrumentedAttribute[UUID],
    find: Callable[[StoredEvent], UUID],
    description: str,
    *,
    same_session: bool = True,
) -> T: ...
@overload
def stored_row(
    shown: Shows[R, T], key: InstrumentedAttribute[UUID], find: Callable[[StoredEvent], UUID | None], description: str
) -> T | None: ...
def stored_row(
    shown: Shows[R, T],
    key: InstrumentedAttribute[UUID],
    find: Callable[[StoredEvent], UUID | None],
    description: str,
    *,
    same_session: bool = True,
) -> object:
    """A field with a row that the event refers to, as of the time of the read."""

    async def resolve(self: _Parent) -> object:
        row_id = find(self.stored)
        row = None if row_id is None else await self.source.one(key).load(row_id)
        return None if row is None else show(shown, row, self.source)

    return declare(resolve, description, StoredRow(key, find, same_session))


def in_data(name: str) -> Callable[[StoredEvent], UUID | None]:
    """Finds an id in the event's data; None if it is absent."""

    def find(event: StoredEvent) -> UUID | None:
        value = event.data.get(name)
        return None if value is None else UUID(value)

    return find


def always(find: Callable[[StoredEvent], UUID | None]) -> Callable[[StoredEvent], UUID]:
    """The same function, for GraphQL types whose events always have that id."""
    return cast("Callable[[StoredEvent], UUID]", find)
