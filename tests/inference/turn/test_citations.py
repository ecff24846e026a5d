"""The passages that a reply was written from go with its checkpoint."""

from __future__ import annotations

from typing import Any

from db.agents.definition import AgentDefinition
from inference.engines.fake.chat import FakeChatModel
from inference.ports import ChatRequest, Citation, CompletedToolCall, ToolContext, ToolRequest, ToolResult, ToolSpec
from inference.turn.citations import citations_of
from tests.inference.turn.turns import OneTool, run, work

_FOUND = {"source": "house.md", "heading": "Dogs", "passage": "Dogs are welcome."}


class Library(OneTool):
    """Finds one passage."""

    async def tools(self, _: AgentDefinition) -> tuple[tuple[str, ToolSpec], ...]:
        return (("knowledge", ToolSpec("search_knowledge", "", {}, repeatable=True)),)

    async def call(self, name: str, arguments: Any, context: ToolContext) -> ToolResult:
        return ToolResult(True, {"ok": True, "passages": [_FOUND, _FOUND]})


async def test_a_reply_cites_what_was_found() -> None:
    def script(request: ChatRequest) -> str | list[ToolRequest]:
        if isinstance(request.history[-1], CompletedToolCall):
            return "Dogs are welcome."
        return [ToolRequest("1", "search_knowledge", {"query": "dogs"})]

    journal = await run(work(), llm=FakeChatModel(script), toolbox=Library())
    assert journal.citations == [Citation("house.md", "Dogs", "Dogs are welcome.")]
    assert (await run(work())).citations == []


def test_only_passages_of_searches_that_succeeded_are_cited() -> None:
    def call(name: str, **result: Any) -> CompletedToolCall:
        return CompletedToolCall("1", name, {}, result)

    assert citations_of([call("shop__find", ok=True, passages=[_FOUND])]) == ()
    assert citations_of([call("search_knowledge", ok=False, passages=[_FOUND])]) == ()
    odd: Any
    for odd in (None, "text", [1, "x"], {}, []):
        assert citations_of([call("search_knowledge", ok=True, passages=odd)]) == ()
