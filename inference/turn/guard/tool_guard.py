"""The guard of tool calls: the hard rules that hold whatever engine asks for a tool."""

from __future__ import annotations

import asyncio

from inference.ports import ToolRequest, ToolSpec
from inference.turn.guard.consent import denied, unconfirmed
from inference.turn.guard.conversation import Conversation
from inference.turn.guard.duplicates import filed_before
from inference.turn.guard.refusal import Refusal, Rule
from inference.turn.guard.said_values import unsaid
from inference.turn.guard.subject import subject_of

NOT_OFFERED = Refusal(Rule.NOT_OFFERED, (("", "There is no such tool here. Use only the tools that are offered."),))


async def refusal_of(request: ToolRequest, spec: ToolSpec | None, conversation: Conversation) -> Refusal | None:
    """Why a requested call is not made; None if it may be. ``spec``: None if the agent has no such tool.

    Reads the conversation in a thread.
    """
    if spec is None:
        return NOT_OFFERED
    return await asyncio.to_thread(_refusal, request, spec, conversation)


def _refusal(request: ToolRequest, spec: ToolSpec, conversation: Conversation) -> Refusal | None:
    subject = subject_of(request, spec, conversation.agent)
    arguments = request.arguments
    # Told first: what has been filed already is not to be asked about again.
    return (
        filed_before(subject, arguments, conversation)
        or (denied(subject, conversation) if subject.files or subject.needs_yes else None)
        or unsaid(subject, arguments, conversation)
        or (unconfirmed(subject, arguments, conversation) if subject.needs_yes else None)
    )
