"""GraphQL queries of agents, limited to the viewer's tenant."""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import select

from db.commands.agents import find_agent
from db.errors import AgentNotFound
from db.models.agents import Agent as AgentRow
from graph.api.context import Info
from graph.api.paging import Connection, page, page_by, text_of_cursor
from graph.api.types.agent import Agent
from graph.limits import DEFAULT_PAGE_SIZE


@strawberry.type
class AgentQueries:
    """A part of ``graph.api.queries.Query``."""

    @strawberry.field(description="The tenant's agents, by name.")
    async def agents(  # noqa: PLR0917 - GraphQL gives arguments by their names
        self,
        info: Info,
        first: int = DEFAULT_PAGE_SIZE,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        archived: bool = False,
        drafts: Annotated[
            bool, strawberry.argument(description="With agents that have drafts only, of which none was published.")
        ] = False,
    ) -> Connection[Agent]:
        viewer = await info.context.viewer()
        query = select(AgentRow).where(AgentRow.tenant_id == viewer.tenant_id)
        if not archived:
            query = query.where(AgentRow.archived_at.is_(None))
        if not drafts:
            query = query.where(AgentRow.version.is_not(None))
        return await page(
            info.context.parts.database,
            query,
            AgentRow.name,
            page_by(text_of_cursor, first, after, last, before),
            lambda row: Agent(row=row, source=info.context.loaders),
            ascending=True,
        )

    @strawberry.field(
        description="An agent by its name, also an archived one; with the number of a version, that one is its version."
        " Null if either does not exist."
    )
    async def agent(self, info: Info, name: str, version: int | None = None) -> Agent | None:
        viewer = await info.context.viewer()
        async with info.context.parts.database.reading() as session:
            try:
                found = await find_agent(
                    session, tenant_id=viewer.tenant_id, name=name, number=version, definition=False
                )
            except AgentNotFound:
                return None
        return Agent(row=found.agent, source=info.context.loaders, asked=found.version)
