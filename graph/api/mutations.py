"""GraphQL mutations: each runs one command in a database transaction, or a manual tool call.

Payloads are nullable, so that a failed mutation does not remove the results of others in the same document.
"""

from __future__ import annotations

import math
from uuid import UUID

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.engine_choice import validate_engines
from db.audio.persist import NewAudio, new_audio, upload
from db.commands import calls, forks, messages, sessions, turns
from db.enums import AudioKind
from db.errors import BadUserInput
from db.ids import parse_id
from db.models.conversation import Session as SessionRow
from db.models.conversation import Turn as TurnRow
from db.queue import workers
from db.turns.live_values import TurnTaking
from db.validation import validate_json
from db.viewer import Viewer
from graph.api.agent_mutations import AgentMutations
from graph.api.context import Info
from graph.api.inputs import (
    CallToolInput,
    CancelTurnInput,
    CloseCallInput,
    CreateSessionInput,
    EndSessionInput,
    ForkSessionInput,
    InterruptReplyInput,
    OpenCallInput,
    RetryTurnInput,
    SendMessageInput,
    TurnTakingInput,
)
from graph.api.key_mutations import KeyMutations
from graph.api.message_content import content_of
from graph.api.payloads import (
    CallToolPayload,
    CancelTurnPayload,
    CloseCallPayload,
    CreateSessionPayload,
    EndSessionPayload,
    ForkSessionPayload,
    InterruptReplyPayload,
    OpenCallPayload,
    RetryTurnPayload,
    SendMessagePayload,
)
from graph.api.types.call import Call
from graph.api.types.session import Session
from graph.api.types.tool_call import ToolCall
from graph.api.types.turn import Turn
from graph.api.wait_for_turn import turn_ended
from graph.parts import Parts


