"""A conversation with a chat model and its tools: the real payload models, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from db.agents.builtin import builtin_agents
from db.agents.definition import STANDARD_FIELDS, AgentDefinition
from db.agents.payload import check_payload
from db.agents.tool_names import FIND_CRM_RECORDS, UPDATE_CRM_RECORD
from inference.ports import (
    AssistantMessage,
    ChatModel,
    CompletedToolCall,
    HistoryItem,
    ToolRequest,
    ToolSpec,
    UserMessage,
)
from inference.testing.chat_model import TOOLS, Answer, answer, chat_request


@dataclass
class Conversation:
    """Simulates the pipeline: runs requested tools with real validation, and keeps the history."""

    model: ChatModel
    language: str = "en"
    agent: str | AgentDefinition = "billing_agent"
    tools: tuple[ToolSpec, ...] = TOOLS
    known: Mapping[str, str] = field(default_factory=dict)
    history: list[HistoryItem] = field(default_factory=list)
    filed: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    found: list[Mapping[str, Any]] = field(default_factory=list)
    broken: bool = False
    last: Answer | None = None

    async def say(self, text: str) -> str:
        """Adds a user message; returns the reply after all tool calls."""
        self.history.append(UserMessage(text))
        for _ in range(6):
            request = chat_request(
                *self.history, language=self.language, agent=self.agent, tools=self.tools, known=self.known
            )
            self.last = await answer(self.model, request)
            if not self.last.calls:
                self.history.append(AssistantMessage(self.last.text))
                return self.last.text
            for call in self.last.calls:
                self.history.append(CompletedToolCall(call.call_id, call.name, call.arguments, self._run(call)))
        raise AssertionError("the model asks for tools without end")

    def _run(self, call: ToolRequest) -> Mapping[str, Any]:
        assert call.name in {tool.name for tool in self.tools}
        if self.broken:
            return {"ok": False, "errors": [{"loc": "", "msg": "the tool's server cannot be reached"}]}
        if call.name == FIND_CRM_RECORDS:
            return {"ok": True, "records": self.found}
        if call.name == UPDATE_CRM_RECORD:
            return self._update(dict(call.arguments))
        payload, errors = self._checked(call.name, call.arguments)
        if errors:
            return {"ok": False, "errors": errors}
        self.filed.append((call.name, payload))
        return self._record(len(self.filed))

    def _update(self, arguments: dict[str, Any]) -> Mapping[str, Any]:
        number = int(arguments.pop("reference").removeprefix("K7Q2M"))
        name, before = self.filed[number - 1]
        payload, errors = self._checked(name, {**before, **arguments})
        if errors:
            return {"ok": False, "errors": errors}
        self.filed[number - 1] = (name, payload)
        return self._record(number)

    def _record(self, number: int) -> Mapping[str, Any]:
        name, payload = self.filed[number - 1]
        record = {"id": "1", "reference": f"K7Q2M{number}", "scenario": name, "status": "DONE", **payload}
        return {"ok": True, "record": record}

    def _checked(self, name: str, payload: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any]:
        agent = builtin_agents()[self.agent] if isinstance(self.agent, str) else self.agent
        scenario = agent.scenario(name)
        assert scenario is not None
        checked, errors = check_payload(agent, scenario, payload)
        return {**dict.fromkeys((*STANDARD_FIELDS, *scenario.fields)), **checked}, errors
