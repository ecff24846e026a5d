"""Finds the row that an id names, in whichever table it is, if it is the tenant's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from db.models.base import Base
from db.models.conversation import Message, Session, Turn
from db.models.work import CrmRecord, ModelCall, ToolCall

#: The tables whose rows have an id that clients know. Ids are UUIDs of version 7, so that no two rows share one.
_MODELS: tuple[Any, ...] = (Session, Turn, Message, ModelCall, ToolCall, CrmRecord)


async def find_node(session: AsyncSession, tenant_id: UUID, node_id: UUID) -> Base | None:
    """The row; None if there is none, or it is another tenant's."""
    looked = union_all(*(_found(model, place, tenant_id, node_id) for place, model in enumerate(_MODELS)))
    place = await session.scalar(select(looked.subquery().c.place))
    if place is None:
        return None
    row: Base | None = await session.get(_MODELS[place], node_id)
    return row


def _found(model: Any, place: int, tenant_id: UUID, node_id: UUID) -> Select[Any]:
    found = select(literal(place).label("place")).select_from(model).where(model.id == node_id)
    if model is Session:
        return found.where(Session.tenant_id == tenant_id)
    return found.join(Session, Session.id == model.session_id).where(Session.tenant_id == tenant_id)
