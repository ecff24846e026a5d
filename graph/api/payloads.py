"""Results of the GraphQL mutations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from graph.api.descriptions import described
from graph.api.types.call import Call
from graph.api.types.session import Session
from graph.api.types.tool_call import ToolCall
from graph.api.types.turn import Turn


@strawberry.type(description="Result of createSession.")
class CreateSessionPayload:
    session: Annotated[Session, described("The new session, ready for messages.")]


@strawberry.type(description="Result of sendMessage. The message is stored (committed).")
class SendMessagePayload:
    turn: Annotated[Turn, described("The message's turn: QUEUED, or later in its life with waitSeconds.")]


@strawberry.type(description="Result of cancelTurn.")
class CancelTurnPayload:
    turn: Annotated[Turn, described("The turn: CANCELLED, or unchanged if it had ended before.")]


@strawberry.type(description="Result of retryTurn.")
class RetryTurnPayload:
    turn: Annotated[Turn, described("The turn: QUEUED, or unchanged if it was not failed or cancelled.")]


@strawberry.type(description="Result of endSession.")
class EndSessionPayload:
    session: Annotated[Session, described("The session: it accepts no more messages; turns in progress still finish.")]


@strawberry.type(description="Result of forkSession.")
class ForkSessionPayload:
    session: Annotated[Session, described("The fork, an open session.")]


@strawberry.type(description="Result of callTool.")
class CallToolPayload:
    tool_call: Annotated[
        ToolCall,
        described("The call: ACCEPTED with a result, FAILED with an error, or PENDING if resent while it still runs."),
    ]


@strawberry.type(description="Result of openCall.")
class OpenCallPayload:
    call: Annotated[Call, described("The call: OPENED until the caller connects.")]
    url: Annotated[str, described("The websocket address for the caller.")]
    token: Annotated[
        str, described("Instead of an API key, for this call alone: it may be given to a browser. Not logged anywhere.")
    ]
    expires_at: Annotated[
        datetime,
        described("Until when the caller must have connected. A dropped call can be resumed with the token later."),
    ]


@strawberry.type(description="Result of closeCall.")
class CloseCallPayload:
    call: Annotated[Call, described("The call: ENDED.")]


@strawberry.type(description="Result of interruptReply.")
class InterruptReplyPayload:
    call: Annotated[Call, described("The call. The event ReplyInterrupted follows if a reply plays.")]
