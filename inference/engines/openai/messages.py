"""Requests of the chat-completions API: messages, tools, and the JSON Schema of "reply or call"."""

from __future__ import annotations

import json
from collections.abc import Mapping

from db.json_value import Json
from inference.engines.openai.system_prompt import system_prompt
from inference.ports import AssistantMessage, ChatRequest, CompletedToolCall, HistoryItem, ToolSpec, UserMessage

#: Replaces an empty user message, which some servers refuse.
_SILENCE = "(The customer said nothing that could be heard.)"
#: JSON Schema keywords that servers do not support in grammars, or that make them huge. Tools validate them anyway.
_NOT_IN_GRAMMAR = frozenset({"pattern", "format", "minLength", "maxLength", "default", "title", "examples"})

_JSON_RULES = (
    'Answer with one JSON object and nothing else: {"kind": "reply", "text": ...} to speak to the customer, or '
    '{"kind": "call", "tool": ..., "arguments": {...}} to use a tool. The tools are:'
)

Message = dict[str, Json]


def native_messages(request: ChatRequest) -> list[Message]:
    """The conversation, with native tool calls, each followed by its result under the same id."""
    return [
        {"role": "system", "content": system_prompt(request)},
        *(m for item in request.history for m in _native(item)),
    ]


def native_tools(tools: tuple[ToolSpec, ...]) -> list[Message]:
    """The tools as the API's ``tools`` parameter."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
        }
        for tool in tools
    ]


def json_messages(request: ChatRequest) -> list[Message]:
    """The conversation for a model without native tool calls: its earlier calls are shown as JSON answers."""
    lines = [f"- {tool.name}: {tool.description}" for tool in request.tools]
    system = "\n".join([system_prompt(request), _JSON_RULES, *(lines or ["(none)"])])
    return [{"role": "system", "content": system}, *(m for item in request.history for m in _json(item))]


def json_format(tools: tuple[ToolSpec, ...]) -> Message:
    """The ``response_format``: a reply, or a call of one of the tools. ``kind`` comes first."""
    reply = _object({"kind": {"const": "reply"}, "text": {"type": "string"}})
    calls = [
        _object(
            {
                "kind": {"const": "call"},
                "tool": {"const": tool.name},
                "arguments": _for_grammar(tool.parameters),
            }
        )
        for tool in tools
    ]
    schema = {"anyOf": [reply, *calls]} if calls else reply
    return {"type": "json_schema", "json_schema": {"name": "turn", "schema": schema}}


def _native(item: HistoryItem) -> list[Message]:
    match item:
        case UserMessage(text):
            return [{"role": "user", "content": text.strip() or _SILENCE}]
        case AssistantMessage(text):
            return [{"role": "assistant", "content": text}]
        case CompletedToolCall(call_id, name, arguments, result):
            call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": _dump(arguments)}}
            return [
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": call_id, "content": _dump(result)},
            ]


def _json(item: HistoryItem) -> list[Message]:
    match item:
        case UserMessage(text):
            return [{"role": "user", "content": text.strip() or _SILENCE}]
        case AssistantMessage(text):
            return [{"role": "assistant", "content": _dump({"kind": "reply", "text": text})}]
        case CompletedToolCall(name=name, arguments=arguments, result=result):
            call = {"kind": "call", "tool": name, "arguments": arguments}
            return [
                {"role": "assistant", "content": _dump(call)},
                {"role": "user", "content": f"(Result of the tool {name}, not from the customer: {_dump(result)})"},
            ]


def _object(properties: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _for_grammar(node: Json) -> Json:
    if isinstance(node, list):
        return [_for_grammar(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    kept = {key: _for_grammar(value) for key, value in node.items() if key not in _NOT_IN_GRAMMAR}
    if isinstance(node.get("properties"), Mapping):
        # A property may be named "title" or "format".
        kept["properties"] = {name: _for_grammar(value) for name, value in node["properties"].items()}
    return kept


def _dump(value: Mapping[str, Json]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
