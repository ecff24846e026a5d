"""Prompts and JSON Schemas for chat-completions servers."""

from __future__ import annotations

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition, ScenarioDefinition
from inference.engines.openai.messages import json_format, json_messages, native_messages
from inference.ports import AssistantMessage, ChatRequest, CompletedToolCall, HistoryItem, ToolSpec, UserMessage
from inference.testing.chat_model import TOOLS, chat_request


def test_the_grammar_keeps_a_property_called_like_a_keyword() -> None:
    tool = TOOLS[0].__class__(
        "t", "d", {"type": "object", "properties": {"title": {"type": "string", "maxLength": 9, "pattern": "^a$"}}}
    )
    call = json_format((tool,))["json_schema"]["schema"]["anyOf"][1]
    assert call["properties"]["arguments"]["properties"] == {"title": {"type": "string"}}
    assert next(iter(call["properties"])) == "kind"


def test_json_mode_shows_calls_in_the_form_of_answers() -> None:
    used = CompletedToolCall("c", "complaint", {"query": "rude"}, {"ok": False, "errors": []})
    system, _, call, result = json_messages(chat_request(UserMessage("rude!"), used))
    assert all(tool.name in system["content"] for tool in TOOLS)
    assert call["role"] == "assistant"
    assert '"kind": "call"' in call["content"]
    assert "not from the customer" in result["content"]


def test_no_digits_in_the_instructions_that_could_leak_into_replies() -> None:
    for agent in builtin_agents():
        system = json_messages(chat_request(UserMessage("hi"), agent=agent))[0]["content"]
        assert not any(ch.isdigit() for ch in system)


def _system(agent: AgentDefinition, *history: HistoryItem, language: str = "en", tools: tuple[str, ...] = ()) -> str:
    offered = tuple(ToolSpec(name, "", {}, confirm="__" in name) for name in tools or agent.scenario_names)
    request = ChatRequest(history or (UserMessage("hi"),), agent, language, offered, {"customer_id": "c", "name": "Al"})
    return str(native_messages(request)[0]["content"])


def test_the_prompt_follows_from_the_definition() -> None:
    agent = AgentDefinition.model_validate(
        {
            "name": "bakery",
            "description": "Takes orders of bread.",
            "languages": ["en", "de"],
            "instructions": "You work for a bakery.",
            "greeting": {"en": "Hello, the bakery.", "de": "Hallo, die Bäckerei."},
            "intents": [
                {"name": "order_bread", "scenario": "bread_order", "examples": {"en": ["a loaf please"]}},
                {"name": "hours", "examples": {"en": ["when do you open"]}, "answer": {"en": "We open at seven."}},
            ],
            "scenarios": [
                {
                    "name": "bread_order",
                    "description": "The customer orders bread.",
                    "fields": {
                        "loaf": {"ask": {"en": "Which bread?", "de": "Welches Brot?"}, "required": True},
                        "pick_up": {"schema": {"type": "string", "format": "time"}},
                    },
                    "ask_for": ["loaf", "name"],
                    "confirm": True,
                    "replies": {"confirm": {"en": "Shall I order {loaf}?"}},
                },
                {"name": "not_offered", "description": "Something else."},
            ],
            "tools": [{"server": "oven", "confirm": ["start"]}],
            "knowledge": [{"source": "flour.md", "text": "Rye."}],
            "handover": {"scenario": "bread_order"},
        }
    )
    prompt = _system(agent, tools=("bread_order", "oven__start"))
    for part in (
        "You work for a bakery.",
        "bread_order: The customer orders bread.",
        "all of, in this order, unless it is known: loaf, name",
        "loaf: ask: Which bread?; required",
        "Shall I order {loaf}?",
        "clear yes",
        "hours: We open at seven.",
        "oven__start",
        "knowledge tool",
        "hand over",
        "You greet with: Hello, the bakery.",
        "Answer in English. You speak English, German.",
        '"name": "Al"',
    ):
        assert part in prompt, part
    assert "not_offered" not in prompt
    assert "greet" not in _system(agent, UserMessage("hi"), AssistantMessage("Hello."), UserMessage("bread"))
    assert "ask: Welches Brot?" in _system(agent, language="de", tools=("bread_order",))


def test_no_words_of_a_domain_beside_the_definition() -> None:
    agent = AgentDefinition(name="plain", description="Plain.", languages=["en"], instructions="Be plain.")
    prompt = _system(agent, tools=("none",)).lower()
    for word in ("cancel", "contract", "bill", "plan", "telephone", "contact"):
        assert word not in prompt


def test_a_definition_with_very_many_scenarios_has_a_prompt_of_bounded_length() -> None:
    many = [ScenarioDefinition(name=f"scenario_{n}", description="d" * 400) for n in range(200)]
    agent = AgentDefinition(name="many", description="M.", languages=["en"], instructions="Be.", scenarios=many)
    assert len(_system(agent, tools=tuple(each.name for each in many))) < 20_000
