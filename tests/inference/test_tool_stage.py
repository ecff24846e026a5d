"""A tool runs once: what is called again, what is not, and what the customer may be told."""

from __future__ import annotations

import pytest

from db.errors import EngineUnavailable, OutcomeUnknown
from inference.engines.fake_chat import FakeChatModel
from inference.ports import ChatRequest, ToolRequest, ToolUsed
from tests.inference.turns import OneTool, run, work


def _heard(seen: list[ToolUsed]) -> FakeChatModel:
    def script(request: ChatRequest) -> str | list[ToolRequest]:
        used = [item for item in request.history if isinstance(item, ToolUsed)]
        seen.extend(used)
        return "Done." if used else [ToolRequest("1", "note", {})]

    return FakeChatModel(script)


@pytest.mark.parametrize("toolbox", [OneTool(OutcomeUnknown("lost")), OneTool(seconds=30)], ids=["lost", "slow"])
async def test_a_tool_that_may_have_run_is_not_called_again(toolbox: OneTool) -> None:
    seen: list[ToolUsed] = []
    journal = await run(work(), llm=_heard(seen), toolbox=toolbox)
    assert len(toolbox.calls) == 1
    (error,) = journal.told("tool_finished")
    assert error.startswith("OUTCOME_UNKNOWN: ")
    assert seen[-1].result["outcome"] == "unknown"
    assert journal.failure is None


async def test_a_repeatable_tool_is_called_again_with_the_same_key() -> None:
    toolbox = OneTool(OutcomeUnknown("lost"), repeatable=True)
    await run(work(), llm=_heard([]), toolbox=toolbox)
    assert len(toolbox.calls) == 3
    assert len({context.tool_call_id for _, _, context in toolbox.calls}) == 1


async def test_a_tool_that_was_not_reached_is_called_again() -> None:
    toolbox = OneTool(EngineUnavailable("down"))
    journal = await run(work(), llm=_heard([]), toolbox=toolbox)
    assert len(toolbox.calls) == 3
    assert journal.told("tool_finished") == ["ENGINE_UNAVAILABLE: down"]


async def test_a_call_that_a_lost_worker_began_is_not_made_again() -> None:
    toolbox = OneTool()
    seen: list[ToolUsed] = []
    journal = await run(work(pending=(ToolRequest("b", "note", {}),)), llm=_heard(seen), toolbox=toolbox)
    assert toolbox.calls == []
    assert journal.told("tool_finished")[0].startswith("OUTCOME_UNKNOWN: ")
    assert seen[0].result["outcome"] == "unknown"
