"""Tool calls run once: which calls are retried, and which end with an unknown outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from db.agents.definition import AgentDefinition
from db.errors import EngineUnavailable, OutcomeUnknown
from inference.engines.fake.chat import FakeChatModel
from inference.ports import ChatRequest, CompletedToolCall, ToolContext, ToolRequest, ToolResult, ToolSpec
from tests.inference.turn.turns import OneTool, run, work


def _heard(seen: list[CompletedToolCall]) -> FakeChatModel:
    def script(request: ChatRequest) -> str | list[ToolRequest]:
        used = [item for item in request.history if isinstance(item, CompletedToolCall)]
        seen.extend(used)
        return "Done." if used else [ToolRequest("1", "note", {})]

    return FakeChatModel(script)


@pytest.mark.parametrize("toolbox", [OneTool(OutcomeUnknown("lost")), OneTool(seconds=30)], ids=["lost", "slow"])
async def test_a_tool_that_may_have_run_is_not_called_again(toolbox: OneTool) -> None:
    seen: list[CompletedToolCall] = []
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
    seen: list[CompletedToolCall] = []
    journal = await run(work(pending=(ToolRequest("b", "note", {}),)), llm=_heard(seen), toolbox=toolbox)
    assert toolbox.calls == []
    assert journal.told("tool_finished")[0].startswith("OUTCOME_UNKNOWN: ")
    assert seen[0].result["outcome"] == "unknown"


async def test_an_error_that_nobody_foresaw_leaves_it_open_whether_the_tool_ran() -> None:
    toolbox = OneTool(RuntimeError("what the customer said"))
    journal = await run(work(), llm=_heard([]), toolbox=toolbox)
    (error,) = journal.told("tool_finished")
    assert error.startswith("OUTCOME_UNKNOWN: ")
    assert "customer" not in error
    assert len(toolbox.calls) == 1


class _Failing(OneTool):
    """A tool box whose repeatable tool raises these errors in order."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__(repeatable=True)
        self._errors = list(errors)

    async def call(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        self.calls.append((name, arguments, context))
        raise self._errors.pop(0)


async def test_a_server_that_is_down_after_a_lost_answer_does_not_mean_that_nothing_was_done() -> None:
    seen: list[CompletedToolCall] = []
    toolbox = _Failing(OutcomeUnknown("lost"), EngineUnavailable("down"), EngineUnavailable("down"))
    journal = await run(work(), llm=_heard(seen), toolbox=toolbox)
    assert len(toolbox.calls) == 3
    assert journal.told("tool_finished")[0].startswith("OUTCOME_UNKNOWN: ")
    assert seen[-1].result["outcome"] == "unknown"


async def test_a_call_that_a_lost_worker_began_stays_unknown_when_its_server_is_down_now() -> None:
    toolbox = OneTool(EngineUnavailable("down"), repeatable=True)
    journal = await run(work(pending=(ToolRequest("b", "note", {}),)), llm=_heard([]), toolbox=toolbox)
    assert len(toolbox.calls) == 3
    assert journal.told("tool_finished")[0].startswith("OUTCOME_UNKNOWN: ")


class _NoTool(OneTool):
    async def tools(self, _: AgentDefinition) -> tuple[tuple[str, ToolSpec], ...]:
        return ()


@pytest.mark.parametrize("server", ["shop", None])
async def test_a_call_whose_server_went_down_ends_unknown_and_the_turn_goes_on(server: str | None) -> None:
    seen: list[CompletedToolCall] = []
    toolbox = _NoTool()
    begun = ToolRequest("b", "shop__charge", {}, server)
    journal = await run(work(pending=(begun,)), llm=_heard(seen), toolbox=toolbox)
    assert toolbox.calls == []
    assert journal.told("tool_started") == [("shop__charge", server or "", 0)]
    assert journal.told("tool_finished")[0].startswith("OUTCOME_UNKNOWN: ")
    assert seen[0].result["outcome"] == "unknown"
    assert journal.failure is None
    assert journal.told("reply_ready")[0][0] == "Done."
