"""Lists in pages, after the Relay connection specification: newest first, forwards only."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.relay import PageInfo

from db.errors import BadUserInput
from graph.types.common import described

N = TypeVar("N")

_MAX_PAGE = 100


@strawberry.type(description="One entry of a page.")
class Edge(Generic[N]):
    cursor: str = described("Where this entry stands: pass it as after to go on behind it.")
    node: N = described("The entry.")


@strawberry.type(description="One page of a list, newest first.")
class Connection(Generic[N]):
    edges: list[Edge[N]] = described("The entries, each with its cursor.")
    page_info: PageInfo = described("Whether there is more.")

    @strawberry.field(description="The entries alone.")
    def nodes(self) -> list[N]:
        return [edge.node for edge in self.edges]


async def page(
    session: AsyncSession,
    query: Select[Any],
    id_column: Any,
    *,
    first: int,
    after: str | None,
    node: Callable[[Any], N],
) -> Connection[N]:
    """One page of ``query``, which selects rows with UUIDv7 ids: newest first by id.

    Raises BadUserInput for a page size out of range or a cursor that is none.
    """
    checked_size(first)
    if after is not None:
        query = query.where(id_column < id_of_cursor(after))
    rows = (await session.scalars(query.order_by(id_column.desc()).limit(first + 1))).all()
    edges = [Edge(cursor=_cursor_of(row.id), node=node(row)) for row in rows[:first]]
    return Connection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(rows) > first,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


def _cursor_of(row_id: UUID) -> str:
    return base64.urlsafe_b64encode(row_id.bytes).decode().rstrip("=")


def checked_size(first: int) -> int:
    """The size of a page. Raises BadUserInput for one out of range."""
    if not 1 <= first <= _MAX_PAGE:
        raise BadUserInput(f"first must be from 1 to {_MAX_PAGE}.")
    return first


def id_of_cursor(cursor: str) -> UUID:
    """Raises BadUserInput for a cursor that is none."""
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except ValueError:
        raise BadUserInput("after is not a cursor of this list.") from None
