"""GraphQL types of turns and their errors."""

from __future__ import annotations

from datetime import datetime
from operator import ne
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import func
from sqlalchemy.sql.elements import SQLColumnExpression

from db.models.calls import Call as CallRow
from db.models.conversation import Message as MessageRow
from db.models.conversation import Session as SessionRow
from db.models.conversation import Turn as TurnRow
from db.models.work import CrmRecord as CrmRecordRow
from db.models.work import ModelCall as ModelCallRow
from db.models.work import ToolCall as ToolCallRow
from graph.api.fields import column, computed, non_null, part, prefixed_id
from graph.api.loaders import Source
from graph.api.relations import many, many_through, one
from graph.api.types.call import Call, LiveTiming
from graph.api.types.circles import session_of
from graph.api.types.crm import CrmRecord
from graph.api.types.enums import Role, Stage, TurnStatus
from graph.api.types.message import Message
from graph.api.types.model_call import ModelCall
from graph.api.types.node import Node
from graph.api.types.timing import TurnTiming
from graph.api.types.tool_call import ToolCall

if TYPE_CHECKING:
    from graph.api.types.session import Session


def _error_message(turn: TurnRow) -> str:
    return turn.error_message or ""


def _error_message_sql(turn: type[TurnRow]) -> SQLColumnExpression[str | None]:
    return func.coalesce(turn.error_message, "")


@strawberry.type(description="Why a turn failed.")
class TurnError:
    row: strawberry.Private[TurnRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = prefixed_id("error", TurnRow.id, "one turn's error")
    code: str = column(non_null(TurnRow.error_code), "An error code of the API.")
    message: str = computed(_error_message, _error_message_sql, "The error in words.")
    stage: Stage | None = column(TurnRow.error_stage, "The stage that failed.")


@strawberry.type(description="A customer's message and its processing, up to the spoken reply.")
class Turn(Node):
    row: strawberry.Private[TurnRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(TurnRow.id, "UUID version 7.")
    number: int = column(TurnRow.number, "Its number in the session, from 1.")
    status: TurnStatus = column(TurnRow.status, "Its progress.")
    attempt: int = column(TurnRow.attempt, "The number of attempts started; 0 while it is queued.")
    error: TurnError | None = part(TurnError, "Why it failed.", where=lambda turn: ne(turn.error_code, None))
    queued_at: datetime = column(TurnRow.queued_at, "When its message was accepted.")
    started_at: datetime | None = column(TurnRow.started_at, "When a worker first started it.")
    finished_at: datetime | None = column(TurnRow.finished_at, "When it ended.")
    timing: TurnTiming = part(TurnTiming, "Its latency: queue, stages, and unattributed time.")
    call: Call | None = one(Call, CallRow.id, TurnRow.call_id, "The live call in which it was spoken.")
    reopened: int = column(TurnRow.reopened, "How often the caller went on speaking after its end.")
    live: LiveTiming | None = part(
        LiveTiming, "Its times in a live call; null for other turns.", where=lambda turn: ne(turn.live, None)
    )
    user_message: Message = one(
        Message,
        MessageRow.turn_id,
        TurnRow.id,
        "The customer's message.",
        where=lambda _, message: message.role == Role.USER,
    )
    reply: Message | None = one(
        Message,
        MessageRow.turn_id,
        TurnRow.id,
        "The assistant's message; null until its text is complete.",
        where=lambda _, message: message.role == Role.ASSISTANT,
    )
    model_calls: list[ModelCall] = many(ModelCall, ModelCallRow.turn_id, TurnRow.id, "Its model calls, oldest first.")
    tool_calls: list[ToolCall] = many(ToolCall, ToolCallRow.turn_id, TurnRow.id, "Its tool calls, oldest first.")
    crm_records: list[CrmRecord] = many_through(
        CrmRecord,
        CrmRecordRow.tool_call_id,
        ToolCallRow.turn_id,
        TurnRow.id,
        "The CRM records that its tool calls filed, oldest first.",
    )
    session: Annotated[Session, strawberry.lazy("graph.api.types.session")] = one(
        session_of, SessionRow.id, TurnRow.session_id, "The session it belongs to."
    )
