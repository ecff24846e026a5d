"""Keyset pagination as Relay connections: newest first, forwards and backwards.

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
from db.models.base import IdMixin
from db.postgres.database import Database
from graph.api.descriptions import described
from graph.api.windows import checked_size

N = TypeVar("N")
R = TypeVar("R", bound=IdMixin)


@strawberry.type(description="An entry of a page with its cursor.")
class Edge(Generic[N]):
    cursor: Annotated[str, described("The entry's position: pass it as after to continue from here.")]
    node: Annotated[N, described("The entry.")]


@strawberry.type(description="A page of a list, newest first (a Relay connection).")
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
class Page:
    """A requested page: ``size`` entries between two cursors, the first or, if ``backwards``, the last ones."""

    size: int
    backwards: bool
    after: UUID | None
    before: UUID | None

    @classmethod
    def of(cls, first: int, after: str | None, last: int | None, before: str | None) -> Page:
        """From the arguments; ``last`` overrides ``first``, which has a default. Raises BadUserInput."""
        checked_size(first, "first")
        checked_size(last, "last")
        return cls(
            size=first if last is None else last,
            backwards=last is not None,
            after=None if after is None else id_of_cursor(after, "after"),
            before=None if before is None else id_of_cursor(before, "before"),
        )


def between(query: Select[R], id_column: InstrumentedAttribute[UUID], asked: Page) -> Select[R]:
    """The query with the page's range, order and limit: ``size`` + 1 rows, to see whether more follow."""
    if asked.after is not None:
        query = query.where(id_column < asked.after)
    if asked.before is not None:
        query = query.where(id_column > asked.before)
    order = id_column.asc() if asked.backwards else id_column.desc()
    return query.order_by(order).limit(asked.size + 1)


async def page(
    database: Database, query: Select[R], id_column: InstrumentedAttribute[UUID], asked: Page, node: Callable[[R], N]
) -> Connection[N]:
    """A page of ``query``, whose rows have UUIDv7 ids, newest first."""
    async with database.reading() as session:
        rows = (await session.scalars(between(query, id_column, asked))).all()
    more = len(rows) > asked.size
    kept = list(rows[: asked.size])
    if asked.backwards:
        kept.reverse()
    edges = [Edge(cursor=_cursor_of(row.id), node=node(row)) for row in kept]

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


def _cursor_of(row_id: UUID) -> str:
    return base64.urlsafe_b64encode(row_id.bytes).decode().rstrip("=")


def id_of_cursor(cursor: str, name: str) -> UUID:
    """The row id in a cursor. Raises BadUserInput for an invalid cursor."""
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except ValueError:
        raise BadUserInput(f"{name} is not a cursor of this list.") from None
