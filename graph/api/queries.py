"""What can be asked. The tenant is part of every statement."""

from __future__ import annotations

from collections import defaultdict

import strawberry
from sqlalchemy import Select, select
from strawberry.scalars import JSON

from db.agents.personas import PERSONAS
from db.agents.scenarios import SCENARIOS
from db.commands.messages import MAX_TEXT
from db.enums import Stage
from db.errors import BadUserInput, NotFound
from db.ids import parse_id
from db.models.conversation import Session as SessionRow
from db.models.conversation import Turn as TurnRow
from db.models.work import CrmRecord as CrmRecordRow
from db.models.workers import EngineReport
from db.queue import workers
from db.viewer import Viewer as ViewerRow
from graph.api import filters
from graph.api.context import Info
from graph.api.inputs import CrmRecordFilter, SessionFilter
from graph.api.nodes import find_node, node_of
from graph.api.paging import Connection, Page, page
from graph.api.snapshot import read_snapshot
from graph.api.types.capabilities import (
    Capabilities,
    EngineCapability,
    LimitCapability,
    PersonaCapability,
    ScenarioCapability,
    Viewer,
)
from graph.api.types.crm import CrmRecord
from graph.api.types.node import Node
from graph.api.types.session import Conversation, Session
from graph.api.types.turn import Turn
from graph.limits import DEFAULT_PAGE_SIZE


def own_session(viewer: ViewerRow, session_id: str) -> Select[SessionRow]:
    return select(SessionRow).where(
        SessionRow.id == parse_id(session_id, "session"), SessionRow.tenant_id == viewer.tenant_id
    )


