"""Serialization of events for compiled subscriptions: the payload of an event is shared by all its subscribers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

import orjson
from graphql import FieldNode, GraphQLNonNull, GraphQLObjectType, get_named_type
from sqlalchemy import Uuid, select

from db.feed.events import StoredEvent
from db.postgres.reader import Reader
from graph.api.declared import declared
from graph.api.event_fields import StoredRow, StoredUrl, StoredValue
from graph.compiled.reads.objects import Writer
from graph.compiled.reads.selection import Unsupported, inner
from graph.compiled.reads.sql_json import BROKEN, DIALECT, joined
from graph.datetime_scalar import written
from graph.media.signing import SoundUrls

_ROW, _SESSION = "row_id", "session_id"


class Missing(Exception):
    """A row that an event refers to, in a non-null field, does not exist."""


@dataclass(frozen=True, slots=True)
class _RowText:
    """Reads one row's object as JSON text."""

    sql: str
    names: tuple[str, ...]
    find: Callable[[StoredEvent], UUID | None]
    nullable: bool

    async def read(self, event: StoredEvent, reader: Reader, urls: SoundUrls) -> orjson.Fragment | None:
        row_id = self.find(event)
        text: str | None = None
        if row_id is not None:
            values = {_ROW: row_id, _SESSION: event.session_id, **urls.values()}
            row = await reader.row(self.sql, [values[name] for name in self.names])
            text = None if row is None else row[0]
        if (text is None and not self.nullable) or (text is not None and BROKEN in text):
            raise Missing
        return None if text is None else orjson.Fragment(text)


class EventWriter:
    """Writes events of one type. ``asks``: whether it reads rows, which change; else an event's text is constant."""

    def __init__(self, head: str, writer: Writer, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> None:
        self._head = head
        self._plain: dict[str, Callable[[StoredEvent, SoundUrls], object]] = {}
        self._rows: dict[str, _RowText] = {}
        self._order: list[str] = []
        for key, selected in writer.selected(kind, inner(nodes)).items():
            self._order.append(key)
            self._add(key, writer, kind, selected)

    @property
    def asks(self) -> bool:
        return bool(self._rows)

    def write(self, event: StoredEvent, urls: SoundUrls) -> str:
        """The payload (JSON text) of an event whose selection needs no rows."""
        return self._whole({key: find(event, urls) for key, find in self._plain.items()})

    async def write_with_rows(self, event: StoredEvent, urls: SoundUrls, reader: Reader) -> str:
        """The payload (JSON text) of an event, with its current rows. Raises Missing and the reader's errors."""
        found: dict[str, object] = {key: find(event, urls) for key, find in self._plain.items()}
        for key, row in self._rows.items():
            found[key] = await row.read(event, reader, urls)
        return self._whole({key: found[key] for key in self._order})

    def _whole(self, members: Mapping[str, object]) -> str:
        return f"{self._head}{orjson.dumps(members).decode()}}}}}"

    def _add(self, key: str, writer: Writer, kind: GraphQLObjectType, nodes: Sequence[FieldNode]) -> None:
        name = nodes[0].name.value
        if name == "__typename":
            self._plain[key] = _constant(kind.name)
            return
        field = kind.fields[name]
        match declared(field):
            case StoredValue(find):
                self._plain[key] = _moment(find) if get_named_type(field.type).name == "DateTime" else _value(find)
            case StoredUrl(find):
                self._plain[key] = _url(find)
            case StoredRow() as shown:
                nullable = not isinstance(field.type, GraphQLNonNull)
                self._rows[key] = _row_text(writer, get_named_type(field.type), nodes, shown, nullable=nullable)
            case _:
                raise Unsupported(f"{kind.name}.{name}")


_Find = Callable[[StoredEvent, SoundUrls], object]


def _constant(text: str) -> _Find:
    return lambda _, __: text


def _url(find: Callable[[StoredEvent], UUID]) -> _Find:
    return lambda event, urls: urls.of(find(event))


def _value(find: Callable[[StoredEvent], object]) -> _Find:
    return lambda event, _: find(event)


def _moment(find: Callable[[StoredEvent], object]) -> _Find:
    return lambda event, _: written(cast("datetime", find(event)))


def _row_text(
    writer: Writer, kind: GraphQLObjectType, nodes: Sequence[FieldNode], shown: StoredRow, *, nullable: bool
) -> _RowText:
    own = Writer(writer.operation, writer.switched)
    table = own.alias(shown.key.class_.__table__)
    given = own.parameters.of
    statement = select(joined(own.object(kind, inner(nodes), table))).where(
        table.c[shown.key.name] == given(_ROW, Uuid())
    )
    if shown.same_session:
        statement = statement.where(table.c.session_id == given(_SESSION, Uuid()))
    sql = str(statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
    return _RowText(sql, own.parameters.names, shown.find, nullable)
