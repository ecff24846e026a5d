"""Journal of a turn that is not committed yet: holds every write until the turn's real journal is known."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from db.audio.encoded import EncodedAudio
from db.enums import Stage
from db.json_value import Json
from db.turns.values import Failure, FinishedCall
from inference.ports import Citation, EngineInfo, Journal, ToolContext, ToolRequest, ToolResult, Transcript

R = TypeVar("R")

#: Bounds of what is held: writes, and milliseconds of synthesized speech. Beyond them the pipeline waits, so that
#: engines do not work ahead for a turn that may be discarded.
_MAX_HELD = 256
_MAX_SPEECH_MS = 1000


@dataclass(slots=True, eq=False)
class _Held:
    """``result``: of a caller who waits; None if none does."""

    write: Callable[[Journal], Awaitable[Any]]
    result: asyncio.Future[Any] | None


class HeldJournal:
    """Implements ``inference.ports.Journal`` before and after its real journal is known (``release``).

    While held, a write returns at once, checkpoints included, and is kept in memory. Only ``tool_started``, and any
    write beyond the bounds, waits for the release: a tool never runs for a turn that is not committed.

    ``timing``: the turn's timing when its end is released, in place of the one at its end.
    """

    def __init__(self, *, timing: Callable[[], Mapping[str, Json]] | None = None) -> None:
        self._timing = timing
        self._journal: Journal | None = None
        self._held: deque[_Held] = deque()
        self._releasing = False
        self._speech_ms = 0

    async def release(self, journal: Journal) -> None:
        """Writes what is held into ``journal``, in order; from then on writes go straight there. Called once.

        An error of the journal ends it and is raised, here and in the writes that wait; what is held is dropped then.
        """
        self._releasing = True
        try:
            while self._held:  # also what is written in the meantime
                await _replay(self._held.popleft(), journal)
        except BaseException as error:
            failure = error if isinstance(error, Exception) else asyncio.CancelledError()
            for each in self._held:
                if each.result is not None and not each.result.done():
                    each.result.set_exception(failure)
            raise
        finally:
            self._held.clear()
            self._journal = journal

    async def _write(self, write: Callable[[Journal], Awaitable[R]], *, wait: bool = False) -> R | None:
        """The result of ``write`` on the real journal; None if it is held."""
        if self._journal is not None:
            return await write(self._journal)
        if not (wait or self._releasing or len(self._held) >= _MAX_HELD):
            self._held.append(_Held(write, None))
            return None
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._held.append(_Held(write, result))
        return await result

    async def stage_started(self, stage: Stage, info: EngineInfo) -> None:
        await self._write(lambda journal: journal.stage_started(stage, info))

    async def stage_skipped(self, stage: Stage, reason: str) -> None:
        await self._write(lambda journal: journal.stage_skipped(stage, reason))

    async def transcript_partial(self, text: str) -> None:
        await self._write(lambda journal: journal.transcript_partial(text))

    async def transcript_ready(self, transcript: Transcript, call: FinishedCall) -> None:
        await self._write(lambda journal: journal.transcript_ready(transcript, call))

    async def reply_delta(self, text: str) -> None:
        await self._write(lambda journal: journal.reply_delta(text))

    async def reply_ready(
        self, text: str, language: str, user_language: str | None = None, citations: Sequence[Citation] = ()
    ) -> None:
        await self._write(lambda journal: journal.reply_ready(text, language, user_language, citations))

    async def call_finished(self, call: FinishedCall, *, ends_stage: bool) -> None:
        await self._write(lambda journal: journal.call_finished(call, ends_stage=ends_stage))

    async def tool_started(self, request: ToolRequest, server: str, number: int) -> ToolContext:
        context = await self._write(lambda journal: journal.tool_started(request, server, number), wait=True)
        assert context is not None
        return context

    async def tool_finished(self, context: ToolContext, result: ToolResult | None, error: str | None) -> None:
        await self._write(lambda journal: journal.tool_finished(context, result, error))

    async def chunk_ready(self, index: int, text: str, audio: EncodedAudio) -> None:
        self._speech_ms += audio.duration_ms
        wait = self._speech_ms >= _MAX_SPEECH_MS
        await self._write(lambda journal: journal.chunk_ready(index, text, audio), wait=wait)

    async def audio_ready(self, audio: EncodedAudio, call: FinishedCall) -> None:
        await self._write(lambda journal: journal.audio_ready(audio, call))

    async def stage_failed(self, failure: Failure, call: FinishedCall | None, *, will_retry: bool) -> None:
        await self._write(lambda journal: journal.stage_failed(failure, call, will_retry=will_retry))

    async def turn_finished(self, timing: Mapping[str, Json], failure: Failure | None) -> None:
        measured = self._timing or (lambda: timing)
        await self._write(lambda journal: journal.turn_finished(measured(), failure))


async def _replay(held: _Held, journal: Journal) -> None:
    """Makes a held write, unless the task that waits for it was cancelled."""
    if held.result is None:
        await held.write(journal)
    elif not held.result.cancelled():
        try:
            result = await held.write(journal)
        except Exception as error:
            if not held.result.done():
                held.result.set_exception(error)
                return  # the pipeline handles it, as without the hold
            raise
        if not held.result.done():
            held.result.set_result(result)