@strawberry.type(description="The mutations.")
class Mutation(AgentMutations, KeyMutations):
    @strawberry.mutation(description="Starts a conversation.")
    async def create_session(self, info: Info, input: CreateSessionInput) -> CreateSessionPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        parts = info.context.parts

        async def create(session: AsyncSession) -> SessionRow:
            living = await workers.find_alive(session, parts.settings.live_worker_seconds)
            return await sessions.create_session(
                session,
                viewer,
                customer_id=input.customer_id,
                language=input.language,
                channel=input.channel,
                persona=input.persona,
                agent_version=input.agent_version,
                metadata=None if input.metadata is None else validate_json(input.metadata, "metadata"),
                answered=workers.answered_languages(living),
                engines=None if input.engines is None else validate_engines(input.engines.chosen(), living),
            )

        row = await parts.database.run(create)
        return CreateSessionPayload(session=Session(row=row, source=info.context.loaders))

    @strawberry.mutation(
        description="Stores a message and queues its turn in one transaction, committed before the response."
    )
    async def send_message(self, info: Info, input: SendMessageInput) -> SendMessagePayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        parts = info.context.parts
        if not (math.isfinite(input.wait_seconds) and 0 <= input.wait_seconds <= parts.settings.max_wait_seconds):
            raise BadUserInput(f"waitSeconds must be from 0 to {parts.settings.max_wait_seconds:g}.")
        session_id = parse_id(input.session_id, "session")
        content = await _content(parts, viewer, session_id, input)
        row = await parts.database.run(
            lambda session: messages.send_message(
                session,
                viewer,
                session_id=session_id,
                content=content,
                idempotency_key=input.idempotency_key,
                limits=parts.settings.queue_limits,
            )
        )
        waits = input.wait_seconds > 0 and not row.status.ended
        if waits and await turn_ended(parts.feed, parts.database.reader, session_id, row.id, input.wait_seconds):
            async with parts.database.reading() as session:
                row = (await session.execute(select(TurnRow).where(TurnRow.id == row.id))).scalar_one()
        return SendMessagePayload(turn=Turn(row=row, source=info.context.loaders))

    @strawberry.mutation(
        description="Cancels a turn: a queued one immediately, a running one within moments. A partial reply is kept, "
        "with complete: false. Idempotent: a turn that has ended stays unchanged."
    )
    async def cancel_turn(self, info: Info, input: CancelTurnInput) -> CancelTurnPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        turn_id = parse_id(input.turn_id, "turn")
        row = await info.context.parts.database.run(lambda session: turns.cancel_turn(session, viewer, turn_id=turn_id))
        return CancelTurnPayload(turn=Turn(row=row, source=info.context.loaders))

    @strawberry.mutation(
        description="Runs a failed or cancelled turn again, from its first unfinished stage. A queued, running or "
        "completed turn stays unchanged."
    )
    async def retry_turn(self, info: Info, input: RetryTurnInput) -> RetryTurnPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        turn_id = parse_id(input.turn_id, "turn")
        limits = info.context.parts.settings.queue_limits
        row = await info.context.parts.database.run(
            lambda session: turns.retry_turn(session, viewer, turn_id=turn_id, limits=limits)
        )
        return RetryTurnPayload(turn=Turn(row=row, source=info.context.loaders))

    @strawberry.mutation(description="Ends a conversation. Idempotent.")
    async def end_session(self, info: Info, input: EndSessionInput) -> EndSessionPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        session_id = parse_id(input.session_id, "session")
        row = await info.context.parts.database.run(
            lambda session: sessions.end_session(session, viewer, session_id=session_id)
        )
        return EndSessionPayload(session=Session(row=row, source=info.context.loaders))

    @strawberry.mutation(
        description="Copies a session up to a turn into a new one, with another version of the agent or other engines"
        " if asked for, and queues its later messages there again, in one transaction. The session is not changed."
    )
    async def fork_session(self, info: Info, input: ForkSessionInput) -> ForkSessionPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        parts = info.context.parts
        session_id = parse_id(input.session_id, "session")

        async def fork(session: AsyncSession) -> SessionRow:
            living = await workers.find_alive(session, parts.settings.live_worker_seconds)
            wanted = forks.Fork(
                after_turn=input.after_turn,
                agent_version=input.agent_version,
                engines=None if input.engines is None else validate_engines(input.engines.chosen(), living),
                replay=input.replay,
                external_tools=input.external_tools,
            )
            return await forks.fork_session(
                session,
                viewer,
                session_id=session_id,
                fork=wanted,
                idempotency_key=input.idempotency_key,
                limits=parts.settings.queue_limits,
            )

        row = await parts.database.run(fork)
        return ForkSessionPayload(session=Session(row=row, source=info.context.loaders))

    @strawberry.mutation(
        description="Calls a tool manually: one of the CRM server, or server__tool of an external MCP server. If the "
        "tool may have run but did not respond, the call is FAILED with OUTCOME_UNKNOWN."
    )
    async def call_tool(self, info: Info, input: CallToolInput) -> CallToolPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        call = await info.context.parts.tools.run(
            viewer,
            parse_id(input.session_id, "session"),
            name=input.name,
            arguments=validate_json(input.arguments, "arguments"),
            idempotency_key=input.idempotency_key,
        )
        return CallToolPayload(tool_call=ToolCall(row=call, source=info.context.loaders))

    @strawberry.mutation(
        description="Opens a live call, to which a caller connects with the URL and the token. Idempotent with a key. A"
        " session's call that has no connection is ended by a new one; one that has is CONFLICT."
    )
    async def open_call(self, info: Info, input: OpenCallInput) -> OpenCallPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        session_id = parse_id(input.session_id, "session")
        parts = info.context.parts
        row = await parts.database.run(
            lambda session: calls.open_call(
                session,
                viewer,
                session_id=session_id,
                transport=input.transport,
                turn_taking=_turn_taking(input.turn_taking),
                record=input.record,
                idempotency_key=input.idempotency_key,
            )
        )
        token, expires_at = parts.call_tokens.sign(row)
        return OpenCallPayload(
            call=Call(row=row, source=info.context.loaders),
            url=info.context.call_url(row.transport),
            token=token,
            expires_at=expires_at,
        )

    @strawberry.mutation(description="Ends a live call at once; turns that it has stored still finish. Idempotent.")
    async def close_call(self, info: Info, input: CloseCallInput) -> CloseCallPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        call_id = parse_id(input.call_id, "call")
        row = await info.context.parts.database.run(lambda session: calls.close_call(session, viewer, call_id=call_id))
        return CloseCallPayload(call=Call(row=row, source=info.context.loaders))

    @strawberry.mutation(description="Stops the reply that plays in a live call, as if the caller spoke over it.")
    async def interrupt_reply(self, info: Info, input: InterruptReplyInput) -> InterruptReplyPayload | None:  # noqa: A002
        viewer = await info.context.viewer()
        call_id = parse_id(input.call_id, "call")
        row = await info.context.parts.database.run(
            lambda session: calls.interrupt_reply(session, viewer, call_id=call_id)
        )
        return InterruptReplyPayload(call=Call(row=row, source=info.context.loaders))


def _turn_taking(given: TurnTakingInput | None) -> TurnTaking:
    if given is None:
        return TurnTaking()
    words = None if given.backchannels is None else tuple(given.backchannels)
    return TurnTaking(given.eagerness, given.max_silence_ms, given.interruptible, words)


async def _content(
    parts: Parts, viewer: Viewer, session_id: UUID, given: SendMessageInput
) -> messages.TextContent | NewAudio:
    """The message's content. Audio is stored only if the session accepts the message."""
    upload_it = isinstance(given.content.text, str) or await messages.precheck_message(
        parts.database,
        viewer,
        session_id=session_id,
        idempotency_key=given.idempotency_key,
        limits=parts.settings.queue_limits,
    )
    content = await content_of(given.content, parts.settings, parts.decoders, viewer)
    if isinstance(content, messages.TextContent):
        return content
    saved = new_audio(AudioKind.RECORDING, content, session_id=session_id)
    return await upload(parts.store, saved) if upload_it else saved
