"""Fields of events, each declared once: how it comes from a stored event, for resolvers and for the live layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.types import Info

from db.feed.events import StoredEvent
from graph.api.fields import READ, show


@dataclass(frozen=True, slots=True)
class Told:
    """What the event itself holds: text, number, truth, moment, id or null."""

    find: Callable[[StoredEvent], Any]


@dataclass(frozen=True, slots=True)
class ToldUrl:
    """The signed address of the sound whose id the event holds."""

    find: Callable[[StoredEvent], UUID]


@dataclass(frozen=True, slots=True)
class ToldRow:
    """The row of ``key``'s table, as it is now, whose id the event holds; null if it holds none."""

    key: InstrumentedAttribute[Any]
    find: Callable[[StoredEvent], UUID | None]


def told(find: Callable[[StoredEvent], Any], description: str) -> Any:
    """What the event holds, as resolvers give it."""

    def resolve(self: Any) -> Any:
        return find(self.stored)

    return strawberry.field(resolver=resolve, description=description, metadata={READ: Told(find)})


def data(name: str, kind: Callable[[Any], Any], description: str) -> Any:
    """A member of the event's data."""
    return told(lambda event: kind(event.data[name]), description)


def told_url(name: str, description: str) -> Any:
    """Where the sound can be fetched whose id is a member of the event's data."""

    def find(event: StoredEvent) -> UUID:
        return UUID(event.data[name])

    def resolve(self: Any, info: Info[Any, Any]) -> str:
        return str(info.context.audio_url(find(self.stored)))

    return strawberry.field(resolver=resolve, description=description, metadata={READ: ToldUrl(find)})


def told_row(key: InstrumentedAttribute[Any], find: Callable[[StoredEvent], UUID | None], description: str) -> Any:
    """A row that the event is about."""

    async def resolve(self: Any) -> Any:
        row_id = find(self.stored)
        return None if row_id is None else show(await self.source.one(key).load(row_id), self.source)

    return strawberry.field(resolver=resolve, description=description, metadata={READ: ToldRow(key, find)})


def in_data(name: str) -> Callable[[StoredEvent], UUID | None]:
    """The id that is a member of the event's data, if there is one."""

    def find(event: StoredEvent) -> UUID | None:
        value = event.data.get(name)
        return None if value is None else UUID(value)

    return find
