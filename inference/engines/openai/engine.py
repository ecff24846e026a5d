"""A language model behind any server with OpenAI's chat-completions API: vLLM, llama.cpp, Ollama, hosted ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    OpenAIError,
    Timeout,
)
from openai.types.chat import ChatCompletionChunk

from db.errors import EngineUnavailable, TransientEngineError
from inference.engines.openai.messages import json_format, json_messages, native_messages, native_tools
from inference.engines.openai.stream_reader import JsonReader, Malformed, NativeReader, Reader
from inference.ports import ChatFinished, ChatRequest, EngineInfo, TextDelta, ToolRequest, ToolUsed

ToolMode = Literal["native", "json_schema"]

#: Seconds to reach the server; how long it may think between two tokens is the engine's ``timeout``.
_CONNECT = 5.0
#: Refused for now: too many requests, or the server is starting, restarting or overloaded.
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_NOT_A_CALL = (
    "Your last answer was neither a reply nor a valid use of one of the tools. Answer again: use only the tools "
    "that are offered, and give their arguments as one JSON object."
)


@dataclass(slots=True)
class _Round:
    """One request to the server, as far as it has come."""

    reader: Reader
    model: str
    released: bool = False
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class OpenAIEngine:
    """A ChatModel over HTTP.

    ``tool_mode``: ``native`` uses the API's tool calls; ``json_schema`` has the model write one JSON object, a reply
    or a call, for models that do not call tools well. ``timeout``: seconds of silence after which the server counts as
    gone. ``stream_before_tools``: release a reply's first round while it is written, though a tool call may still
    follow; off, text is held back until it is clear that none does, as long as no tool was used in the turn, because
    what a model says before a tool's result may turn out not to be true.

    A call of an unknown tool, or one whose arguments are no JSON object, is asked for once more, and then fails: it
    is never mended. Nothing else is tried twice here: what may pass raises TransientEngineError.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        tool_mode: ToolMode = "native",
        timeout: float = 60.0,
        max_tokens: int = 400,
        temperature: float = 0.2,
        stream_before_tools: bool = False,
        include_usage: bool = True,
        concurrency: int = 8,
    ) -> None:
        self._base_url = base_url
        self._api_key = api_key
        self._model = model
        self._tool_mode = tool_mode
        self._timeout = timeout
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._stream_before_tools = stream_before_tools
        self._include_usage = include_usage
        self._concurrency = concurrency
        self._client: AsyncOpenAI | None = None

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("openai", self._model)

    @property
    def concurrency(self) -> int:
        return self._concurrency

    async def load(self) -> None:
        """Makes the client. The server is not called: it may start after this, or restart at any time."""
        if self._client is None:
            self._client = await asyncio.to_thread(self._connect)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        """Words or tools. Raises EngineUnavailable, or TransientEngineError where a later try may do."""
        messages = self._messages(request)
        for attempt in (1, 2):
            one = _Round(self._reader(request), self._model)
            try:
                async with aclosing(self._read(one, messages, request)) as texts:
                    async for text in texts:
                        yield TextDelta(text)
                rest, calls = one.reader.finish(cut=one.finish_reason == "length")
            except Malformed:
                if one.released or attempt == 2:
                    raise TransientEngineError("The language model's answer was malformed.") from None
                messages = [*messages, {"role": "system", "content": _NOT_A_CALL}]
                continue
            if rest:
                yield TextDelta(rest)
            for call in calls:
                yield call
            details = {"tool_mode": self._tool_mode, "finish_reason": one.finish_reason, "asked": attempt}
            yield ChatFinished(one.model, one.input_tokens, one.output_tokens, details)
            return

    def _connect(self) -> AsyncOpenAI:
        timeout = Timeout(self._timeout, connect=min(_CONNECT, self._timeout))
        with _told():
            return AsyncOpenAI(base_url=self._base_url, api_key=self._api_key, timeout=timeout, max_retries=0)

    def _messages(self, request: ChatRequest) -> list[dict[str, Any]]:
        return native_messages(request) if self._tool_mode == "native" else json_messages(request)

    def _reader(self, request: ChatRequest) -> Reader:
        names = {tool.name for tool in request.tools}
        if self._tool_mode == "json_schema":
            return JsonReader(names)
        used = bool(request.history) and isinstance(request.history[-1], ToolUsed)
        return NativeReader(names, hold=bool(names) and not used and not self._stream_before_tools)

    async def _read(
        self, one: _Round, messages: list[dict[str, Any]], request: ChatRequest
    ) -> AsyncGenerator[str, None]:
        """The text that may be released. The HTTP stream is closed however this ends."""
        if self._client is None:
            raise EngineUnavailable("The language model is not loaded.")
        with _told():
            stream = await self._client.chat.completions.create(**self._parameters(messages, request))
        async with stream:
            while True:
                with _told():
                    chunk = await anext(stream, None)
                    text = _take(one, chunk) if chunk is not None else ""
                if chunk is None:
                    break
                if text:
                    one.released = True
                    yield text
        if one.finish_reason is None:
            raise TransientEngineError("The language model's server broke off in the middle of an answer.")

    def _parameters(self, messages: list[dict[str, Any]], request: ChatRequest) -> dict[str, Any]:
        parameters: dict[str, Any] = {
            "model": self._model,
            "messages": messages,
            "stream": True,
            "max_tokens": self._max_tokens,
            "temperature": self._temperature,
        }
        if self._include_usage:
            parameters["stream_options"] = {"include_usage": True}
        if self._tool_mode == "json_schema":
            parameters["response_format"] = json_format(request.tools)
        elif request.tools:
            parameters["tools"] = native_tools(request.tools)
        return parameters


def _take(one: _Round, chunk: ChatCompletionChunk) -> str:
    """Notes what a chunk says; gives the text of it that may be released. ``reasoning_content`` is not read."""
    if chunk.usage is not None:
        one.input_tokens, one.output_tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
    if chunk.model:
        one.model = chunk.model
    text = ""
    for choice in chunk.choices[:1]:
        one.finish_reason = choice.finish_reason or one.finish_reason
        if choice.delta is not None:
            text = one.reader.feed(choice.delta)
    return text


@contextmanager
def _told() -> Iterator[None]:
    """Turns the client's errors into ours, which hold neither the server's text nor what was said."""
    try:
        yield
    except APITimeoutError:
        raise TransientEngineError("The language model's server did not answer in time.") from None
    except APIConnectionError:
        raise TransientEngineError("The language model's server cannot be reached, or broke off.") from None
    except APIStatusError as error:
        raise _refusal(error.status_code) from None
    except APIError:
        raise TransientEngineError("The language model's server reported an error in its answer.") from None
    except OpenAIError:
        raise EngineUnavailable("The language model's client is not set up correctly.") from None
    except (AttributeError, TypeError, ValueError):
        # The client builds its objects without validation, so a strange server shows only where they are read.
        raise EngineUnavailable("The language model's server does not speak the chat-completions API.") from None


def _refusal(status: int) -> EngineUnavailable:
    reasons = {
        400: "refused the request: a parameter, a tool's schema or the conversation's length does not suit it",
        401: "refused the API key",
        403: "does not allow this API key to use the model",
        404: "has no such model or address",
        429: "is busy",
    }
    message = f"The language model's server {reasons.get(status, 'failed')} (HTTP {status})."
    return TransientEngineError(message) if status in _PASSING else EngineUnavailable(message)
