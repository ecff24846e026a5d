"""Speech recognition: a recording becomes a transcript, with partial ones on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from db.enums import Stage
from db.errors import EngineUnavailable
from db.turns.values import FinishedCall
from inference.audio.level import raised
from inference.lender import Lender
from inference.ports import SAMPLE_RATE, RecordingDecoder, Samples, Transcriber, Transcript, TranscriptPartial
from inference.turn.call_meter import CallMeter, StageError
from inference.turn.limits import Limits
from inference.turn.timing import TurnClock

#: Partial transcripts that may wait for their reader; older ones give way, for a newer one says all they said.
_WAITING = 8


@dataclass(frozen=True, slots=True)
class Heard:
    """The stage's last item. ``draft``: the call of the engine that gave the partial transcripts, if one did."""

    transcript: Transcript
    call: FinishedCall
    draft: FinishedCall | None


@dataclass(frozen=True, slots=True)
class _Given:
    """What both engines are given."""

    samples: Samples
    language: str | None
    among: Sequence[str]
    limits: Limits
    clock: TurnClock
    partials: asyncio.Queue[TranscriptPartial]


async def transcribe(
    recording: bytes,
    *,
    owner: Hashable,
    decoder: RecordingDecoder,
    language: str | None,
    among: Sequence[str] = (),
    limits: Limits,
    engine: Lender[Transcriber],
    draft: Lender[Transcriber] | None,
    clock: TurnClock,
) -> AsyncGenerator[TranscriptPartial | Heard, None]:
    """Partials while the engines work, then one Heard. ``language`` and ``among``: as in ``Transcriber``.

    ``owner``: the tenant, whose recordings are decoded within its share of the decoders.
    """
    with clock.busy(Stage.ASR):
        decoded = await decoder.recording(recording, owner=owner, max_seconds=limits.recording)
        samples = await asyncio.to_thread(raised, decoded.samples)
    waiting: asyncio.Queue[TranscriptPartial] = asyncio.Queue(_WAITING)
    given = _Given(samples, language, among, limits, clock, waiting)
    final = asyncio.create_task(_run(engine, given))
    sketch = None
    if draft is not None:
        sketch = asyncio.create_task(_run(draft, given))
    try:
        longest = 0
        while not final.done():
            async for partial in _until(waiting, final):
                if len(partial.text) > longest:  # two engines write here; words once shown do not vanish again
                    longest = len(partial.text)
                    yield partial
        transcript, call = await final
    finally:
        for task in (final, sketch):
            if task is not None:
                task.cancel()
        results = await asyncio.gather(*(task for task in (final, sketch) if task is not None), return_exceptions=True)
    drafted = results[-1] if sketch is not None else None
    yield Heard(transcript, call, drafted[1] if isinstance(drafted, tuple) else _call_of(drafted))


def _call_of(outcome: object) -> FinishedCall | None:
    """A draft that failed is on record; one that was cut short, because the final words came first, is not a call."""
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


async def _run(lender: Lender[Transcriber], given: _Given) -> tuple[Transcript, FinishedCall]:
    meter = CallMeter(given.clock, Stage.ASR, lender.info)
    transcript: Transcript | None = None
    items = meter.stream(
        lender,
        lambda engine: engine.transcribe(given.samples, language=given.language, among=given.among),
        limits=given.limits,
    )
    async with aclosing(items):
        async for item in items:
            if isinstance(item, Transcript):
                transcript = item
            else:
                if given.partials.full():
                    given.partials.get_nowait()
                given.partials.put_nowait(item)
    if transcript is None:
        raise meter.failed(EngineUnavailable(f"The engine {lender.info.engine} gave no transcript."))
    call = meter.finished(
        input_audio_ms=round(len(given.samples) / SAMPLE_RATE * 1000),
        output_tokens=transcript.output_tokens,
        details={
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
        },
    )
    return transcript, call
