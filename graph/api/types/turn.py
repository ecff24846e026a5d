"""A turn and its error."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import func

from db.models.conversation import Message as MessageRow
from db.models.conversation import Session as SessionRow
from db.models.conversation import Turn as TurnRow
from db.models.work import CrmRecord as CrmRecordRow
from db.models.work import ModelCall as ModelCallRow
from db.models.work import ToolCall as ToolCallRow
from graph.api.fields import column, computed, many, many_through, one, part, shows
from graph.api.loaders import Source
from graph.api.types.crm import CrmRecord
from graph.api.types.enums import Role, Stage, TurnStatus
from graph.api.types.message import Message
from graph.api.types.model_call import ModelCall
from graph.api.types.node import Node
from graph.api.types.timing import TurnTiming
from graph.api.types.tool_call import ToolCall

if TYPE_CHECKING:
    from graph.api.types.session import Session


@strawberry.type(description="Why a turn failed.")
class TurnError:
    row: strawberry.Private[TurnRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = computed(
        lambda turn: f"error:{turn.id}",
        lambda turn: func.concat("error:", turn.id),
        "For the caches of clients, which keep what they read of one turn's error together; node does not take it.",
    )
    code: str = column(TurnRow.error_code, "One of the contract's codes.")
    message: str = computed(
        lambda turn: turn.error_message or "",
        lambda turn: func.coalesce(turn.error_message, ""),
        "What went wrong, for a person.",
    )
    stage: Stage | None = column(TurnRow.error_stage, "The stage it happened in.")


@shows(TurnRow)
@strawberry.type(description="One user message and all that follows from it, up to the spoken reply.")
class Turn(Node):
    row: strawberry.Private[TurnRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(TurnRow.id, "UUID version 7.")
    number: int = column(TurnRow.number, "Counts the session's turns from 1.")
    status: TurnStatus = column(TurnRow.status, "How far it is.")
    attempt: int = column(TurnRow.attempt, "How often it was begun; 0 while it is queued.")
    error: TurnError | None = part(
        "Why it failed.",
        lambda: TurnError,
        python=lambda turn: turn.error_code is not None,
        sql=lambda turn: turn.error_code.is_not(None),
    )
    queued_at: datetime = column(TurnRow.queued_at, "When its message was accepted.")
    started_at: datetime | None = column(TurnRow.started_at, "When a worker first took it.")
    finished_at: datetime | None = column(TurnRow.finished_at, "When it ended.")
    timing: TurnTiming = part(
        "Where the time went: queue, each stage, and what no stage accounts for.", lambda: TurnTiming
    )
    user_message: Message = one(
        MessageRow.turn_id,
        TurnRow.id,
        "What the customer said.",
        python=lambda message: message.role is Role.USER,
        sql=lambda _, message: message.role == Role.USER,
    )
    reply: Message | None = one(
        MessageRow.turn_id,
        TurnRow.id,
        "What the assistant answered; null until its text is whole.",
        python=lambda message: message.role is Role.ASSISTANT,
        sql=lambda _, message: message.role == Role.ASSISTANT,
    )
    model_calls: list[ModelCall] = many(ModelCallRow.turn_id, TurnRow.id, "Its model calls, oldest first.")
    tool_calls: list[ToolCall] = many(ToolCallRow.turn_id, TurnRow.id, "Its tool calls, oldest first.")
    crm_records: list[CrmRecord] = many_through(
        CrmRecordRow.tool_call_id,
        ToolCallRow.turn_id,
        TurnRow.id,
        "The CRM records its tool calls filed, oldest first.",
    )
    session: Annotated[Session, strawberry.lazy("graph.api.types.session")] = one(
        SessionRow.id, TurnRow.session_id, "The session it belongs to."
    )
