"""The TOOL stage: journals the intent, runs the tool once, journals its end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from db.enums import Stage
from db.errors import EngineUnavailable, OutcomeUnknown, VoxLoomError
from db.turns.values import error_result, error_text
from inference.ports import CompletedToolCall, Journal, ToolBox, ToolContext, ToolRequest, ToolResult, ToolSpec
from inference.turn.call_meter import failure_of
from inference.turn.guard.refusal import Refusal
from inference.turn.limits import TurnLimits
from inference.turn.reply_relay import ReplyRelay
from inference.turn.timing import TurnClock


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool that the model may call, and the MCP server that has it."""

    server: str
    spec: ToolSpec

    @property
    def external(self) -> bool:
        """Whether it is a tool of an external MCP server, ``server__tool``."""
        return self.spec.name.startswith(f"{self.server}__")


async def run_tool(
    request: ToolRequest,
    *,
    number: int,
    begun: bool,
    offer: ToolOffer,
    toolbox: ToolBox,
    journal: Journal,
    limits: TurnLimits,
    clock: TurnClock,
    refusal: Refusal | None = None,
    relay: ReplyRelay | None = None,
) -> CompletedToolCall:
    """Runs one tool; returns its result for the model. A tool that fails ends its call as FAILED, not the turn.

    ``number``: counts the turn's tool calls. ``begun``: an earlier attempt started this call and did not see its end;
    a tool that is not repeatable is not called again then: the call ends with OUTCOME_UNKNOWN. ``refusal``: why the
    call is not made; it is recorded as FAILED, with the refusal as its result.
    """
    context = await journal.tool_started(request, offer.server, number)
    if relay is not None:
        relay.tool_started(context.tool_call_id, request.name)
    with clock.busy(Stage.TOOL):
        try:
            if begun and not offer.spec.repeatable:
                raise OutcomeUnknown("The worker that called the tool was lost before the tool answered.")
            if refusal is not None:
                result, error = ToolResult(False, refusal.result), refusal.text
            else:
                result, error = await _call(request, offer.spec, toolbox, context, limits, uncertain=begun), None
        except VoxLoomError as failed:
            result, error = ToolResult(False, error_result(failed)), error_text(failed)
    await journal.tool_finished(context, result, error)
    if relay is not None:
        relay.tool_finished(context.tool_call_id, request.name, ok=result.ok)
    return CompletedToolCall(request.call_id, request.name, request.arguments, result.content)


def lost_offer(request: ToolRequest) -> ToolOffer:
    """The offer for a call that an earlier attempt started, if its tool is no longer offered: not repeatable."""
    return ToolOffer(request.server or "", ToolSpec(request.name, "", {}))


async def _call(
    request: ToolRequest,
    spec: ToolSpec,
    toolbox: ToolBox,
    context: ToolContext,
    limits: TurnLimits,
    *,
    uncertain: bool = False,
) -> ToolResult:
    """The tool's result. A failed call is retried unless the tool may have run and is not repeatable.

    ``uncertain``: an earlier attempt may have run the tool for this call. Raises OutcomeUnknown if it may have run,
    EngineUnavailable or the tool's own error if it has not.
    """
    for number in range(1, limits.retry.tries + 1):
        try:
            async with asyncio.timeout(limits.tool_seconds):
                return await toolbox.call(request.name, request.arguments, context)
        except TimeoutError:
            failed: VoxLoomError = OutcomeUnknown("The tool did not answer in time.")
        except VoxLoomError as error:
            failed = error
        except Exception as error:
            failed = OutcomeUnknown(failure_of(error, Stage.TOOL).message)
        uncertain = uncertain or isinstance(failed, OutcomeUnknown)
        passes = isinstance(failed, EngineUnavailable | OutcomeUnknown)
        if number == limits.retry.tries or not passes or (uncertain and not spec.repeatable):
            break
        await asyncio.sleep(limits.retry.pause(number))
    if uncertain and not isinstance(failed, OutcomeUnknown):
        raise OutcomeUnknown(f"The tool may have run. Then: {failed.message}") from failed
    raise failed
