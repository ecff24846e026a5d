"""A tool run outside of any turn, because a client asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db import tool_calls
from db.clean import clean_json
from db.commands import lock_session
from db.engine import Database
from db.errors import BadUserInput, EngineUnavailable
from db.ids import new_id
from db.models.work import ToolCall
from db.viewer import Viewer
from db.words import ToolCallStatus
from inference.ports import ToolBox, ToolContext, ToolResult


@dataclass(frozen=True, slots=True)
class ByHand:
    """Runs tools of the same box that turns use."""

    database: Database
    toolbox: ToolBox

    async def run(
        self,
        viewer: Viewer,
        session_id: UUID,
        *,
        name: str,
        arguments: Mapping[str, Any],
        idempotency_key: str | None,
    ) -> ToolCall:
        """Puts the intent on record, runs the tool, and returns the call as it ended."""
        arguments = clean_json(arguments, "The arguments")
        servers = {spec.name: server for server, spec in await self.toolbox.tools()}
        if name not in servers:
            raise BadUserInput(f"Unknown tool: use one of {', '.join(sorted(servers))}.")
        key = str(new_id()) if idempotency_key is None else idempotency_key

        async def intend(session: AsyncSession) -> ToolCall:
            await lock_session(session, viewer, session_id)
            return await tool_calls.begin_by_hand(
                session, session_id, name=name, server=servers[name], arguments=arguments, idempotency_key=key
            )

        call = await self.database.run(intend)
        if call.status is not ToolCallStatus.PENDING:
            return call
        context = ToolContext(str(viewer.tenant_id), str(session_id), str(call.id))
        result: ToolResult | None = None
        error: str | None = None
        try:
            result = await self.toolbox.call(name, arguments, context)
        except EngineUnavailable as failed:
            error = failed.message
        if result is not None and not result.ok:
            error = "The tool refused the call."

        async def end(session: AsyncSession) -> ToolCall:
            ended = await tool_calls.lock(session, viewer.tenant_id, session_id, call.id)
            await tool_calls.end(session, ended, result=None if result is None else result.content, error=error)
            return ended

        return await self.database.run(end)
