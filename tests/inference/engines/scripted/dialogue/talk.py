"""A conversation with state, policy and wording: understanding is written by hand, tools answer as the CRM does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.agents.tool_names import FIND_CRM_RECORDS, SEARCH_KNOWLEDGE, UPDATE_CRM_RECORD
from inference.engines.scripted.dialogue.context import Context
from inference.engines.scripted.dialogue.policy import decide
from inference.engines.scripted.dialogue.repeated import letters_alike
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.dialogue.tracking import state_from_history
from inference.engines.scripted.values import (
    Expectation,
    Mention,
    Polarity,
    Reaction,
    Understanding,
    Wish,
)
from inference.engines.scripted.wording.wording import Wording
from inference.ports import AssistantMessage, ChatRequest, CompletedToolCall, HistoryItem, ToolSpec, UserMessage

_FORMATS = {
    "name": "person_name",
    "phone": "phone",
    "account_id": "account_id",
    "new_phone": "phone",
    "new_email": "email",
    "new_address": "postal_address",
    "target_plan": "text",
}


def wish(intent: str, text: str = "", polarity: Polarity = Polarity.WANTED, **more: Any) -> Wish:
    return Wish(intent, text or f"words of {intent}", polarity, more.pop("score", 0.9), **more)


def said(
    text: str,
    *wishes: Wish,
    mentions: tuple[Mention, ...] = (),
    reaction: Reaction = Reaction.NONE,
    language: str = "en",
    **more: Any,
) -> Understanding:
    """An understanding; keyword arguments that are fields become mentions of them."""
    values = {name: more.pop(name) for name in list(more) if name in _FORMATS} | more.pop("values", {})
    named = tuple(Mention(_FORMATS.get(name, "text"), value, 0, 0, name) for name, value in values.items())
    words = len(text.split())
    texts = tuple(each if each.text != f"words of {each.intent}" else replace(each, text=text) for each in wishes)
    return Understanding(text, language, texts, mentions=named + mentions, reaction=reaction, words=words, **more)


@dataclass
class Talk:
    """``lines``: what each utterance means. ``cut``: the part of the last reply that was heard."""

    agent: AgentDefinition = field(default_factory=lambda: builtin_agents()["billing_agent"])
    language: str = "en"
    known: Mapping[str, str] = field(default_factory=dict)
    tools: frozenset[str] | None = None
    broken: bool = False
    found: list[Mapping[str, Any]] = field(default_factory=list)
    passages: list[Mapping[str, Any]] = field(default_factory=list)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    history: list[HistoryItem] = field(default_factory=list)
    lines: dict[str, Understanding] = field(default_factory=dict)
    expected: list[Expectation] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    label: str = ""
    filed: list[str] = field(default_factory=list)

    def understand(self, text: str, language: str, agent: AgentDefinition, expected: Expectation) -> Understanding:
        self.expected.append(expected)
        return self.lines[text]

    def similarity(self, one: str, other: str) -> float:
        return letters_alike(one, other)

    @property
    def offered(self) -> frozenset[str]:
        names = {*(each.tool or each.name for each in self.agent.scenarios), FIND_CRM_RECORDS, UPDATE_CRM_RECORD}
        if self.passages:
            names.add(SEARCH_KNOWLEDGE)
        return frozenset(names) if self.tools is None else self.tools

    def state(self) -> DialogueState:
        specs = tuple(ToolSpec(name, "", {}) for name in sorted(self.offered))
        return state_from_history(
            ChatRequest(tuple(self.history), self.agent, self.language, specs, {"customer_id": "c", **self.known}), self
        )

    def say(self, understood: Understanding) -> str:
        """Adds an utterance; returns the reply after all tool calls. ``filed``: scenarios filed by it."""
        self.lines[understood.text] = understood
        self.history.append(UserMessage(understood.text))
        self.filed = []
        for _ in range(6):
            state = self.state()
            wording = Wording(self.agent, state.language)
            decision = decide(Context(state, self.offered, wording))
            self.label = decision.label
            if not decision.calls:
                break
            for name, arguments in decision.calls:
                result = self._run(name, arguments)
                self.history.append(CompletedToolCall(f"c{len(self.history)}", name, arguments, result))
        else:
            raise AssertionError("tools without end")
        turn = sum(isinstance(item, UserMessage) for item in self.history)
        self.keys = [part.key for part in decision.parts]
        reply = " ".join(filter(None, (wording.text(part, state.said, turn) for part in decision.parts)))
        assert reply
        self.history.append(AssistantMessage(reply))
        return reply

    def heard(self, characters: int) -> None:
        """The last reply was interrupted."""
        last = self.history[-1]
        assert isinstance(last, AssistantMessage)
        self.history[-1] = AssistantMessage(last.text[:characters])

    def _run(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        assert name in self.offered
        arguments = dict(given)
        if self.broken:
            return {"ok": False, "errors": [{"loc": "", "msg": "the tool's server cannot be reached"}]}
        if name == FIND_CRM_RECORDS:
            return {"ok": True, "records": self.found}
        if name in self.answers:
            return {"ok": True, **self.answers[name]}
        if name == SEARCH_KNOWLEDGE:
            return {"ok": True, "passages": self.passages}
        if arguments.get("phone") == "not-a-number":
            return {"ok": False, "errors": [{"loc": "phone", "msg": "a phone number has 6 to 15 digits"}]}
        if name == UPDATE_CRM_RECORD:
            reference = arguments.pop("reference")
            record = next(each for each in self.records if each["reference"] == reference)
            record.update(arguments)
            return {"ok": True, "record": dict(record), "changed": list(arguments)}
        record = {"id": "1", "reference": f"K{700 + len(self.records)}R123", "scenario": name, "status": "DONE"}
        self.records.append({**record, **arguments})
        self.filed.append(name)
        return {"ok": True, "record": dict(self.records[-1])}
