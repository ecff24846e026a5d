"""The openai engine against the wire format: deltas, split tool calls, error statuses, timeouts, malformed answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from db.errors import EngineUnavailable, TransientEngineError
from inference.engines.openai.engine import OpenAIEngine
from inference.ports import AssistantMessage, ChatFinished, CompletedToolCall, TextDelta, ToolRequest, UserMessage
from inference.testing.chat_model import answer, chat_request
from tests.inference.engines.openai.chat_server import DONE, USAGE, ChatServer, Scripted, call_delta, chat_server, delta

HELLO = chat_request(UserMessage("hello"))
AFTER_TOOL = chat_request(
    UserMessage("My bill is wrong"),
    CompletedToolCall(
        "call_1", "billing_query", {"query": "My bill is wrong"}, {"ok": True, "record": {"reference": "R1"}}
    ),
)
WORDS: Scripted = [delta("Good "), delta("day."), delta(finish="stop"), USAGE, DONE]
CALL: Scripted = [
    delta("I have filed it."),
    call_delta(0, '{"que', name="billing_query", call_id="call_9"),
    call_delta(0, 'ry": "My bill"}'),
    delta(finish="tool_calls"),
    DONE,
]


@asynccontextmanager
async def engine(*answers: Scripted, **settings: Any) -> AsyncIterator[tuple[OpenAIEngine, ChatServer]]:
    async with chat_server(*answers) as server:
        values: dict[str, Any] = {"base_url": server.url, "api_key": "key", "model": "some-model", "timeout": 5.0}
        made = OpenAIEngine(**(values | settings))
        await made.load()
        try:
            yield made, server
        finally:
            await made.close()


async def test_words_and_usage() -> None:
    async with engine(WORDS) as (model, server):
        said = await answer(model, HELLO)
    assert said.text == "Good day."
    assert (said.finished.model, said.finished.input_tokens, said.finished.output_tokens) == ("served-model", 11, 7)
    sent = server.requests[0]
    assert server.keys == ["bearer key"]
    assert sent["messages"][-1] == {"role": "user", "content": "hello"}
    assert sent["tools"][0]["function"]["name"] == "billing_query"


async def test_the_conversation_is_sent_with_matching_call_ids() -> None:
    async with engine(WORDS) as (model, server):
        history = (*AFTER_TOOL.history, AssistantMessage("Done, R1."), UserMessage(""))
        await answer(model, chat_request(*history, known={"customer_id": "c-17", "name": "Jane"}))
    system, user, called, result, said, silence = server.requests[0]["messages"]
    assert "Jane" in system["content"]
    assert "c-17" not in system["content"]
    assert user["content"] == "My bill is wrong"
    assert called["tool_calls"][0]["id"] == result["tool_call_id"] == "call_1"
    assert '"R1"' in result["content"]
    assert said == {"role": "assistant", "content": "Done, R1."}
    assert silence["content"]


async def test_a_call_in_pieces_is_put_together_and_what_was_said_before_it_is_not_released() -> None:
    async with engine(CALL) as (model, _):
        said = await answer(model, HELLO)
    assert said.text == ""
    assert said.calls == [ToolRequest("call_9", "billing_query", {"query": "My bill"})]


async def test_two_calls_at_once() -> None:
    both: Scripted = [
        call_delta(0, "{}", name="complaint", call_id="a"),
        call_delta(1, "", name="human_handover", call_id="b"),
        delta(finish="tool_calls"),
        DONE,
    ]
    async with engine(both) as (model, _):
        said = await answer(model, HELLO)
    assert [(call.call_id, call.name, call.arguments) for call in said.calls] == [
        ("a", "complaint", {}),
        ("b", "human_handover", {}),
    ]


@pytest.mark.parametrize(
    ("request_", "settings", "early"),
    [
        (HELLO, {}, False),
        (HELLO, {"stream_before_tools": True}, True),
        (AFTER_TOOL, {}, True),
        (chat_request(UserMessage("hello"), tools=()), {}, True),
    ],
)
async def test_text_is_held_only_while_a_first_call_may_follow(
    request_: Any, settings: dict[str, Any], early: bool
) -> None:
    async with engine([delta("Good "), 0.3, delta("day."), delta(finish="stop"), DONE], **settings) as (model, _):
        items = [item async for item in model.reply(request_)]
    texts = [item.text for item in items if isinstance(item, TextDelta)]
    assert texts == (["Good ", "day."] if early else ["Good day."])


async def test_reasoning_is_not_spoken() -> None:
    thinking: Scripted = [delta(reasoning_content="The customer SECRETLY"), delta("Yes."), delta(finish="stop"), DONE]
    async with engine(thinking) as (model, _):
        assert (await answer(model, HELLO)).text == "Yes."


@pytest.mark.parametrize(
    ("status", "passes"),
    [(400, False), (401, False), (403, False), (404, False), (429, True), (500, True), (503, True)],
)
async def test_a_refusal_is_named_without_its_text(status: int, passes: bool) -> None:
    async with engine(status) as (model, server):
        with pytest.raises(EngineUnavailable) as caught:
            await answer(model, HELLO)
    assert isinstance(caught.value, TransientEngineError) == passes
    assert str(status) in caught.value.message
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(server.requests) == 1


async def test_a_connection_lost_in_the_middle() -> None:
    async with engine([delta("Good ")]) as (model, _):
        with pytest.raises(TransientEngineError):
            await answer(model, AFTER_TOOL)


async def test_a_stream_that_ends_without_a_reason_is_broken_off() -> None:
    async with engine([delta("Good "), DONE]) as (model, _):
        with pytest.raises(TransientEngineError):
            await answer(model, HELLO)


async def test_a_silent_server_is_given_up() -> None:
    async with engine([delta("Good "), 3.0, DONE], timeout=0.2) as (model, _):
        with pytest.raises(TransientEngineError):
            await answer(model, AFTER_TOOL)


async def test_an_error_event_in_the_stream() -> None:
    async with engine([delta("Good "), {"error": {"message": "SECRET"}}, DONE]) as (model, _):
        with pytest.raises(TransientEngineError) as caught:
            await answer(model, AFTER_TOOL)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "garbage", [b"data: {nonsense\n\n", b"data: 7\n\n", b'data: {"choices": "x"}\n\n', b"data: []\n\n"]
)
async def test_garbage_is_no_crash(garbage: bytes) -> None:
    async with engine([garbage, DONE]) as (model, _):
        with pytest.raises(EngineUnavailable):
            await answer(model, HELLO)


async def test_nobody_listens_there() -> None:
    async with chat_server(WORDS) as server:
        url = server.url
    model = OpenAIEngine(base_url=url, api_key="key", model="m", timeout=2.0)
    await model.load()
    with pytest.raises(TransientEngineError):
        await answer(model, HELLO)
    await model.close()


async def test_not_loaded() -> None:
    with pytest.raises(EngineUnavailable):
        await answer(OpenAIEngine(base_url="http://127.0.0.1:9/v1", api_key="k", model="m"), HELLO)


@pytest.mark.parametrize("name", ["billing_query", "drop_tables"])
async def test_a_malformed_call_is_asked_for_once_more(name: str) -> None:
    arguments = '["not", "an object"]' if name == "billing_query" else "{}"
    bad: Scripted = [call_delta(0, arguments, name=name, call_id="x"), delta(finish="tool_calls"), DONE]
    async with engine(bad, CALL) as (model, server):
        said = await answer(model, HELLO)
    assert said.calls[0].arguments == {"query": "My bill"}
    assert len(server.requests) == 2
    assert server.requests[1]["messages"][-1]["role"] == "system"
    async with engine(bad) as (model, server):
        with pytest.raises(TransientEngineError):
            await answer(model, HELLO)
    assert len(server.requests) == 2


async def test_closing_early_closes_the_http_stream() -> None:
    async with engine([delta("Good "), 30.0, DONE], WORDS) as (model, server):
        stream = model.reply(AFTER_TOOL)
        assert await anext(stream) == TextDelta("Good ")
        await stream.aclose()  # type: ignore[attr-defined]
        async with asyncio.timeout(5):
            await server.closed.wait()
        assert (await answer(model, HELLO)).text == "Good day."


def _json(text: str, size: int = 4) -> Scripted:
    pieces = [delta(text[at : at + size]) for at in range(0, len(text), size)]
    return [*pieces, delta(finish="stop"), DONE]


async def test_json_reply_is_released_while_it_is_written() -> None:
    written = '{"kind": "reply", "text": "Grüß \\"Gott\\"\\n\\ud83d\\ude00 und Danke."}'
    async with engine(_json(written), tool_mode="json_schema") as (model, server):
        items = [item async for item in model.reply(HELLO)]
    texts = [item.text for item in items if isinstance(item, TextDelta)]
    assert "".join(texts) == 'Grüß "Gott"\n😀 und Danke.'
    assert len(texts) > 3
    assert isinstance(items[-1], ChatFinished)
    schema = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert {item["properties"]["kind"]["const"] for item in schema["anyOf"]} == {"reply", "call"}
    assert "$ref" not in str(schema)
    assert "tools" not in server.requests[0]


async def test_json_call() -> None:
    written = '{"kind": "call", "tool": "complaint", "arguments": {"query": "rude", "text": "not spoken"}}'
    async with engine(_json(written), tool_mode="json_schema") as (model, _):
        said = await answer(model, HELLO)
    assert [(call.name, call.arguments) for call in said.calls] == [
        ("complaint", {"query": "rude", "text": "not spoken"})
    ]


@pytest.mark.parametrize(
    "written",
    ["Hello there", '{"kind": "call"}', '{"kind": "call", "tool": "nope", "arguments": {}}', "[]", '{"kind": "call",'],
)
async def test_json_nonsense_is_asked_for_once_more(written: str) -> None:
    async with engine(_json(written), _json('{"kind": "reply", "text": "Yes."}'), tool_mode="json_schema") as (
        model,
        _,
    ):
        assert (await answer(model, HELLO)).text == "Yes."
    async with engine(_json(written), tool_mode="json_schema") as (model, server):
        with pytest.raises(TransientEngineError):
            await answer(model, HELLO)
    assert len(server.requests) == 2


async def test_json_that_breaks_after_its_text_began_fails_without_saying_it_twice() -> None:
    async with engine(_json('{"kind": "reply", "text": "Yes'), tool_mode="json_schema") as (model, server):
        with pytest.raises(TransientEngineError):
            await answer(model, HELLO)
    assert len(server.requests) == 1


async def test_a_json_reply_that_reaches_the_token_limit_is_a_reply() -> None:
    cut: Scripted = [delta('{"kind": "reply", "text": "Yes, I'), delta(finish="length"), DONE]
    async with engine(cut, tool_mode="json_schema") as (model, _):
        said = await answer(model, HELLO)
    assert said.text == "Yes, I"
    assert said.finished.details["finish_reason"] == "length"
