"""Conversations with a lying language model: a real chat server whose answers are scripted, the openai engine, the CRM
tools and Postgres."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from db.audio.decoder_pool import DecoderPool
from db.postgres.database import Database
from db.viewer import Viewer
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.engines.openai.engine import OpenAIEngine
from inference.engines.scripted.reading.lexicon_reader import LexiconReader
from inference.lender import Engines, Lender
from inference.tools.client import McpToolBox
from inference.turn.guard.reading import DialogueReader
from inference.turn.limits import TurnLimits
from inference.turn.retries import RetryPolicy
from inference.worker.runner import TurnRunner
from tests.db.rows import STORE, open_session, say
from tests.inference.engines.openai.chat_server import DONE, ChatServer, Scripted, call_delta, chat_server, delta

LIMITS = TurnLimits(
    recording_seconds=60, stall_seconds=10, stage_seconds=30, tool_seconds=10, retry=RetryPolicy(3, pause_seconds=0.01)
)

#: What the model does next: text, or calls of tools as (name, arguments).
Act = str | Sequence[tuple[str, dict[str, Any]]]
Script = Callable[[list[dict[str, Any]]], Act]


def acts(*planned: Act) -> Script:
    """The acts in their order, whatever is said; the last is repeated."""
    left = list(planned)

    def script(_: list[dict[str, Any]]) -> Act:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


def _answer(act: Act) -> Scripted:
    if isinstance(act, str):
        words = act.split(" ")
        return [*(delta(word if n == 0 else f" {word}") for n, word in enumerate(words)), delta(finish="stop"), DONE]
    calls = [
        call_delta(n, json.dumps(arguments), name=name, call_id=f"call_{n}") for n, (name, arguments) in enumerate(act)
    ]
    return [*calls, delta(finish="tool_calls"), DONE]


@dataclass
class Talk:
    """A session with the model."""

    database: Database
    viewer: Viewer
    session_id: UUID
    server: ChatServer
    runner: TurnRunner

    async def say(self, words: str) -> str:
        """Sends a text, runs its turn, returns the reply; "" if there is none."""
        turn_id = await say(self.database, self.viewer, self.session_id, words)
        await self.runner.run(turn_id)
        found = await self.rows(f"select text from messages where turn_id = '{turn_id}' and role = 'ASSISTANT'")
        return found[0][0] if found else ""

    async def rows(self, sql: str) -> list[Any]:
        async with self.database.reading() as session:
            return list((await session.execute(text(sql))).all())

    async def records(self) -> list[Any]:
        return await self.rows("select scenario, name, account_id, query from crm_records order by id")

    async def codes(self) -> list[str | None]:
        """The outcome of each tool call: the code of a refusal, None for one that was made."""
        found = await self.rows(
            f"select status, result ->> 'code' from tool_calls where session_id = '{self.session_id}' order by id"
        )
        return [code for status, code in found if (status == "ACCEPTED") is (code is None)]

    async def spoken(self) -> str:
        """The text of the chunks of audio."""
        found = await self.rows("select data ->> 'text' from events where type = 'AudioChunk' order by seq")
        return " ".join(each for (each,) in found)

    async def decisions(self) -> list[Any]:
        found = await self.rows("select details -> 'guard' from model_calls where stage = 'LLM' order by id")
        return [each for (each,) in found if each is not None]


@asynccontextmanager
async def lying(
    database: Database,
    viewer: Viewer,
    script: Script,
    *,
    language: str = "en",
    reader: DialogueReader | None = None,
) -> AsyncIterator[Talk]:
    """A session in ``language`` with the model of ``script``."""
    async with chat_server(script=lambda request: _answer(script(request["messages"]))) as server:
        llm = OpenAIEngine(base_url=server.url, api_key="key", model="liar", timeout=5.0)
        engines = Engines(
            (Lender(FakeTranscriber(), wait_seconds=10),),
            None,
            (Lender(llm, wait_seconds=10),),
            (Lender(FakeSynthesizer(), wait_seconds=10),),
        )
        async with McpToolBox(database) as toolbox, DecoderPool(1, wait_seconds=10) as decoder:
            runner = TurnRunner(
                database,
                STORE,
                engines=engines,
                decoder=decoder,
                toolbox=toolbox,
                limits=LIMITS,
                reader=reader or LexiconReader(),
            )
            session_id = await open_session(database, viewer, language=language)
            yield Talk(database, viewer, session_id, server, runner)
        await engines.close()
