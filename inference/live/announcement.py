"""What the assistant says unasked: the greeting, and "are you still there?". Synthesized as a reply is; it is no turn
and no message: the event CallPrompted holds its words."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files

from db.agents.definition import AgentDefinition
from db.audio.encoded import EncodedAudio
from db.enums import Prompt, Stage
from db.json_value import Json
from db.logs import retrieve_exception
from db.turns.values import Failure, FinishedCall
from inference.live.caller_events import ReplyStatus
from inference.live.context import CallContext
from inference.live.reply_lane import reply_on_lane
from inference.live.spoken_reply import SpokenReply
from inference.ports import Citation, EngineInfo, ToolContext, ToolRequest, ToolResult, Transcript
from inference.turn.reply_relay import ReplyRelay
from inference.turn.timing import TurnClock

_DEFAULT = "en"


class Announcement:
    """Runs in a task of its own, begun by ``start``."""

    def __init__(self, context: CallContext, prompt: Prompt, language: str) -> None:
        self._context = context
        self.prompt = prompt
        self._language = language
        self.reply = SpokenReply(context.outbox, context.tape, None, context.now)
        self.written = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._run(), name="announcement")
        self._task.add_done_callback(retrieve_exception)
        return self._task

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _run(self) -> None:
        context, relay = self._context, ReplyRelay()
        try:
            inputs = await context.record.next_inputs()
            text = prompt_text(self.prompt, self._language, inputs.agent)
            await context.record.prompted(self.prompt, text)
            inputs = replace(inputs, text="", reply=text, session_language=self._language)
            now = context.record.now()
            relay.release(self.reply)
            with reply_on_lane(context.setup.lane, relay):
                failure = await context.setup.pipeline(inputs, _NoJournal(), TurnClock(now, now), relay).run()
            await relay.drain()
            self.written = True
            if not self.reply.stopped:
                status = ReplyStatus.COMPLETED if failure is None else ReplyStatus.FAILED
                code, message = (None, None) if failure is None else (failure.code, failure.message)
                await self.reply.finish(status, code, message)
        finally:
            await relay.close()

    async def stop(self, *, clear: bool = True) -> None:
        """Nothing more of it is sent; the caller's side drops what it has not played."""
        self.reply.stopped = True
        if clear:
            await self.reply.clear()
        await self.reply.finish(ReplyStatus.INTERRUPTED)

    async def close_interrupted(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})


def prompt_text(prompt: Prompt, language: str, agent: AgentDefinition) -> str:
    """The words of a prompt, ISO 639-1. The greeting is the agent's, where it has one in the language."""
    greeting = agent.greeting.get(language) if prompt is Prompt.GREETING else None
    return greeting[0] if greeting else _default_text(prompt, language)


@lru_cache
def _default_text(prompt: Prompt, language: str) -> str:
    """The words of a prompt of an agent that has none; English for a language without them."""
    table: dict[str, dict[str, str]] = tomllib.loads((files(__package__) / "prompts.toml").read_text(encoding="utf-8"))
    return table.get(language, table[_DEFAULT])[prompt.value.lower()]


class _NoJournal:
    """The journal of a reply to no turn."""

    async def stage_started(self, stage: Stage, info: EngineInfo) -> None: ...

    async def stage_skipped(self, stage: Stage, reason: str) -> None: ...

    async def transcript_partial(self, text: str) -> None: ...

    async def transcript_ready(self, transcript: Transcript, call: FinishedCall) -> None: ...

    async def reply_delta(self, text: str) -> None: ...

    async def reply_ready(
        self, text: str, language: str, user_language: str | None = None, citations: Sequence[Citation] = ()
    ) -> None: ...

    async def call_finished(self, call: FinishedCall, *, ends_stage: bool) -> None: ...

    async def tool_started(self, request: ToolRequest, server: str, number: int) -> ToolContext:
        raise AssertionError("no tool runs for an announcement")

    async def tool_finished(self, context: ToolContext, result: ToolResult | None, error: str | None) -> None: ...

    async def chunk_ready(self, index: int, text: str, audio: EncodedAudio) -> None: ...

    async def audio_ready(self, audio: EncodedAudio, call: FinishedCall) -> None: ...

    async def stage_failed(self, failure: Failure, call: FinishedCall | None, *, will_retry: bool) -> None: ...

    async def turn_finished(self, timing: Mapping[str, Json], failure: Failure | None) -> None: ...
