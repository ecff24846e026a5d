"""Prompts and JSON Schemas for chat-completions servers."""

from __future__ import annotations

from db.agents.builtin import builtin_agents
from inference.engines.openai.messages import json_format, json_messages
from inference.ports import CompletedToolCall, UserMessage
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
