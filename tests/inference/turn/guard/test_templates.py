"""Text that an engine fills into a template passes the guard as it is; what is generated around it does not."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from inference.engines.fake.chat import FakeChatModel
from inference.ports import ChatFinished, ChatRequest, TextDelta, ToolRequest
from tests.inference.turn.turns import run, work


class _Says(FakeChatModel):
    """Replies with these deltas."""

    def __init__(self, *deltas: TextDelta) -> None:
        super().__init__()
        self._deltas = deltas

    async def reply(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ToolRequest | ChatFinished, None]:
        for delta in self._deltas:
            yield delta
        yield ChatFinished("fake")


async def replied(*deltas: TextDelta) -> str:
    return str((await run(work(), llm=_Says(*deltas))).told("reply_ready")[0][0])


async def test_a_template_passes_and_a_generated_number_does_not() -> None:
    text = "That is 14:45 on the 23rd."
    assert await replied(TextDelta(text, templated=True)) == text
    assert "14:45" not in await replied(TextDelta(text))


async def test_what_the_guard_holds_back_comes_before_a_template() -> None:
    assert await replied(TextDelta("Good morning"), TextDelta(" and welcome.", templated=True)) == (
        "Good morning and welcome."
    )
