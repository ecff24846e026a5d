"""Keyset pagination as Relay connections, forwards and backwards: newest first, or by another unique column.

Specification: https://relay.dev/graphql/connections.htm
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.relay import PageInfo

from db.errors import BadUserInput
from db.models.base import Base
from db.postgres.database import Database
from graph.api.descriptions import described
from graph.api.windows import checked_size

N = TypeVar("N")
R = TypeVar("R", bound=Base)
K = TypeVar("K", UUID, int, str)

#: Most characters of a text in a cursor.
_MAX_TEXT = 64


@strawberry.type(description="An entry of a page with its cursor.")
class Edge(Generic[N]):
    cursor: Annotated[str, described("The entry's position: pass it as after to continue from here.")]
    node: Annotated[N, described("The entry.")]


@strawberry.type(description="A page of a list (a Relay connection).")
class Connection(Generic[N]):
    edges: Annotated[list[Edge[N]], described("The entries with their cursors.")]
    page_info: Annotated[PageInfo, described("Whether more pages exist, and the page's cursors.")]
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="The entries without cursors.")
    def nodes(self) -> list[N]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="Entries in the whole list that match the filter; counted only if selected.")
    async def total_count(self) -> int:
        return await self.count()


@dataclass(frozen=True, slots=True)
class Page(Generic[K]):
    """A requested page: ``size`` entries between two cursors, the first or, if ``backwards``, the last ones.

    ``after`` and ``before``: values of the unique column by which the list is sorted.
    """

    size: int
    backwards: bool
    after: K | None
    before: K | None

    @classmethod
    def of(cls, first: int, after: str | None, last: int | None, before: str | None) -> Page[UUID]:
        """Of a list by id, newest first, from the arguments. Raises BadUserInput."""
        return page_by(id_of_cursor, first, after, last, before)


def page_by(
    read: Callable[[str, str], K], first: int, after: str | None, last: int | None, before: str | None
) -> Page[K]:
    """The page from the arguments; ``last`` overrides ``first``, which has a default. ``read``: reads a cursor, given
    the argument's name too. Raises BadUserInput.
    """
    checked_size(first, "first")
    checked_size(last, "last")
    return Page(
        size=first if last is None else last,
        backwards=last is not None,
        after=None if after is None else read(after, "after"),
        before=None if before is None else read(before, "before"),
    )


def between(
    query: Select[R], column: InstrumentedAttribute[K], asked: Page[K], *, ascending: bool = False
) -> Select[R]:
    """The query with the page's range, order and limit: ``size`` + 1 rows, to see whether more follow."""
    if asked.after is not None:
        query = query.where(column > asked.after if ascending else column < asked.after)
    if asked.before is not None:
        query = query.where(column < asked.before if ascending else column > asked.before)
    order = column.asc() if ascending != asked.backwards else column.desc()
    return query.order_by(order).limit(asked.size + 1)


async def page(
    database: Database,
    query: Select[R],
    column: InstrumentedAttribute[K],
    asked: Page[K],
    node: Callable[[R], N],
    *,
    ascending: bool = False,
) -> Connection[N]:
    """A page of ``query``, whose rows are sorted by a unique ``column``: by default by UUIDv7 ids, newest first."""
    async with database.reading() as session:
        rows = (await session.scalars(between(query, column, asked, ascending=ascending))).all()
    more = len(rows) > asked.size
    kept = list(rows[: asked.size])
    if asked.backwards:
        kept.reverse()
    edges = [Edge(cursor=_cursor_of(getattr(row, column.key)), node=node(row)) for row in kept]

    async def count() -> int:
        async with database.reading() as session:
            return (await session.execute(select(func.count()).select_from(query.subquery()))).scalar_one()

    return Connection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=asked.before is not None if asked.backwards else more,
            has_previous_page=more if asked.backwards else asked.after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        count=count,
    )


def _cursor_of(value: UUID | int | str) -> str:
    data = value.bytes if isinstance(value, UUID) else str(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def id_of_cursor(cursor: str, name: str) -> UUID:
    """The row id in a cursor. Raises BadUserInput for an invalid cursor."""
    try:
        return UUID(bytes=_bytes_of(cursor))
    except ValueError:
        raise _no_cursor(name) from None


def text_of_cursor(cursor: str, name: str) -> str:
    """The text in a cursor, at most 64 ASCII characters. Raises BadUserInput for an invalid cursor."""
    try:
        found = _bytes_of(cursor).decode("ascii")
    except ValueError:
        raise _no_cursor(name) from None
    if not found.isprintable() or len(found) > _MAX_TEXT:
        raise _no_cursor(name)
    return found


def number_of_cursor(cursor: str, name: str) -> int:
    """The number in a cursor, from 1 to 2^31 - 1. Raises BadUserInput for an invalid cursor."""
    digits = text_of_cursor(cursor, name)
    if not digits.isdecimal() or not 0 < int(digits) < 2**31:
        raise _no_cursor(name)
    return int(digits)


def _bytes_of(cursor: str) -> bytes:
    return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)


def _no_cursor(name: str) -> BadUserInput:
    return BadUserInput(f"{name} is not a cursor of this list.")
