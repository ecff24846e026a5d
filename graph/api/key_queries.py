"""GraphQL query of API keys, limited to the viewer's tenant."""

from __future__ import annotations

import strawberry
from sqlalchemy import not_, select

from db.commands.keys import is_usable
from db.models.tenancy import ApiKey as ApiKeyRow
from graph.api.context import Info
from graph.api.paging import Connection, Page, page
from graph.api.types.api_key import ApiKey, show_key
from graph.limits import DEFAULT_PAGE_SIZE


@strawberry.type
class KeyQueries:
    """A part of ``graph.api.queries.Query``."""

    @strawberry.field(
        description="The tenant's API keys, newest first. usable: true for those that may be used, false for those "
        "that were revoked or have expired, null for all."
    )
    async def api_keys(  # noqa: PLR0917 - GraphQL gives arguments by their names
        self,
        info: Info,
        first: int = DEFAULT_PAGE_SIZE,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        usable: bool | None = None,
    ) -> Connection[ApiKey]:
        viewer = await info.context.viewer()
        wanted = select(ApiKeyRow).where(ApiKeyRow.tenant_id == viewer.tenant_id)
        if usable is not None:
            found = is_usable(ApiKeyRow.__table__)
            wanted = wanted.where(found if usable else not_(found))
        return await page(
            info.context.parts.database,
            wanted,
            ApiKeyRow.id,
            Page.of(first, after, last, before),
            lambda row: show_key(row, viewer),
        )
