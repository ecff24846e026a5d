"""The ASR stage: decodes a recording and transcribes it, with partial transcripts meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from db.enums import Stage
from db.errors import EngineUnavailable
from db.json_value import Json
from db.turns.values import FinishedCall
from inference.audio.level import raised
from inference.lender import Lender
from inference.ports import SAMPLE_RATE, RecordingDecoder, Samples, Transcriber, Transcript, TranscriptPartial
from inference.turn.call_meter import CallMeter, StageError
from inference.turn.limits import TurnLimits
from inference.turn.timing import TurnClock

#: Bound of the queue of partial transcripts. The oldest is dropped: each partial contains the words of earlier ones.
_MAX_PARTIALS = 8


@dataclass(frozen=True, slots=True)
class Recognized:
    """The stage's last item. ``draft``: the model call of the draft engine, which gives partials; None without one."""

    transcript: Transcript
    call: FinishedCall
    draft: FinishedCall | None


@dataclass(frozen=True, slots=True)
class _Task:
    """The input of both engines, and the queue of their partials."""

    samples: Samples
    language: str | None
    among: Sequence[str]
    limits: TurnLimits
    clock: TurnClock
    partials: asyncio.Queue[TranscriptPartial]


async def transcribe(
    recording: bytes,
    *,
    owner: Hashable,
    decoder: RecordingDecoder,
    language: str | None,
    among: Sequence[str] = (),
    limits: TurnLimits,
    engine: Lender[Transcriber],
    draft: Lender[Transcriber] | None,
    clock: TurnClock,
) -> AsyncGenerator[TranscriptPartial | Recognized, None]:
    """Yields partials while the engines work, then one Recognized. ``language`` and ``among``: as in ``Transcriber``.

    ``owner``: the tenant; decoder processes are shared fairly among tenants.
    """
    with clock.busy(Stage.ASR):
        decoded = await decoder.recording(recording, owner=owner, max_seconds=limits.recording_seconds)
        samples = await asyncio.to_thread(raised, decoded.samples)
    waiting: asyncio.Queue[TranscriptPartial] = asyncio.Queue(_MAX_PARTIALS)
    shared = _Task(samples, language, among, limits, clock, waiting)
    final = asyncio.create_task(_run(engine, shared))
    drafting = None
    if draft is not None:
        drafting = asyncio.create_task(_run(draft, shared))
    try:
        longest = 0
        while not final.done():
            async for partial in _until(waiting, final):
                if len(partial.text) > longest:  # two engines give partials; words that were shown stay
                    longest = len(partial.text)
                    yield partial
        transcript, call = await final
    finally:
        for task in (final, drafting):
            if task is not None:
                task.cancel()
        results = await asyncio.gather(
            *(task for task in (final, drafting) if task is not None), return_exceptions=True
        )
    drafted = results[-1] if drafting is not None else None
    yield Recognized(transcript, call, drafted[1] if isinstance(drafted, tuple) else _call_of(drafted))


def _call_of(outcome: object) -> FinishedCall | None:
    """The model call of a draft that failed; None for one that was cancelled because the transcript came first."""
    return outcome.call if isinstance(outcome, StageError) else None


async def _until(
    waiting: asyncio.Queue[TranscriptPartial], final: asyncio.Task[tuple[Transcript, FinishedCall]]
) -> AsyncIterator[TranscriptPartial]:
    while True:
        getting = asyncio.create_task(waiting.get())
        try:
            await asyncio.wait({getting, final}, return_when=asyncio.FIRST_COMPLETED)
            if not getting.done():
                return
            yield getting.result()
        finally:
            getting.cancel()


async def _run(lender: Lender[Transcriber], shared: _Task) -> tuple[Transcript, FinishedCall]:
    meter = CallMeter(shared.clock, Stage.ASR, lender.info)
    transcript: Transcript | None = None
    items = meter.stream(
        lender,
        lambda engine: engine.transcribe(shared.samples, language=shared.language, among=shared.among),
        limits=shared.limits,
    )
    async with aclosing(items):
        async for item in items:
            if isinstance(item, Transcript):
                transcript = item
            else:
                if shared.partials.full():
                    shared.partials.get_nowait()
                shared.partials.put_nowait(item)
    if transcript is None:
        raise meter.failed(EngineUnavailable(f"The engine {lender.info.engine} gave no transcript."))
    call = meter.finished(
        input_audio_ms=round(len(shared.samples) / SAMPLE_RATE * 1000),
        output_tokens=transcript.output_tokens,
        details=transcript_details(transcript),
    )
    return transcript, call


def transcript_details(transcript: Transcript) -> dict[str, Json]:
    """The details of the model call of a transcript: its language and segments, and what its engine adds."""
    return {
        **transcript.details,
        "language": transcript.language,
        "segments": [
            {
                "start": round(each.start, 3),
                "end": round(each.end, 3),
                "text": each.text,
                "confidence": round(each.confidence, 4),
            }
            for each in transcript.segments
        ],
    }
