"""Relay's node(id): finds a tenant's row by its id in any table (Relay, Global Object Identification)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from db.models.agents import Agent as AgentRow
from db.models.agents import AgentVersion as AgentVersionRow
from db.models.calls import Call as CallRow
from db.models.conversation import Message as MessageRow
from db.models.conversation import Session as SessionRow
from db.models.conversation import Turn as TurnRow
from db.models.work import CrmRecord as CrmRecordRow
from db.models.work import ModelCall as ModelCallRow
from db.models.work import ToolCall as ToolCallRow
from graph.api.fields import Shows
from graph.api.loaders import Source
from graph.api.relations import show
from graph.api.types.agent import Agent, AgentVersion
from graph.api.types.call import Call
from graph.api.types.crm import CrmRecord
from graph.api.types.message import Message
from graph.api.types.model_call import ModelCall
from graph.api.types.node import Node
from graph.api.types.session import Session
from graph.api.types.tool_call import ToolCall
from graph.api.types.turn import Turn

_Row = (
    SessionRow | TurnRow | MessageRow | ModelCallRow | ToolCallRow | CrmRecordRow | CallRow | AgentRow | AgentVersionRow
)

#: The GraphQL type of each table whose ids clients know: UUIDs, unique among tables. Any: each type takes rows of its
#: own table.
_SHOWN_BY: Mapping[type[_Row], Shows[Any, Node]] = {
    SessionRow: Session,
    TurnRow: Turn,
    MessageRow: Message,
    ModelCallRow: ModelCall,
    ToolCallRow: ToolCall,
    CrmRecordRow: CrmRecord,
    CallRow: Call,
    AgentRow: Agent,
    AgentVersionRow: AgentVersion,
}
_MODELS = tuple(_SHOWN_BY)


async def find_node(session: AsyncSession, tenant_id: UUID, node_id: UUID) -> _Row | None:
    """The row; None if it is missing or another tenant's."""
    looked = union_all(*(_found(model, place, tenant_id, node_id) for place, model in enumerate(_MODELS)))
    place = await session.scalar(select(looked.subquery().c.place))
    return None if place is None else await session.get(_MODELS[place], node_id)


def node_of(row: _Row, source: Source) -> Node:
    """The GraphQL object of a row."""
    return show(_SHOWN_BY[type(row)], row, source)


def _found(model: type[_Row], place: int, tenant_id: UUID, node_id: UUID) -> Select[int]:
    found = select(literal(place).label("place")).select_from(model).where(model.id == node_id)
    if issubclass(model, SessionRow | AgentRow | AgentVersionRow):
        return found.where(model.tenant_id == tenant_id)
    return found.join(SessionRow, SessionRow.id == model.session_id).where(SessionRow.tenant_id == tenant_id)
