"""GraphQL types of agents and of their published versions."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import strawberry
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.sql.elements import SQLColumnExpression
from strawberry.scalars import JSON

from db.models.agents import Agent as AgentRow
from db.models.agents import AgentVersion as AgentVersionRow
from db.models.knowledge import KnowledgeIndex as KnowledgeIndexRow
from db.models.tenancy import ApiKey
from graph.api.context import Info
from graph.api.declared import Columns, Value
from graph.api.fields import Parent, column, computed, declare
from graph.api.loaders import Source
from graph.api.paging import Connection, number_of_cursor, page, page_by
from graph.api.relations import show
from graph.api.types.enums import KnowledgeStatus
from graph.api.types.node import Node
from graph.limits import DEFAULT_PAGE_SIZE


def _checksum(version: AgentVersionRow) -> str:
    return version.checksum.hex()


def _checksum_sql(version: type[AgentVersionRow]) -> SQLColumnExpression[str]:
    return func.encode(version.checksum, "hex")


def _key_name(description: str) -> str | None:
    """A field with the name of the API key in ``published_by``."""

    async def resolve(self: Parent) -> object:
        key_id = self.row.published_by
        key = None if key_id is None else await self.source.one(ApiKey.id).load(key_id)
        return None if key is None else key.name

    def sql(columns: Columns) -> ColumnElement[str]:
        key = ApiKey.__table__.alias()
        return select(key.c.name).where(key.c.id == columns.published_by).scalar_subquery()

    return cast("str | None", declare(resolve, description, Value(sql)))


@strawberry.type(description="Whether the documents of an agent's version can be searched.")
class Knowledge:
    row: strawberry.Private[KnowledgeIndexRow]
    source: strawberry.Private[Source]
    status: KnowledgeStatus = column(KnowledgeIndexRow.status, "PENDING until a worker has prepared them.")
    passages: int = column(KnowledgeIndexRow.passages, "How many passages they were cut into.")
    error: str | None = column(KnowledgeIndexRow.error, "Why they cannot be used.")


@strawberry.type(description="A version of an agent. Its definition never changes.")
class AgentVersion(Node):
    row: strawberry.Private[AgentVersionRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(AgentVersionRow.id, "A UUID.")
    number: int = column(AgentVersionRow.number, "Its number, from 1.")
    checksum: str = computed(_checksum, _checksum_sql, "SHA-256 of its definition, in hexadecimal.")
    languages: list[str] = column(AgentVersionRow.languages, "The languages that it speaks (ISO 639-1).")
    builtin: bool = column(AgentVersionRow.builtin, "Whether it came with VoxLoom.")
    draft: bool = column(
        AgentVersionRow.draft, "Whether it was never published: only createSession uses it, by its number."
    )
    published_at: datetime = column(AgentVersionRow.published_at, "When it was first published, or stored as a draft.")
    published_by: str | None = _key_name("The name of the API key that published it; null for a built-in one.")

    @strawberry.field(description="Its documents; null without any.")
    async def knowledge(self, info: Info) -> Knowledge | None:
        found = await info.context.loaders.one(KnowledgeIndexRow.agent_version_id).load(self.row.id)
        return None if found is None else show(Knowledge, found, self.source)

    @strawberry.field(description="The definition, without members that have their default.")
    async def definition(self, info: Info) -> JSON:
        return cast("JSON", await info.context.agents.definition.load(self.row.id))


@strawberry.type(description="An agent: who the assistant is, what it may file, how it asks and answers.")
class Agent(Node):
    row: strawberry.Private[AgentRow]
    source: strawberry.Private[Source]
    asked: strawberry.Private[AgentVersionRow | None] = None
    id: strawberry.ID = column(AgentRow.id, "A UUID.")
    name: str = column(AgentRow.name, "Its name, the persona of createSession.")
    created_at: datetime = column(AgentRow.created_at, "When its first version was published.")
    archived_at: datetime | None = column(
        AgentRow.archived_at, "Since when no session can be created with it; null if it is not archived."
    )

    @strawberry.field(description="Its purpose, of its current version.")
    async def description(self, info: Info) -> str:
        return (await info.context.agents.current.load(self.row.id)).description

    @strawberry.field(description="The languages that its current version speaks (ISO 639-1).")
    async def languages(self, info: Info) -> list[str]:
        return (await info.context.agents.current.load(self.row.id)).row.languages

    @strawberry.field(description="The version that new sessions get; of an agent that has drafts only, the newest.")
    async def current_version(self, info: Info) -> AgentVersion:
        return AgentVersion(row=(await info.context.agents.current.load(self.row.id)).row, source=self.source)

    @strawberry.field(description="The version that was asked for, else the current one.")
    async def version(self, info: Info) -> AgentVersion:
        if self.asked is None:
            return AgentVersion(row=(await info.context.agents.current.load(self.row.id)).row, source=self.source)
        return AgentVersion(row=self.asked, source=self.source)

    @strawberry.field(description="Its versions, drafts too, newest first.")
    async def versions(
        self,
        info: Info,
        first: int = DEFAULT_PAGE_SIZE,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[AgentVersion]:
        return await page(
            info.context.parts.database,
            select(AgentVersionRow).where(AgentVersionRow.agent_id == self.row.id),
            AgentVersionRow.number,
            page_by(number_of_cursor, first, after, last, before),
            lambda row: AgentVersion(row=row, source=self.source),
        )
