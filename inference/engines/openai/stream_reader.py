"""Reads a streamed answer: native text and tool calls, or the JSON object "reply or call", while it is written."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from typing import Any, Protocol

import jiter
from openai.types.chat.chat_completion_chunk import ChoiceDelta

from inference.ports import ToolRequest


class Malformed(Exception):
    """The model's answer is no text, and no call of an offered tool with an object as arguments."""


class Reader(Protocol):
    """Fed with deltas; gives the text that may be released, and the tools wanted once the answer is whole."""

    def feed(self, delta: ChoiceDelta) -> str: ...

    def finish(self, *, cut: bool) -> tuple[str, list[ToolRequest]]:
        """The text held back until now, and the calls. ``cut``: it reached the token limit. Raises Malformed."""
        ...


class NativeReader:
    """Text and ``tool_calls``. ``hold``: keep the text back until it is clear that no call follows it.

    What a model says before it calls a tool ("I have filed that") is not true yet; held text in front of a call
    is thrown away, and the model speaks again with the tool's result before it.
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
    """The union of ``json_format``. A reply is released as it grows, for its ``kind`` says that no call follows."""

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
            raise Malformed from error
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
            raise Malformed from error
        match value:
            case {"kind": "reply", "text": str()}:
                return "", []
            case {"kind": "call", "tool": str(name), "arguments": dict(arguments)}:
                return "", [_request(name, arguments, self._tools, "")]
        raise Malformed


def _request(name: str, arguments: str | dict[str, Any], tools: Collection[str], call_id: str) -> ToolRequest:
    try:
        value = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError as error:
        raise Malformed from error
    if name not in tools or not isinstance(value, dict):
        raise Malformed
    return ToolRequest(call_id or f"call_{uuid.uuid4().hex}", name, value)
