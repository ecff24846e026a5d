"""Lists in pages, after the Relay connection specification: newest first, from either end."""

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


@strawberry.type(description="One entry of a page.")
class Edge(Generic[N]):
    cursor: Annotated[str, described("Where this entry stands: pass it as after to go on behind it.")]
    node: Annotated[N, described("The entry.")]


@strawberry.type(description="One page of a list, newest first.")
class Connection(Generic[N]):
    edges: Annotated[list[Edge[N]], described("The entries, each with its cursor.")]
    page_info: Annotated[PageInfo, described("Whether there is more.")]
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="The entries alone.")
    def nodes(self) -> list[N]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many entries the whole list has, with its filter; counted when it is asked for.")
    async def total_count(self) -> int:
        return await self.count()


@dataclass(frozen=True, slots=True)
class Page:
    """``size`` entries between two cursors: the first ones or, ``backwards``, the last ones."""

    size: int
    backwards: bool
    after: UUID | None
    before: UUID | None

    @classmethod
    def of(cls, first: int, after: str | None, last: int | None, before: str | None) -> Page:
        """``last`` takes the place of ``first``, which has a default. Raises BadUserInput."""
        checked_size(first, "first")
        checked_size(last, "last")
        return cls(
            size=first if last is None else last,
            backwards=last is not None,
            after=None if after is None else id_of_cursor(after, "after"),
            before=None if before is None else id_of_cursor(before, "before"),
        )


def between(query: Select[R], id_column: InstrumentedAttribute[UUID], asked: Page) -> Select[R]:
    """The rows of a page, and one more if there are more, from the end where the page begins."""
    if asked.after is not None:
        query = query.where(id_column < asked.after)
    if asked.before is not None:
        query = query.where(id_column > asked.before)
    order = id_column.asc() if asked.backwards else id_column.desc()
    return query.order_by(order).limit(asked.size + 1)


async def page(
    database: Database, query: Select[R], id_column: InstrumentedAttribute[UUID], asked: Page, node: Callable[[R], N]
) -> Connection[N]:
    """One page of ``query``, which selects rows with UUIDv7 ids: newest first by id."""
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
    """Raises BadUserInput for a cursor that is none."""
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except ValueError:
        raise BadUserInput(f"{name} is not a cursor of this list.") from None
