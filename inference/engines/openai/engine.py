"""The engine ``openai``: a client of servers with OpenAI's chat-completions API (vLLM, llama.cpp, Ollama, hosted)."""

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
from inference.engines.openai.stream_reader import JsonReader, MalformedAnswer, NativeReader, StreamReader
from inference.ports import ChatFinished, ChatRequest, CompletedToolCall, EngineInfo, TextDelta, ToolRequest

ToolMode = Literal["native", "json_schema"]

#: Seconds to connect; the engine's ``timeout`` bounds the wait between two tokens.
_CONNECT_SECONDS = 5.0
#: Transient HTTP statuses: rate limited, or the server is starting or overloaded.
_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_CORRECTION = (
    "Your last answer was neither a reply nor a valid use of one of the tools. Answer again: use only the tools "
    "that are offered, and give their arguments as one JSON object."
)


@dataclass(slots=True)
class _StreamState:
    """State of one streamed request. ``released``: whether text of it has been yielded."""

    reader: StreamReader
    model: str
    released: bool = False
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class OpenAIEngine:
    """A ChatModel over HTTP.

    ``tool_mode``: ``native`` uses the API's tool calls; ``json_schema`` constrains the model to one JSON object, a
    reply or a tool call, for models that do not call tools well. ``timeout``: seconds without a token after which the
    request fails. ``stream_before_tools``: whether to stream text before the turn's first tool call is ruled out. By
    default such text is held until the response ends: a model may claim there what no tool has done yet.

    A malformed tool call (unknown tool, or arguments that are not a JSON object) is requested once more, then fails.
    Nothing else is retried here: transient failures raise TransientEngineError.
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
        """Creates the HTTP client. Does not call the server, which may start later."""
        if self._client is None:
            self._client = await asyncio.to_thread(self._connect)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def reply(self, request: ChatRequest) -> AsyncIterator[TextDelta | ToolRequest | ChatFinished]:
        """See ``ports.ChatModel``. Raises EngineUnavailable, or TransientEngineError if a retry may succeed."""
        messages = self._messages(request)
        for attempt in (1, 2):
            state = _StreamState(self._reader(request), self._model)
            try:
                async with aclosing(self._read(state, messages, request)) as texts:
                    async for text in texts:
                        yield TextDelta(text)
                rest, calls = state.reader.finish(cut=state.finish_reason == "length")
            except MalformedAnswer:
                if state.released or attempt == 2:
                    raise TransientEngineError("The language model's answer was malformed.") from None
                messages = [*messages, {"role": "system", "content": _CORRECTION}]
                continue
            if rest:
                yield TextDelta(rest)
            for call in calls:
                yield call
            details = {"tool_mode": self._tool_mode, "finish_reason": state.finish_reason, "asked": attempt}
            yield ChatFinished(state.model, state.input_tokens, state.output_tokens, details)
            return

    def _connect(self) -> AsyncOpenAI:
        timeout = Timeout(self._timeout, connect=min(_CONNECT_SECONDS, self._timeout))
        with _mapped_errors():
            return AsyncOpenAI(base_url=self._base_url, api_key=self._api_key, timeout=timeout, max_retries=0)

    def _messages(self, request: ChatRequest) -> list[dict[str, Any]]:
        return native_messages(request) if self._tool_mode == "native" else json_messages(request)

    def _reader(self, request: ChatRequest) -> StreamReader:
        names = {tool.name for tool in request.tools}
        if self._tool_mode == "json_schema":
            return JsonReader(names)
        used = bool(request.history) and isinstance(request.history[-1], CompletedToolCall)
        return NativeReader(names, hold=bool(names) and not used and not self._stream_before_tools)

    async def _read(
        self, state: _StreamState, messages: list[dict[str, Any]], request: ChatRequest
    ) -> AsyncGenerator[str, None]:
        """Yields the text that may be released. Always closes the HTTP stream."""
        if self._client is None:
            raise EngineUnavailable("The language model is not loaded.")
        with _mapped_errors():
            stream = await self._client.chat.completions.create(**self._parameters(messages, request))
        async with stream:
            while True:
                with _mapped_errors():
                    chunk = await anext(stream, None)
                    text = _read_chunk(state, chunk) if chunk is not None else ""
                if chunk is None:
                    break
                if text:
                    state.released = True
                    yield text
        if state.finish_reason is None:
            raise TransientEngineError("The language model's server closed the connection in the middle of an answer.")

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


def _read_chunk(state: _StreamState, chunk: ChatCompletionChunk) -> str:
    """Updates the state by a chunk; returns its text that may be released. Ignores ``reasoning_content``."""
    if chunk.usage is not None:
        state.input_tokens, state.output_tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
    if chunk.model:
        state.model = chunk.model
    text = ""
    for choice in chunk.choices[:1]:
        state.finish_reason = choice.finish_reason or state.finish_reason
        if choice.delta is not None:
            text = state.reader.feed(choice.delta)
    return text


@contextmanager
def _mapped_errors() -> Iterator[None]:
    """Maps the client's exceptions to ours, without the server's message or text of the conversation."""
    try:
        yield
    except APITimeoutError:
        raise TransientEngineError("The language model's server did not answer in time.") from None
    except APIConnectionError:
        raise TransientEngineError("The language model's server cannot be reached, or closed the connection.") from None
    except APIStatusError as error:
        raise _refusal(error.status_code) from None
    except APIError:
        raise TransientEngineError("The language model's server reported an error in its answer.") from None
    except OpenAIError:
        raise EngineUnavailable("The language model's client is not set up correctly.") from None
    except (AttributeError, TypeError, ValueError):
        # The client does not validate responses: a server with another API fails only here.
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
    return TransientEngineError(message) if status in _TRANSIENT else EngineUnavailable(message)
