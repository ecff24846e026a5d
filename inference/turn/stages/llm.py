"""The LLM stage: one round of the language model, which ends in text or in tool requests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from db.enums import Stage
from db.errors import EngineUnavailable
from db.turns.values import FinishedCall
from inference.lender import Lender
from inference.ports import ChatFinished, ChatModel, ChatRequest, TextDelta, ToolRequest
from inference.turn.call_meter import CallMeter
from inference.turn.limits import TurnLimits
from inference.turn.timing import TurnClock


async def reply(
    request: ChatRequest, *, engine: Lender[ChatModel], limits: TurnLimits, clock: TurnClock
) -> AsyncGenerator[TextDelta | ToolRequest | FinishedCall, None]:
    """Yields the model's text and tool requests as they come, then its finished call."""
    meter = CallMeter(clock, Stage.LLM, engine.info)
    finished: ChatFinished | None = None
    items = meter.stream(engine, lambda model: model.reply(request), limits=limits)
    async with aclosing(items):
        async for item in items:
            if isinstance(item, ChatFinished):
                finished = item
            else:
                yield item
    if finished is None:
        raise meter.failed(EngineUnavailable(f"The engine {engine.info.engine} stopped in the middle of its reply."))
    yield meter.finished(
        model=finished.model,
        input_tokens=finished.input_tokens,
        output_tokens=finished.output_tokens,
        details=finished.details,
    )
