"""A tool: its intent is on record before it runs, and its end after."""

from __future__ import annotations

import asyncio

from db.errors import VoxLoomError
from db.words import Stage
from inference.metering import failure_of
from inference.ports import Journal, ToolBox, ToolRequest, ToolResult, ToolUsed
from inference.timing import TurnClock


async def run_tool(
    request: ToolRequest,
    *,
    number: int,
    server: str,
    toolbox: ToolBox,
    journal: Journal,
    timeout_seconds: float,
    clock: TurnClock,
) -> ToolUsed:
    """Runs one tool and returns what the model is told of it. A tool that fails fails its call, not the turn."""
    context = await journal.tool_started(request, server, number)
    result: ToolResult | None = None
    error: str | None = None
    with clock.busy(Stage.TOOL):
        try:
            async with asyncio.timeout(timeout_seconds):
                result = await toolbox.call(request.name, request.arguments, context)
        except (VoxLoomError, TimeoutError) as failed:
            error = failure_of(failed, Stage.TOOL).message
    await journal.tool_finished(context, result, error)
    content = result.content if result is not None else {"ok": False, "errors": [{"loc": "", "msg": error}]}
    return ToolUsed(request.call_id, request.name, request.arguments, content)
