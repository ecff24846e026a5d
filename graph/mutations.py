"""What can be done. Each is one command of the database, or a tool run by hand."""

from __future__ import annotations

import math

import strawberry
from sqlalchemy import select

from db import commands
from db.clean import clean_json
from db.errors import BadUserInput
from db.ids import parse_id
from db.models.conversation import Turn as TurnRow
from graph.inputs import CallToolInput, CreateSessionInput, EndSessionInput, SendMessageInput
from graph.types.common import Info, described
from graph.types.session import Session
from graph.types.tool_call import ToolCall
from graph.types.turn import Turn
from graph.uploads import content_of
from graph.waiting import turn_ended


@strawberry.type(description="The session that was opened.")
class CreateSessionPayload:
    session: Session = described("It takes messages now.")


@strawberry.type(description="The turn of the message, which is stored when this is answered.")
class SendMessagePayload:
    turn: Turn = described("QUEUED, or further if waitSeconds allowed it.")


@strawberry.type(description="The session that was ended.")
class EndSessionPayload:
    session: Session = described("It takes no more messages; the turns it has are finished.")


@strawberry.type(description="The tool call that was made.")
class CallToolPayload:
    tool_call: ToolCall = described("ACCEPTED with its result, or FAILED with its error.")


@strawberry.type(description="What can be done.")
class Mutation:
    @strawberry.mutation(description="Opens a conversation.")
    async def create_session(self, info: Info, input: CreateSessionInput) -> CreateSessionPayload:  # noqa: A002
        viewer = await info.context.viewer()
        async with info.context.parts.database.transaction() as session:
            row = await commands.create_session(
                session,
                viewer,
                customer_id=input.customer_id,
                language=input.language,
                channel=input.channel,
                persona=input.persona,
                metadata=None if input.metadata is None else clean_json(input.metadata, "metadata"),
            )
        return CreateSessionPayload(session=Session.of(row, info.context.loaders))

    @strawberry.mutation(
        description="Stores a message and queues its turn, in one commit: what was answered is not lost."
    )
    async def send_message(self, info: Info, input: SendMessageInput) -> SendMessagePayload:  # noqa: A002
        viewer = await info.context.viewer()
        parts = info.context.parts
        if not (math.isfinite(input.wait_seconds) and 0 <= input.wait_seconds <= parts.settings.max_wait_seconds):
            raise BadUserInput(f"waitSeconds must be from 0 to {parts.settings.max_wait_seconds:g}.")
        session_id = parse_id(input.session_id, "session")
        content = await content_of(input.content, parts.settings)
        async with parts.database.transaction() as session:
            row = await commands.send_message(
                session,
                viewer,
                parts.store,
                session_id=session_id,
                content=content,
                idempotency_key=input.idempotency_key,
            )
        if input.wait_seconds > 0 and await turn_ended(parts.feed, session_id, row.id, input.wait_seconds):
            async with parts.database.reading() as session:
                row = (await session.execute(select(TurnRow).where(TurnRow.id == row.id))).scalar_one()
        return SendMessagePayload(turn=Turn.of(row, info.context.loaders))

    @strawberry.mutation(description="Ends a conversation. Ending it again changes nothing.")
    async def end_session(self, info: Info, input: EndSessionInput) -> EndSessionPayload:  # noqa: A002
        viewer = await info.context.viewer()
        session_id = parse_id(input.session_id, "session")
        async with info.context.parts.database.transaction() as session:
            row = await commands.end_session(session, viewer, session_id=session_id)
        return EndSessionPayload(session=Session.of(row, info.context.loaders))

    @strawberry.mutation(description="Runs a tool of the MCP server by hand.")
    async def call_tool(self, info: Info, input: CallToolInput) -> CallToolPayload:  # noqa: A002
        viewer = await info.context.viewer()
        call = await info.context.parts.tools.run(
            viewer,
            parse_id(input.session_id, "session"),
            name=input.name,
            arguments=clean_json(input.arguments, "arguments"),
            idempotency_key=input.idempotency_key,
        )
        return CallToolPayload(tool_call=ToolCall.of(call, info.context.loaders))
