"""Incremental parsers of streamed chat completions: native text and tool calls, or one JSON object."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from typing import Protocol

import jiter
from openai.types.chat.chat_completion_chunk import ChoiceDelta

from db.json_value import Json
from inference.ports import ToolRequest


class MalformedAnswer(Exception):
    """The answer is neither text nor a call of an offered tool with a JSON object as arguments."""


class StreamReader(Protocol):
    """``feed`` returns the text of a delta that may be released; ``finish`` the tool calls."""

    def feed(self, delta: ChoiceDelta) -> str: ...

    def finish(self, *, cut: bool) -> tuple[str, list[ToolRequest]]:
        """The held text, and the tool calls. ``cut``: whether the token limit was reached. Raises MalformedAnswer."""
        ...


class NativeReader:
    """Parses text and ``tool_calls``. ``hold``: whether to hold the text until the end, and drop it if a call follows.

    Text before a tool call ("I have filed that") is not true yet; the model replies again with the tool's result.
    """

    def __init__(self, tools: Collection[str], *, hold: bool) -> None:
        self._tools = tools
        self._hold = hold
        self._held: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}

    def feed(self, delta: ChoiceDelta) -> str:
        for call in delta.tool_calls or ():
            known = self._calls.setdefault(call.index or 0, {"id": "", "name": "", "arguments": ""})
            known["id"] = call.id or known["id"]
            if call.function is not None:
                known["name"] += call.function.name or ""
                known["arguments"] += call.function.arguments or ""
        text = delta.content or ""
        if self._hold:
            self._held.append(text)
            return ""
        return text

    def finish(self, *, cut: bool) -> tuple[str, list[ToolRequest]]:
        calls = [self._call(call) for _, call in sorted(self._calls.items())]
        return ("" if calls else "".join(self._held)), calls

    def _call(self, call: dict[str, str]) -> ToolRequest:
        return _request(call["name"], call["arguments"].strip() or "{}", self._tools, call["id"])


class JsonReader:
    """Parses the JSON object of ``json_format``. Streams a reply's text, since its ``kind`` comes first."""

    def __init__(self, tools: Collection[str]) -> None:
        self._tools = tools
        self._raw = ""
        self._released = ""

    def feed(self, delta: ChoiceDelta) -> str:
        self._raw += delta.content or ""
        if not self._raw.strip():
            return ""
        try:
            value = jiter.from_json(self._raw.encode(), partial_mode="trailing-strings")
        except ValueError as error:
            raise MalformedAnswer from error
        if not isinstance(value, dict) or value.get("kind") != "reply" or not isinstance(value.get("text"), str):
            return ""
        text: str = value["text"]
        fresh = text.removeprefix(self._released) if text.startswith(self._released) else ""
        self._released += fresh
        return fresh

    def finish(self, *, cut: bool) -> tuple[str, list[ToolRequest]]:
        if cut and self._released:
            return "", []
        try:
            value = json.loads(self._raw)
        except ValueError as error:
            raise MalformedAnswer from error
        match value:
            case {"kind": "reply", "text": str()}:
                return "", []
            case {"kind": "call", "tool": str(name), "arguments": dict(arguments)}:
                return "", [_request(name, arguments, self._tools, "")]
        raise MalformedAnswer


def _request(name: str, arguments: str | dict[str, Json], tools: Collection[str], call_id: str) -> ToolRequest:
    try:
        value = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError as error:
        raise MalformedAnswer from error
    if name not in tools or not isinstance(value, dict):
        raise MalformedAnswer
    return ToolRequest(call_id or f"call_{uuid.uuid4().hex}", name, value)
