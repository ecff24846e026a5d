"""GraphQL query of the overview, limited to the viewer's tenant."""

from __future__ import annotations

from datetime import UTC, datetime

import strawberry

from db.overview.period import MAX_DAYS, Period
from graph.api.context import Info
from graph.api.types.overview import Overview


@strawberry.type
class OverviewQueries:
    """A part of ``graph.api.queries.Query``."""

    @strawberry.field(
        description="What the tenant's calls and turns did in a period, by default the last seven days and at most"
        f" {MAX_DAYS}, and what goes on now. timeZone: of the days, by its IANA name, such as Europe/Berlin."
    )
    async def overview(
        self,
        info: Info,
        since: datetime | None = None,
        until: datetime | None = None,
        time_zone: str = "UTC",
    ) -> Overview:
        viewer = await info.context.viewer()
        return Overview(tenant_id=viewer.tenant_id, period=Period.of(since, until, time_zone, datetime.now(UTC)))
