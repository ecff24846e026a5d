"""A tool: its intent is on record before it runs, its end after, and it runs once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from db.enums import Stage
from db.errors import EngineUnavailable, OutcomeUnknown, VoxLoomError
from db.turns.values import refusal, told
from inference.ports import Journal, ToolBox, ToolContext, ToolRequest, ToolResult, ToolSpec, ToolUsed
from inference.turn.call_meter import failure_of
from inference.turn.limits import Limits
from inference.turn.timing import TurnClock


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool and the server that has it."""

    server: str
    spec: ToolSpec


async def run_tool(
    request: ToolRequest,
    *,
    number: int,
    begun: bool,
    offer: ToolOffer,
    toolbox: ToolBox,
    journal: Journal,
    limits: Limits,
    clock: TurnClock,
) -> ToolUsed:
    """Runs one tool and returns what the model is told of it. A tool that fails fails its call, not the turn.

    ``begun``: an earlier attempt began this call and did not see its end. What it did is not known; so a tool that is
    not repeatable is not called again.
    """
    context = await journal.tool_started(request, offer.server, number)
    with clock.busy(Stage.TOOL):
        try:
            if begun and not offer.spec.repeatable:
                raise OutcomeUnknown("The worker that called the tool was lost before the tool answered.")
            result, error = await _call(request, offer.spec, toolbox, context, limits, uncertain=begun), None
        except VoxLoomError as failed:
            result, error = ToolResult(False, refusal(failed)), told(failed)
    await journal.tool_finished(context, result, error)
    return ToolUsed(request.call_id, request.name, request.arguments, result.content)


def lost_offer(request: ToolRequest) -> ToolOffer:
    """Stands for the tool of a call that was begun when the tool is not offered any more: it cannot be called again."""
    return ToolOffer(request.server or "", ToolSpec(request.name, "", {}))


async def _call(
    request: ToolRequest,
    spec: ToolSpec,
    toolbox: ToolBox,
    context: ToolContext,
    limits: Limits,
    *,
    uncertain: bool = False,
) -> ToolResult:
    """The tool's answer. What went wrong on the way is tried again where that cannot do harm.

    ``uncertain``: the tool may have run for this call before. Then no failure means that nothing was done.
    """
    pause = limits.retry.pause_seconds
    for left in reversed(range(limits.retry.tries)):
        try:
            async with asyncio.timeout(limits.tool):
                return await toolbox.call(request.name, request.arguments, context)
        except TimeoutError:
            failed: VoxLoomError = OutcomeUnknown("The tool did not answer in time.")
        except VoxLoomError as error:
            failed = error
        except Exception as error:
            failed = OutcomeUnknown(failure_of(error, Stage.TOOL).message)
        uncertain = uncertain or isinstance(failed, OutcomeUnknown)
        passes = isinstance(failed, EngineUnavailable | OutcomeUnknown)
        if left == 0 or not passes or (uncertain and not spec.repeatable):
            break
        await asyncio.sleep(pause)
        pause *= 2
    if uncertain and not isinstance(failed, OutcomeUnknown):
        raise OutcomeUnknown(f"The tool may have run. Then: {failed.message}") from failed
    raise failed
