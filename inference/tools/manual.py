"""Tool calls by clients, outside of any turn (mutation ``callTool``)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.definition import AgentDefinition
from db.agents.pinned import agent_of
from db.agents.tool_names import BUILT_IN_SERVERS
from db.commands.sessions import lock_session
from db.enums import ToolCallStatus
from db.errors import BadUserInput, Forbidden, NotFound, OutcomeUnknown, Overloaded, VoxLoomError
from db.ids import new_id
from db.logs import retrieve_exception, source_line
from db.models.conversation import Session
from db.models.work import ToolCall
from db.postgres.database import Database
from db.postgres.outage import retry_outage
from db.turns import tool_calls
from db.turns.values import error_result, error_text
from db.validation import validate_json
from db.viewer import Viewer
from inference.ports import ToolContext, ToolResult
from inference.tools.client import FoundTool, McpToolBox

#: Seconds for which the end of a call is retried while the database is unavailable.
_PATIENCE_SECONDS = 30.0

#: Added to the tool's time limit and the patience for the call's deadline: slack for a busy process.
_MARGIN_SECONDS = 60.0

#: Concurrent calls of one process.
_MAX_RUNNING = 100
_RETRY_SECONDS = 1.0

#: Seconds that running calls get when the process stops.
_CLOSE_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Request:
    """A client's request to run a tool; ``id``: of the call, unless the key names an earlier one."""

    viewer: Viewer
    session_id: UUID
    tool: FoundTool
    name: str
    arguments: Mapping[str, object]
    idempotency_key: str
    id: UUID


class ManualToolCalls:
    """Runs tools of the tool box that turns use; implements ``graph.parts.ToolRunner``.

    A started call runs to its end in a task of this object, even if its client disconnects. If the process dies,
    ``inference.worker.abandoned_calls`` ends the call.
    """

    def __init__(self, database: Database, toolbox: McpToolBox) -> None:
        self._database = database
        self._toolbox = toolbox
        self._running: dict[UUID, asyncio.Task[ToolCall]] = {}

    async def run(
        self,
        viewer: Viewer,
        session_id: UUID,
        *,
        name: str,
        arguments: Mapping[str, object],
        idempotency_key: str | None,
    ) -> ToolCall:
        """Records the intent, runs the tool and returns the finished call.

        The tools are those of the session's agent. The same ``idempotency_key`` returns the same call, PENDING if
        another process runs it and the tool is not repeatable. Raises NotFound, BadUserInput, Forbidden,
        IdempotencyConflict, SessionEnded, Overloaded.
        """
        arguments = validate_json(arguments, "The arguments")
        agent, external = await self._agent(viewer, session_id)
        tool = await self._toolbox.find(agent, name)
        if tool is None:
            known = ", ".join(sorted(spec.name for _, spec in await self._toolbox.tools(agent)))
            raise BadUserInput(f"Unknown tool: use one of {known}.")
        if not external and tool.server not in BUILT_IN_SERVERS:
            raise Forbidden("This fork of a session calls no tools of external servers (forkSession: externalTools).")
        if len(self._running) >= _MAX_RUNNING:
            raise Overloaded("The server runs as many tool calls as it may.", _RETRY_SECONDS)
        new = new_id()
        key = str(new) if idempotency_key is None else idempotency_key
        request = _Request(viewer, session_id, tool, name, arguments, key, new)
        # Registered before its row is committed: a resend that finds the row must find who runs the call, too.
        task = asyncio.create_task(self._begin_and_finish(request), name=f"tool-call-{new}")
        self._running[new] = task
        task.add_done_callback(lambda _: self._running.pop(new, None))
        task.add_done_callback(retrieve_exception)
        return await asyncio.shield(task)

    async def _begin_and_finish(self, request: _Request) -> ToolCall:
        """Records the intent and runs the tool, or waits for the request of this process that runs the same call."""
        tool, new = request.tool, request.id
        seconds = tool.seconds + _PATIENCE_SECONDS + _MARGIN_SECONDS

        async def intend(session: AsyncSession) -> tuple[ToolCall, asyncio.Task[ToolCall] | None]:
            """The call, and the request that runs it if this is a resend: it is registered for as long as PENDING."""
            await lock_session(session, request.viewer, request.session_id)
            call = await tool_calls.begin_manual(
                session,
                request.session_id,
                name=request.name,
                server=tool.server,
                arguments=request.arguments,
                idempotency_key=request.idempotency_key,
                seconds=seconds,
                call_id=new,
            )
            running = None if call.id == new else self._running.get(call.id)
            lost = running is None and call.id != new and call.status is ToolCallStatus.PENDING
            if lost and tool.repeatable:
                await tool_calls.extend_deadline(session, call, seconds)
            return call, running

        call, running = await self._database.run(intend)
        if call.status is not ToolCallStatus.PENDING:
            return call
        if call.id != new:
            running = running or self._running.get(call.id)  # of two that repeat a lost call, the first one runs it
            if running is not None:
                return await asyncio.shield(running)
            if not tool.repeatable:
                return call
            self._running[call.id] = self._running[new]
        context = ToolContext(str(request.viewer.tenant_id), str(request.session_id), str(call.id))
        try:
            return await self._finish(tool, request.name, request.arguments, context)
        finally:
            self._running.pop(call.id, None)

    async def _agent(self, viewer: Viewer, session_id: UUID) -> tuple[AgentDefinition, bool]:
        """The session's agent, and whether the session may call tools of external servers."""
        async with self._database.reading() as session:
            mine = select(Session).where(Session.id == session_id, Session.tenant_id == viewer.tenant_id)
            owner = await session.scalar(mine)
            if owner is None:
                raise NotFound("No such session.")
            return await agent_of(session, session_id), owner.external_tools

    async def close(self) -> None:
        """Waits up to 5 s for running calls, then ends them with OUTCOME_UNKNOWN."""
        tasks = list(self._running.values())
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _finish(
        self, tool: FoundTool, name: str, arguments: Mapping[str, object], context: ToolContext
    ) -> ToolCall:
        """Runs the tool and records its end."""
        try:
            async with asyncio.timeout(tool.seconds):
                result = await self._toolbox.call(name, arguments, context)
        except asyncio.CancelledError:
            await self._end(context, _failed(OutcomeUnknown("The server was stopped before the tool answered.")))
            raise
        except TimeoutError:
            return await self._end(context, _failed(OutcomeUnknown("The tool did not answer in time.")))
        except VoxLoomError as error:
            return await self._end(context, _failed(error))
        except Exception as error:
            log.error("tool_failed", tool=name, error=type(error).__name__, where=source_line(error))
            return await self._end(context, _failed(OutcomeUnknown("The tool failed.")))
        return await self._end(context, (result, None if result.ok else "The tool refused the call."))

    async def _end(self, context: ToolContext, outcome: tuple[ToolResult, str | None]) -> ToolCall:
        result, error = outcome

        async def end(session: AsyncSession) -> ToolCall:
            ids = (UUID(context.tenant_id), UUID(context.session_id), UUID(context.tool_call_id))
            call = await tool_calls.lock(session, *ids)
            await tool_calls.end(session, call, result=result.content, error=error)
            return call

        return await retry_outage(lambda: self._database.run(end), patience_seconds=_PATIENCE_SECONDS)


def _failed(error: VoxLoomError) -> tuple[ToolResult, str]:
    return ToolResult(False, error_result(error)), error_text(error)
