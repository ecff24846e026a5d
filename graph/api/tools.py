"""Runs a tool by hand, on behalf of a viewer. Which tools there are is the composition root's choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from db.models.work import ToolCall
from db.viewer import Viewer


class ToolRunner(Protocol):
    async def run(
        self,
        viewer: Viewer,
        session_id: UUID,
        *,
        name: str,
        arguments: Mapping[str, Any],
        idempotency_key: str | None,
    ) -> ToolCall:
        """The finished call, ACCEPTED or FAILED; PENDING if it is a resend, and another process still runs it.

        Raises NotFound, BadUserInput, IdempotencyConflict, SessionEnded, Overloaded.
        """
        ...
