"""The fake chat model, for tests and for trying out the pipeline: deterministic, no weights."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

from inference.ports import (
    ChatFinished,
    ChatRequest,
    CompletedToolCall,
    EngineInfo,
    TextDelta,
    ToolRequest,
    UserMessage,
)

#: Returns the text of a reply, or tool requests.
Script = Callable[[ChatRequest], str | Sequence[ToolRequest]]

_MODEL = "fake-chat-1"
_FILE = "file"


def echo(request: ChatRequest) -> str | Sequence[ToolRequest]:
    """The default script. Repeats the user's text, reports tool results, and requests a tool on "file <tool> <json>".

    "file" alone requests the first tool, with the user's text as ``query``.
    """
    last = request.history[-1] if request.history else None
    if isinstance(last, CompletedToolCall):
        return f"The tool {last.name} said {'yes' if last.result.get('ok') else 'no'}."
    said = next((item.text for item in reversed(request.history) if isinstance(item, UserMessage)), "").strip()
    if not said:
        return "I did not catch that."
    head, _, tail = said.partition(" ")
    if head.lower() != _FILE or not request.tools:
        return f"You said: {said}"
    name, _, raw = tail.partition(" ")
    tool = next((item.name for item in request.tools if item.name == name), request.tools[0].name)
    arguments = {"query": said}
    with suppress(ValueError):
        parsed = json.loads(raw)
        arguments = parsed if isinstance(parsed, dict) else arguments
    return [ToolRequest(f"call_{len(request.history)}", tool, arguments)]


class FakeChatModel:
    """A ChatModel. ``delay``: seconds before each delta; ``error``: raised after ``error_after`` deltas."""

    def __init__(
        self,
        script: Script = echo,
        *,
        delay: float = 0.0,
        error: Exception | None = None,
        error_after: int = 0,
        concurrency: int = 8,
    ) -> None:
        self._script = script
        self._delay = delay
        self._error = error
        self._error_after = error_after
        self._concurrency = concurrency

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("fake", _MODEL)

    @property
    def concurrency(self) -> int:
        return self._concurrency

    async def load(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""

    async def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        """The script's text word by word, or its tool requests."""
        answer = self._script(request)
        items: list[TextDelta | ToolRequest]
        items = [TextDelta(word) for word in _words(answer)] if isinstance(answer, str) else list(answer)
        for number, item in enumerate(items):
            if self._error is not None and number >= self._error_after:
                raise self._error
            await asyncio.sleep(self._delay)
            yield item
        if self._error is not None:
            raise self._error
        spoken = sum(isinstance(item, TextDelta) for item in items)
        yield ChatFinished(_MODEL, input_tokens=len(request.history), output_tokens=spoken, details={"fake": True})


def _words(text: str) -> list[str]:
    """The words of a text, each with the space before it."""
    words = text.split(" ")
    return [word if number == 0 else f" {word}" for number, word in enumerate(words)]
