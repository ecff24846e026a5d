"""One contract for every ChatModel: the fake, the scripted engine, and the openai engine on a real llama.cpp server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from db.errors import EngineUnavailable
from inference.engines.fake.chat import FakeChatModel
from inference.engines.openai.engine import OpenAIEngine
from inference.engines.scripted.engine import ScriptedEngine
from inference.ports import ChatFinished, ChatModel, CompletedToolCall, UserMessage
from inference.testing.chat_model import ChatModelContract, answer, chat_request
from tests.inference.engines.openai.llama_server import LlamaServer, llama_server

HELLO = ChatModelContract.hello


@pytest.fixture(scope="module")
def llama() -> Iterator[LlamaServer]:
    with llama_server() as server:
        yield server


def _openai(server: LlamaServer, *, key: str | None = None, **settings: object) -> OpenAIEngine:
    # Beside other tests on two cores the server may take a minute to its first token.
    patient = {"timeout": 200.0, "max_tokens": 30, "temperature": 0.0, "concurrency": 2}
    values = {"tool_mode": "json_schema", **patient, **settings}
    return OpenAIEngine(base_url=server.url, api_key=key or server.key, model="smollm2", **values)  # type: ignore[arg-type]


@pytest.fixture(params=["fake", "scripted", pytest.param("openai", marks=pytest.mark.models)])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[ChatModel]:
    if request.param == "fake":
        yield FakeChatModel(delay=0.001)
    elif request.param == "scripted":
        yield request.getfixturevalue("scripted")
    else:
        model = _openai(request.getfixturevalue("llama"), tool_mode="native")
        await model.load()
        yield model
        await model.close()


class TestChatModels(ChatModelContract):
    """With the fixture ``engine`` above."""


@pytest.mark.parametrize("name", ["fake", "scripted"])
async def test_the_reply_after_a_tool_tells_its_result(name: str, scripted: ScriptedEngine) -> None:
    model: ChatModel = FakeChatModel() if name == "fake" else scripted
    said = UserMessage("My bill is wrong, account A12")
    replies = set()
    for result in ({"ok": True, "record": {"reference": "R1"}}, {"ok": False, "errors": [{"loc": "", "msg": "no"}]}):
        used = CompletedToolCall("c", "billing_query", {"query": "q"}, result)
        replies.add((await answer(model, chat_request(said, used))).text)
    assert len(replies) == 2


async def test_fake_asks_for_tools_and_fails_as_told() -> None:
    said = await answer(FakeChatModel(), chat_request(UserMessage('file complaint {"query": "rude"}')))
    assert [(call.name, call.arguments) for call in said.calls] == [("complaint", {"query": "rude"})]
    said = await answer(FakeChatModel(), chat_request(UserMessage("file complaint {broken")))
    assert said.calls[0].arguments == {"query": "file complaint {broken"}
    seen = []
    with pytest.raises(EngineUnavailable):
        async for item in FakeChatModel(error=EngineUnavailable("gone"), error_after=1).reply(HELLO):
            seen.append(item)
    assert len(seen) == 1


@pytest.mark.models
@pytest.mark.timeout(300)
async def test_json_union_on_a_real_server(llama: LlamaServer) -> None:
    """The grammar forces one of the two; which one does not matter for a tiny model."""
    engine = _openai(llama)
    await engine.load()
    reply = await answer(engine, chat_request(UserMessage("Hello!"), tools=()))
    assert reply.finished.output_tokens
    called = None
    try:
        called = await answer(engine, chat_request(UserMessage("I was charged twice. File a billing query.")))
    except EngineUnavailable as error:
        assert "malformed" in error.message  # cut off at max_tokens, twice
    assert called is None or called.text or called.calls[0].name
    await engine.close()


@pytest.mark.models
async def test_a_wrong_key_is_refused_by_a_real_server(llama: LlamaServer) -> None:
    engine = _openai(llama, key="wrong-key")
    await engine.load()
    with pytest.raises(EngineUnavailable, match="401"):
        await answer(engine, HELLO)
    await engine.close()


@pytest.mark.models
async def test_a_real_server_streams_and_counts(llama: LlamaServer) -> None:
    engine = _openai(llama, tool_mode="native")
    await engine.load()
    items = [item async for item in engine.reply(HELLO)]
    finished = items[-1]
    assert isinstance(finished, ChatFinished)
    assert finished.input_tokens
    assert finished.output_tokens
    assert len(items) > 2
    await engine.close()