def own_turn(viewer: ViewerRow, turn_id: str) -> Select[TurnRow]:
    return (
        select(TurnRow)
        .join(SessionRow, SessionRow.id == TurnRow.session_id)
        .where(TurnRow.id == parse_id(turn_id, "turn"), SessionRow.tenant_id == viewer.tenant_id)
    )


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field(description="Who is asking.")
    async def viewer(self, info: Info) -> Viewer:
        viewer = await info.context.viewer()
        return Viewer(
            id=strawberry.ID(f"viewer:{viewer.key_id}"),
            tenant_id=strawberry.ID(str(viewer.tenant_id)),
            tenant=viewer.tenant_name,
            key_id=strawberry.ID(str(viewer.key_id)),
            key_name=viewer.key_name,
        )

    @strawberry.field(description="One session; null if there is none with this id.")
    async def session(self, info: Info, id: strawberry.ID) -> Session | None:  # noqa: A002 - the contract's name
        viewer = await info.context.viewer()
        async with info.context.parts.database.reading() as session:
            try:
                row = await session.scalar(own_session(viewer, id))
            except NotFound:
                return None
        return None if row is None else Session(row=row, source=info.context.loaders)

    @strawberry.field(description="The tenant's sessions, newest first.")
    async def sessions(  # noqa: PLR0917 - GraphQL gives arguments by their names
        self,
        info: Info,
        first: int = DEFAULT_PAGE_SIZE,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: SessionFilter | None = None,  # noqa: A002 - the contract's name
    ) -> Connection[Session]:
        viewer = await info.context.viewer()
        query = select(SessionRow).where(SessionRow.tenant_id == viewer.tenant_id)
        if filter is not None:
            query = query.where(*filters.of_sessions(filter))
        return await page(
            info.context.parts.database,
            query,
            SessionRow.id,
            Page.of(first, after, last, before),
            lambda row: Session(row=row, source=info.context.loaders),
        )

    @strawberry.field(
        description="The whole of one session, as of lastSeq: subscribe with afterSeq: lastSeq and nothing is missed "
        "or seen twice. Null, with an error NOT_FOUND, if there is no such session."
    )
    async def conversation(self, info: Info, session_id: strawberry.ID) -> Conversation | None:
        viewer = await info.context.viewer()
        async with info.context.parts.database.reading() as session:
            row = await session.scalar(own_session(viewer, session_id))
            if row is None:
                raise NotFound("No such session.")
            return Conversation(row=row, source=await read_snapshot(session, row))

    @strawberry.field(description="One turn; null if there is none with this id.")
    async def turn(self, info: Info, id: strawberry.ID) -> Turn | None:  # noqa: A002 - the contract's name
        viewer = await info.context.viewer()
        async with info.context.parts.database.reading() as session:
            try:
                row = await session.scalar(own_turn(viewer, id))
            except NotFound:
                return None
        return None if row is None else Turn(row=row, source=info.context.loaders)

    @strawberry.field(description="Whatever has this id; null if nothing of the tenant's has.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002 - Relay's name
        viewer = await info.context.viewer()
        try:
            node_id = parse_id(id, "node")
        except NotFound:
            return None
        async with info.context.parts.database.reading() as session:
            row = await find_node(session, viewer.tenant_id, node_id)
        return None if row is None else node_of(row, info.context.loaders)

    @strawberry.field(description="One CRM record, by its id or by its reference; null if there is none.")
    async def crm_record(
        self,
        info: Info,
        id: strawberry.ID | None = None,  # noqa: A002 - the contract's name
        reference: str | None = None,
    ) -> CrmRecord | None:
        viewer = await info.context.viewer()
        if (id is None) == (reference is None):
            raise BadUserInput("Give either id or reference.")
        query = select(CrmRecordRow).where(CrmRecordRow.tenant_id == viewer.tenant_id)
        if reference is not None:
            query = query.where(CrmRecordRow.reference == filters.clean_reference(reference))
        else:
            try:
                query = query.where(CrmRecordRow.id == parse_id(id or "", "CRM record"))
            except NotFound:
                return None
        async with info.context.parts.database.reading() as session:
            row = await session.scalar(query)
        return None if row is None else CrmRecord(row=row, source=info.context.loaders)

    @strawberry.field(description="The tenant's CRM records, newest first.")
    async def crm_records(  # noqa: PLR0917 - GraphQL gives arguments by their names
        self,
        info: Info,
        first: int = DEFAULT_PAGE_SIZE,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: CrmRecordFilter | None = None,  # noqa: A002 - the contract's name
    ) -> Connection[CrmRecord]:
        viewer = await info.context.viewer()
        query = select(CrmRecordRow).where(CrmRecordRow.tenant_id == viewer.tenant_id)
        if filter is not None:
            query = query.where(*filters.of_crm_records(filter))
        return await page(
            info.context.parts.database,
            query,
            CrmRecordRow.id,
            Page.of(first, after, last, before),
            lambda row: CrmRecord(row=row, source=info.context.loaders),
        )

    @strawberry.field(description="Engines, models, languages, personas, scenarios and limits of this server.")
    async def capabilities(self, info: Info) -> Capabilities:
        await info.context.viewer()
        settings = info.context.parts.settings
        async with info.context.parts.database.reading() as session:
            living = await workers.find_alive(session, settings.live_worker_seconds)
        return Capabilities(
            id=strawberry.ID("capabilities"),
            engines=_engines([engine for worker in living for engine in worker.engines]),
            languages=sorted(workers.answered_languages(living)),
            personas=[
                PersonaCapability(name=each.name, description=each.description, scenarios=list(each.scenarios))
                for each in PERSONAS.values()
            ],
            scenarios=[
                ScenarioCapability(
                    name=each.name,
                    description=each.description,
                    intents=list(each.intents),
                    schema=JSON(each.payload.model_json_schema()),
                )
                for each in SCENARIOS.values()
            ],
            limits=LimitCapability(
                max_text_length=MAX_TEXT,
                max_audio_bytes=settings.max_audio_bytes,
                max_audio_seconds=settings.max_audio_seconds,
                max_wait_seconds=settings.max_wait_seconds,
            ),
        )


def _engines(told: list[EngineReport]) -> list[EngineCapability]:
    """Workers tell each engine they have; the same one is told once, with how many have it."""
    alike: defaultdict[tuple[str, str, str, tuple[str, ...]], list[EngineReport]] = defaultdict(list)
    for each in told:
        alike[each["stage"], each["engine"], each["model"], tuple(each["languages"])].append(each)
    return [
        EngineCapability(
            stage=Stage(stage),
            engine=engine,
            model=model,
            languages=list(languages),
            workers=len(same),
            loaded=sum(each["loaded"] for each in same),
            error=next((each["error"] for each in same if each.get("error")), None),
        )
        for (stage, engine, model, languages), same in alike.items()
    ]
