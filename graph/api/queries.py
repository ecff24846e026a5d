"""GraphQL queries. Every statement is limited to the viewer's tenant."""

from __future__ import annotations

from collections import defaultdict

import strawberry
from sqlalchemy import Select, select

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
from graph.api.agent_checks import AgentChecks
from graph.api.agent_queries import AgentQueries
from graph.api.conditions import in_sql
from graph.api.context import Info
from graph.api.eval_queries import EvalQueries
from graph.api.inputs import CrmRecordFilter, SessionFilter
from graph.api.key_queries import KeyQueries
from graph.api.nodes import find_node, node_of
from graph.api.overview_queries import OverviewQueries
from graph.api.paging import Connection, Page, page
from graph.api.selected import selected_names
from graph.api.snapshot import read_snapshot
from graph.api.types.capabilities import (
    Capabilities,
    EngineCapability,
    LimitCapability,
    Viewer,
    VoiceCapability,
)
from graph.api.types.crm import CrmRecord
from graph.api.types.node import Node
from graph.api.types.session import Conversation, Session
from graph.api.types.turn import Turn
from graph.limits import DEFAULT_PAGE_SIZE

#: Fields of Conversation that need no rows of other tables, or read them by themselves.
_WITHOUT_ROWS = {"id", "lastSeq", "events", "__typename"}


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


@strawberry.type(description="The queries.")
class Query(AgentChecks, AgentQueries, EvalQueries, KeyQueries, OverviewQueries):
    @strawberry.field(description="The API key of this request and its tenant.")
    async def viewer(self, info: Info) -> Viewer:
        viewer = await info.context.viewer()
        return Viewer(
            id=strawberry.ID(f"viewer:{viewer.key_id}"),
            tenant_id=strawberry.ID(str(viewer.tenant_id)),
            tenant=viewer.tenant_name,
            key_id=strawberry.ID(str(viewer.key_id)),
            key_name=viewer.key_name,
        )

    @strawberry.field(description="A session by id; null if it does not exist.")
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
        query = query.where(*in_sql(filters.of_sessions(filter), SessionRow.__table__.c))
        return await page(
            info.context.parts.database,
            query,
            SessionRow.id,
            Page.of(first, after, last, before),
            lambda row: Session(row=row, source=info.context.loaders),
        )

    @strawberry.field(
        description="A consistent snapshot of one session, as of event lastSeq: subscribe with afterSeq: lastSeq to "
        "get every later event exactly once. Null, with an error NOT_FOUND, if the session does not exist."
    )
    async def conversation(self, info: Info, session_id: strawberry.ID) -> Conversation | None:
        viewer = await info.context.viewer()
        async with info.context.parts.database.reading() as session:
            row = await session.scalar(own_session(viewer, session_id))
            if row is None:
                raise NotFound("No such session.")
            # Who reads the events page by page needs no rows of the session each time.
            with_rows = not selected_names(info) <= _WITHOUT_ROWS
            return Conversation(
                row=row, source=await read_snapshot(session, row) if with_rows else info.context.loaders
            )

    @strawberry.field(description="A turn by id; null if it does not exist.")
    async def turn(self, info: Info, id: strawberry.ID) -> Turn | None:  # noqa: A002 - the contract's name
        viewer = await info.context.viewer()
        async with info.context.parts.database.reading() as session:
            try:
                row = await session.scalar(own_turn(viewer, id))
            except NotFound:
                return None
        return None if row is None else Turn(row=row, source=info.context.loaders)

    @strawberry.field(description="Any object of the tenant by its id (Relay); null if it does not exist.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002 - Relay's name
        viewer = await info.context.viewer()
        try:
            node_id = parse_id(id, "node")
        except NotFound:
            return None
        async with info.context.parts.database.reading() as session:
            row = await find_node(session, viewer.tenant_id, node_id)
        return None if row is None else node_of(row, info.context.loaders)

    @strawberry.field(description="A CRM record by id or by reference; null if it does not exist.")
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
            clean = filters.clean_reference(reference)
            query = query.where(CrmRecordRow.reference == clean, CrmRecordRow.forked.is_(False))
        else:
            try:
                query = query.where(CrmRecordRow.id == parse_id(id or "", "CRM record"))
            except NotFound:
                return None
        async with info.context.parts.database.reading() as session:
            row = await session.scalar(query)
        return None if row is None else CrmRecord(row=row, source=info.context.loaders)

    @strawberry.field(description="The tenant's CRM records, newest first; without those of forked sessions.")
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
        query = query.where(*in_sql(filters.of_crm_records(filter), CrmRecordRow.__table__.c))
        return await page(
            info.context.parts.database,
            query,
            CrmRecordRow.id,
            Page.of(first, after, last, before),
            lambda row: CrmRecord(row=row, source=info.context.loaders),
        )

    @strawberry.field(description="Engines, models, languages and limits of this server; agents of the tenant.")
    async def capabilities(self, info: Info) -> Capabilities:
        viewer = await info.context.viewer()
        settings = info.context.parts.settings
        async with info.context.parts.database.reading() as session:
            living = await workers.find_alive(session, settings.live_worker_seconds)
        return Capabilities(
            tenant_id=viewer.tenant_id,
            answered=workers.answered_languages(living),
            id=strawberry.ID("capabilities"),
            engines=_engines([engine for worker in living for engine in worker.engines]),
            voices=_voices([engine for worker in living for engine in worker.engines]),
            limits=LimitCapability(
                max_text_length=MAX_TEXT,
                max_audio_bytes=settings.max_audio_bytes,
                max_audio_seconds=settings.max_audio_seconds,
                max_wait_seconds=settings.max_wait_seconds,
            ),
        )


def _engines(reports: list[EngineReport]) -> list[EngineCapability]:
    """Groups the workers' reports by engine, with the number of workers that have it."""
    alike: defaultdict[tuple[str, str, str, tuple[str, ...]], list[EngineReport]] = defaultdict(list)
    for each in reports:
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


def _voices(reports: list[EngineReport]) -> list[VoiceCapability]:
    """Each voice once, in the workers' order."""
    found = dict.fromkeys(
        (each["engine"], voice["language"], voice["name"]) for each in reports for voice in each.get("voices", [])
    )
    return [VoiceCapability(engine=engine, language=language, name=name) for engine, language, name in found]
