"""A session, and the whole of one: its conversation."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from db.models.conversation import Session as SessionRow
from graph.loaders import Source
from graph.types.common import described
from graph.types.crm import CrmRecord
from graph.types.message import Message
from graph.types.model_call import ModelCall
from graph.types.tool_call import ToolCall
from graph.types.turn import Turn
from graph.types.words import Channel, SessionStatus


@strawberry.type(description="One conversation of one customer.")
class Session:
    row: strawberry.Private[SessionRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = described("UUID version 7.")
    customer_id: str = described("The customer, as the client that opened the session names them.")
    language: str = described('What is spoken, as "en" or "es-MX", or "auto" to detect it.')
    channel: Channel = described("How the customer reached the company.")
    persona: str = described("Who the assistant is.")
    status: SessionStatus = described("OPEN until endSession.")
    metadata: JSON | None = described("What the client keeps with the session.")
    created_at: datetime = described("When it was opened.")
    ended_at: datetime | None = described("When it was ended.")
    last_seq: int = described("The number of its newest event.")

    @classmethod
    def of(cls, row: SessionRow, source: Source) -> Session:
        return cls(
            row=row,
            source=source,
            id=strawberry.ID(str(row.id)),
            customer_id=row.customer_id,
            language=row.language,
            channel=row.channel,
            persona=row.persona,
            status=row.status,
            metadata=None if row.metadata_ is None else JSON(row.metadata_),
            created_at=row.created_at,
            ended_at=row.ended_at,
            last_seq=row.last_seq,
        )

    @strawberry.field(description="Its turns, oldest first.")
    async def turns(self) -> list[Turn]:
        return [Turn.of(row, self.source) for row in await self.source.turns_of_session.load(self.row.id)]

    @strawberry.field(description="Its messages, oldest first.")
    async def messages(self) -> list[Message]:
        return [Message.of(row, self.source) for row in await self.source.messages_of_session.load(self.row.id)]


@strawberry.type(
    description="The whole of one session, as of lastSeq: subscribe to sessionEvents with afterSeq: lastSeq, and "
    "nothing is missed or seen twice."
)
class Conversation:
    row: strawberry.Private[SessionRow]
    source: strawberry.Private[Source]

    @strawberry.field(description="The session itself.")
    def session(self) -> Session:
        return Session.of(self.row, self.source)

    @strawberry.field(description="The number of the newest event that is part of this.")
    def last_seq(self) -> int:
        return self.row.last_seq

    @strawberry.field(description="All messages, oldest first.")
    async def messages(self) -> list[Message]:
        return [Message.of(row, self.source) for row in await self.source.messages_of_session.load(self.row.id)]

    @strawberry.field(description="All turns, oldest first.")
    async def turns(self) -> list[Turn]:
        return [Turn.of(row, self.source) for row in await self.source.turns_of_session.load(self.row.id)]

    @strawberry.field(description="All model calls, oldest first.")
    async def model_calls(self) -> list[ModelCall]:
        return [ModelCall.of(row) for row in await self.source.model_calls_of_session.load(self.row.id)]

    @strawberry.field(description="All CRM records, oldest first.")
    async def crm_records(self) -> list[CrmRecord]:
        return [CrmRecord.of(row, self.source) for row in await self.source.crm_records_of_session.load(self.row.id)]

    @strawberry.field(description="All tool calls, oldest first.")
    async def tool_calls(self) -> list[ToolCall]:
        return [ToolCall.of(row, self.source) for row in await self.source.tool_calls_of_session.load(self.row.id)]
