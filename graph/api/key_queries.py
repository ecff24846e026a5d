"""GraphQL query of API keys, limited to the viewer's tenant."""

from __future__ import annotations

import strawberry
from sqlalchemy import select

from db.models.tenancy import ApiKey as ApiKeyRow
from graph.api.context import Info
from graph.api.paging import Connection, Page, page
from graph.api.types.api_key import ApiKey, show_key
from graph.limits import DEFAULT_PAGE_SIZE


@strawberry.type
class KeyQueries:
    """A part of ``graph.api.queries.Query``."""

    @strawberry.field(description="The tenant's API keys, newest first; also those that were revoked or have expired.")
    async def api_keys(
        self,
        info: Info,
        first: int = DEFAULT_PAGE_SIZE,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[ApiKey]:
        viewer = await info.context.viewer()
        return await page(
            info.context.parts.database,
            select(ApiKeyRow).where(ApiKeyRow.tenant_id == viewer.tenant_id),
            ApiKeyRow.id,
            Page.of(first, after, last, before),
            lambda row: show_key(row, viewer),
        )
