"""Requirements in words: what the chat server is given, and what its answers make of a conversation."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from typer.testing import CliRunner

from graph.cli.app import app
from graph.cli.evals.judge import Judge
from graph.evals.check import check
from graph.evals.conversation import Conversation
from graph.evals.played import PlayedConversation, PlayedTurn
from tests.servers import running

Answer = Callable[[dict[str, Any]], str | int]
CONVERSATION = Conversation.model_validate(
    {
        "name": "late",
        "turns": [
            {"say": "You are late."},
            {"say": "When do you come?", "expect": {"reply": {"judge": "apologises, and promises no date"}}},
        ],
    }
)


def played(*replies: str) -> PlayedConversation:
    turns = zip(("You are late.", "When do you come?"), replies, strict=False)
    return PlayedConversation("", [_turn(heard, reply) for heard, reply in turns], [])


def _turn(heard: str, reply: str) -> PlayedTurn:
    return PlayedTurn(heard, reply, "en", said=heard)


@asynccontextmanager
async def judge(answer: Answer, asked: list[dict[str, Any]]) -> AsyncIterator[Judge]:
    """A judge whose server answers the requirement as ``answer`` says: a completion's text, or a status."""
    server = FastAPI()

    @server.post("/v1/chat/completions")
    async def complete(request: Request) -> JSONResponse:
        body = await request.json()
        asked.append(body)
        content = answer(json.loads(body["messages"][1]["content"]))
        if isinstance(content, int):
            return JSONResponse({"error": {"message": "no"}}, content)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
        return JSONResponse({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})

    async with running(uvicorn.Config(server, log_config=None)) as url:
        found = Judge(f"{url}/v1", "m", "none")
        try:
            yield found
        finally:
            await found.close()


async def test_the_judge_reads_the_conversation_up_to_the_reply() -> None:
    asked: list[dict[str, Any]] = []
    async with judge(lambda given: json.dumps({"met": "sorry" in given["reply"], "reason": "a date"}), asked) as found:
        for reply, missed in (("I am sorry.", False), ("Tomorrow!", True)):
            conversation = played("Oh.", reply)
            verdict = check(CONVERSATION, conversation)
            await found.judge(verdict, conversation)
            assert bool(verdict.misses) is missed
            assert verdict.unjudged == []
    assert "is not met, by the judge: a date" in verdict.misses[0].message
    assert verdict.misses[0].line == 2
    assert json.loads(asked[0]["messages"][1]["content"]) == {
        "conversation": [{"customer": "You are late.", "assistant": "Oh."}],
        "customer": "When do you come?",
        "reply": "I am sorry.",
        "requirement": "apologises, and promises no date",
    }
    assert asked[0]["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize("answer", ["", "yes", "[]", '{"met": "yes"}', 400, '{"reason": "x"}'])
async def test_no_verdict_is_a_miss(answer: str | int) -> None:
    async with judge(lambda _: answer, []) as found:
        verdict = check(CONVERSATION, conversation := played("Oh.", "I am sorry."))
        await found.judge(verdict, conversation)
    assert "was not judged" in verdict.misses[0].message


async def test_a_line_that_was_not_played_is_not_judged() -> None:
    asked: list[dict[str, Any]] = []
    async with judge(lambda _: 400, asked) as found:
        verdict = check(CONVERSATION, conversation := played("Oh."))
        await found.judge(verdict, conversation)
    assert asked == []
    assert [each.about for each in verdict.misses] == ["turn"]


def test_requirements_in_words_need_a_judge(tmp_path: Path) -> None:
    file = tmp_path / "late.eval.yaml"
    file.write_text("conversations: [{name: late, turns: [{say: Hi, expect: {reply: {judge: apologises}}}]}]")
    result = CliRunner().invoke(app, ["eval", str(file)])
    assert result.exit_code != 0
    assert "--judge" in str(result.exception)
