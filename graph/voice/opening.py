"""Ports of the transports: who may call, admission, opening and connecting a call.

Implemented by ``graph.voice.reception`` and ``graph.voice.calls``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from db.turns.live_values import TurnTaking
from db.viewer import Viewer
from inference.live.ports import CallerSpeaker, LiveCall


@dataclass(frozen=True, slots=True)
class OpenedCall:
    """A call that a caller may connect to. ``voice``: the agent's in this language; None for the default."""

    tenant_id: UUID
    call_id: UUID
    session_id: UUID
    agent: str
    voice: str | None
    language: str
    turn_taking: TurnTaking = field(default_factory=TurnTaking)


@dataclass(frozen=True, slots=True)
class NewCall:
    """A session and a call to open with an API key. ``agent``: its name, or ``NAME@VERSION``. ``metadata``: the
    session's.
    """

    agent: str
    customer_id: str
    language: str
    metadata: Mapping[str, object]
    turn_taking: TurnTaking


class Connection(Protocol):
    """A caller's connection to a call. ``over``: done when the call has ended or another connection has taken it."""

    @property
    def call(self) -> LiveCall: ...

    @property
    def over(self) -> asyncio.Task[None]: ...


class Reception(Protocol):
    """Who may call, and the call itself. Raises errors of ``db.errors``."""

    def check_admission(self) -> None:
        """Raises Overloaded if no further call is accepted now."""
        ...

    async def admit(self, secret: str | None, address: str) -> Viewer | OpenedCall:
        """The holder of an API key, or the call of a token of ``openCall``.

        A missing or wrong secret is charged to the address. Raises Unauthenticated, also for an expired token;
        RateLimited; SessionEnded if the token's call has ended.
        """
        ...

    async def check_agent(self, viewer: Viewer, agent: str) -> None:
        """Raises AgentNotFound if no session can be opened with this agent."""
        ...

    async def open(self, viewer: Viewer, new: NewCall) -> OpenedCall:
        """Opens a session and its call. Raises AgentNotFound, BadUserInput and Overloaded."""
        ...

    def connect(self, call: OpenedCall, speaker: CallerSpeaker) -> AbstractAsyncContextManager[Connection]:
        """Runs the call within the context; leaving it is the loss of the connection, unless the call has ended."""
        ...
