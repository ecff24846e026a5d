"""An in-memory journal, for tests of the pipeline without a database."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from db.audio.encoded import EncodedAudio
from db.enums import Stage
from db.turns.values import Failure, FinishedCall
from inference.ports import Citation, EngineInfo, Superseded, ToolContext, ToolRequest, ToolResult, Transcript

T = TypeVar("T")


class MemoryJournal:
    """Implements ``inference.ports.AttemptJournal``. ``superseded_at``: the method that raises Superseded."""

    def __init__(self, superseded_at: str | None = None) -> None:
        self.steps: list[tuple[str, Any]] = []
        self.calls: list[FinishedCall] = []
        self.user_language: str | None = None
        self.failure: Failure | None = None
        self.citations: list[Citation] = []
        self.timing: Mapping[str, Any] = {}
        self._superseded_at = superseded_at

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.steps]

    def told(self, name: str) -> list[Any]:
        return [what for each, what in self.steps if each == name]

    def _note(self, name: str, what: Any = None) -> None:
        if name == self._superseded_at:
            raise Superseded
        self.steps.append((name, what))

    async def stage_started(self, stage: Stage, info: EngineInfo) -> None:
        self._note("stage_started", stage)

    async def stage_skipped(self, stage: Stage, reason: str) -> None:
        self._note("stage_skipped", stage)

    async def transcript_partial(self, text: str) -> None:
        self._note("transcript_partial", text)

    async def transcript_ready(self, transcript: Transcript, call: FinishedCall) -> None:
        self._note("transcript_ready", transcript.text)
        self.calls.append(call)

    async def reply_delta(self, text: str) -> None:
        self._note("reply_delta", text)

    async def reply_ready(
        self, text: str, language: str, user_language: str | None = None, citations: Sequence[Citation] = ()
    ) -> None:
        self._note("reply_ready", (text, language))
        self.user_language = user_language
        self.citations = list(citations)

    async def call_finished(self, call: FinishedCall, *, ends_stage: bool) -> None:
        self._note("call_finished", call.stage)
        self.calls.append(call)

    async def tool_started(self, request: ToolRequest, server: str, number: int) -> ToolContext:
        self._note("tool_started", (request.name, server, number))
        return ToolContext("tenant", "session", f"call-{number}")

    async def tool_finished(self, context: ToolContext, result: ToolResult | None, error: str | None) -> None:
        self._note("tool_finished", error)

    async def chunk_ready(self, index: int, text: str, audio: EncodedAudio) -> None:
        self._note("chunk_ready", (index, text))

    async def audio_ready(self, audio: EncodedAudio, call: FinishedCall) -> None:
        self._note("audio_ready", audio)
        self.calls.append(call)

    async def stage_failed(self, failure: Failure, call: FinishedCall | None, *, will_retry: bool) -> None:
        self._note("stage_failed", (failure, will_retry))
        if call is not None:
            self.calls.append(call)

    async def turn_finished(self, timing: Mapping[str, Any], failure: Failure | None) -> None:
        self._note("turn_finished", failure)
        self.timing, self.failure = timing, failure

    async def guard(self, work: Coroutine[object, object, T]) -> T:
        return await work

    async def close(self, seconds: float) -> None:
        """Nothing is queued."""

    async def record_cancelled(self, calls: Sequence[FinishedCall]) -> None:
        self.calls += calls
