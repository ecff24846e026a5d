"""GraphQL types of sessions, and of a session's snapshot (Conversation)."""

from __future__ import annotations

from datetime import datetime

import strawberry
from sqlalchemy import select
from strawberry.scalars import JSON

from db.models.agents import AgentVersion as AgentVersionRow
from db.models.calls import Call as CallRow
from db.models.conversation import Message as MessageRow
from db.models.conversation import Session as SessionRow
from db.models.conversation import Turn as TurnRow
from db.models.events import Event as EventRow
from db.models.work import CrmRecord as CrmRecordRow
from db.models.work import ModelCall as ModelCallRow
from db.models.work import ToolCall as ToolCallRow
from db.sessions import summary
from graph.api.context import Info
from graph.api.fields import column, derived, part, prefixed_id
from graph.api.loaders import Source
from graph.api.paging import Connection, number_of_cursor, page, page_by
from graph.api.relations import one, window
from graph.api.types.agent import AgentVersion
from graph.api.types.call import Call
from graph.api.types.crm import CrmRecord
from graph.api.types.enums import Channel, SessionOutcome, SessionStatus
from graph.api.types.event import Event, event_in_page
from graph.api.types.message import Message
from graph.api.types.model_call import ModelCall
from graph.api.types.node import Node
from graph.api.types.tool_call import ToolCall
from graph.api.types.turn import Turn
from graph.limits import DEFAULT_PAGE_SIZE


@strawberry.type(description="One conversation of one customer.")
class Session(Node):
    row: strawberry.Private[SessionRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = column(SessionRow.id, "UUID version 7.")
    customer_id: str = column(SessionRow.customer_id, "Your identifier of the customer.")
    language: str = column(SessionRow.language, 'Its language, such as "en" or "es-MX", or "auto" to detect it.')
    channel: Channel = column(SessionRow.channel, "How the customer reached the company.")
    persona: str = column(SessionRow.persona, "The name of its agent.")
    agent_version: AgentVersion | None = one(
        AgentVersion,
        AgentVersionRow.id,
        SessionRow.agent_version_id,
        "The version of its agent, which answers to its end. Null if it was opened before agents had versions.",
    )
    status: SessionStatus = column(SessionRow.status, "OPEN until endSession.")
    metadata: JSON | None = column(SessionRow.metadata_, "The client's own data.")
    engines: JSON | None = column(
        SessionRow.engines,
        'Engines that were chosen for it by stage, in order of preference: {"llm": ["openai"]}. Null if none were.',
    )
    forked_from: strawberry.ID | None = column(
        SessionRow.forked_from_id, "The session that it was forked from (forkSession); null for others."
    )
    forked_after: int | None = column(
        SessionRow.forked_after, "The number of the last turn that the fork copied; null for others."
    )
    outcome: SessionOutcome = derived(
        SessionRow.id, summary.outcome, "What came of it so far: the first value that holds, in their order."
    )
    preview: str | None = derived(
        SessionRow.id, summary.preview, "The first words of the customer, at most 200 characters; null without any."
    )
    duration_ms: float = derived(
        SessionRow.id,
        summary.duration_ms,
        "Milliseconds from its creation to its end, or to its latest event if it is open.",
    )
    turn_count: int = column(SessionRow.turn_count, "How many turns it has.")
    failed_turns: int = derived(SessionRow.id, summary.failed_turns, "How many of its turns failed.")
    record_count: int = derived(SessionRow.id, summary.record_count, "How many CRM records were filed in it.")
    created_at: datetime = column(SessionRow.created_at, "When it was created.")
    ended_at: datetime | None = column(SessionRow.ended_at, "When endSession was called.")
    last_seq: int = column(SessionRow.last_seq, "The number (seq) of its latest event.")
    turns: list[Turn] = window(Turn, TurnRow.session_id, SessionRow.id, "Its turns, oldest first.")
    messages: list[Message] = window(Message, MessageRow.session_id, SessionRow.id, "Its messages, oldest first.")
    calls: list[Call] = window(Call, CallRow.session_id, SessionRow.id, "Its live calls, oldest first.")


@strawberry.type(
    description="A consistent snapshot of one session, as of event lastSeq: subscribe to sessionEvents with "
    "afterSeq: lastSeq to get every later event exactly once."
)
class Conversation:
    row: strawberry.Private[SessionRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = prefixed_id("conversation", SessionRow.id, "one conversation")
    session: Session = part(Session, "The session.")
    last_seq: int = column(SessionRow.last_seq, "The number (seq) of the latest event in the snapshot.")
    messages: list[Message] = window(Message, MessageRow.session_id, SessionRow.id, "All messages, oldest first.")
    turns: list[Turn] = window(Turn, TurnRow.session_id, SessionRow.id, "All turns, oldest first.")
    model_calls: list[ModelCall] = window(
        ModelCall, ModelCallRow.session_id, SessionRow.id, "All model calls, oldest first."
    )
    crm_records: list[CrmRecord] = window(
        CrmRecord, CrmRecordRow.session_id, SessionRow.id, "All CRM records, oldest first."
    )
    tool_calls: list[ToolCall] = window(
        ToolCall, ToolCallRow.session_id, SessionRow.id, "All tool calls, oldest first."
    )
    calls: list[Call] = window(Call, CallRow.session_id, SessionRow.id, "All live calls, oldest first.")

    @strawberry.field(
        description="The events up to lastSeq, oldest first, each as sessionEvents sends it: what it refers to is read "
        "as it is now."
    )
    async def events(
        self,
        info: Info,
        first: int = DEFAULT_PAGE_SIZE,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Connection[Event]:
        return await page(
            info.context.parts.database,
            select(EventRow).where(EventRow.session_id == self.row.id, EventRow.seq <= self.row.last_seq),
            EventRow.seq,
            page_by(number_of_cursor, first, after, last, before),
            lambda row: event_in_page(row, info.context.loaders),
            ascending=True,
        )
