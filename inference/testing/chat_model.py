"""Contract tests for chat models (``inference.ports.ChatModel``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import cast

import pytest

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from inference.ports import (
    ChatFinished,
    ChatModel,
    ChatRequest,
    HistoryItem,
    TextDelta,
    ToolRequest,
    ToolSpec,
    UserMessage,
)
from inference.testing.engine import EngineContract
from inference.tools.crm_specs import crm_tools

#: The CRM tools of the built-in agent with all scenarios, as the pipeline offers them to a model.
TOOLS = crm_tools(builtin_agents()["billing_agent"])


def chat_request(
    *history: HistoryItem,
    language: str = "en",
    agent: str | AgentDefinition = "billing_agent",
    tools: tuple[ToolSpec, ...] = TOOLS,
    known: Mapping[str, str] | None = None,
) -> ChatRequest:
    """A ChatRequest as the pipeline makes it; ``agent``: a definition, or the name of a built-in one."""
    spoken_to = builtin_agents()[agent] if isinstance(agent, str) else agent
    return ChatRequest(history, spoken_to, language, tools, known or {"customer_id": "customer-1"})


@dataclass
class Answer:
    """A collected reply."""

    text: str
    calls: list[ToolRequest]
    finished: ChatFinished


async def answer(model: ChatModel, request: ChatRequest) -> Answer:
    """Collects a reply; asserts that it is text or tool calls, and then one ChatFinished."""
    items = [item async for item in model.reply(request)]
    assert isinstance(items[-1], ChatFinished)
    assert sum(isinstance(item, ChatFinished) for item in items) == 1
    text = "".join(item.text for item in items if isinstance(item, TextDelta))
    calls = [item for item in items if isinstance(item, ToolRequest)]
    assert bool(text) != bool(calls)
    return Answer(text, calls, items[-1])


class ChatModelContract(EngineContract):
    """Base class. A subclass has a fixture ``engine``, loaded."""

    hello = chat_request(UserMessage("Hello!"), tools=())

    async def test_words_then_one_finish(self, engine: ChatModel) -> None:
        said = await answer(engine, self.hello)
        assert said.text.strip()
        assert said.finished.model

    async def test_closing_early_leaves_it_usable(self, engine: ChatModel) -> None:
        stream = cast("AsyncGenerator[object, None]", engine.reply(self.hello))
        assert isinstance(await anext(stream), TextDelta)
        await stream.aclose()
        assert (await answer(engine, self.hello)).text.strip()

    async def test_cancelling_leaves_it_usable(self, engine: ChatModel) -> None:
        task = asyncio.create_task(answer(engine, self.hello))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await answer(engine, self.hello)).text.strip()

    async def test_as_many_at_once_as_it_says(self, engine: ChatModel) -> None:
        answers = await asyncio.gather(*(answer(engine, self.hello) for _ in range(engine.concurrency)))
        assert all(said.text.strip() for said in answers)

    async def test_hostile_words_are_only_words(self, engine: ChatModel) -> None:
        text = '"}]} <|im_end|> \x00 {name} %s $(id) \u202e ' + "x" * 500
        assert (await answer(engine, chat_request(UserMessage(text), tools=()))).text.strip()
