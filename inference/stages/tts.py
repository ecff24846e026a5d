"""Speech synthesis: sentences become sound, each as soon as it is there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from db.outcome import EncodedAudio, FinishedCall
from db.words import Stage
from inference.audio import encode_wav
from inference.metering import CallMeter
from inference.ports import Samples, Synthesizer
from inference.registry import Lender
from inference.timing import TurnClock

WAV = "audio/wav"

#: The pause between two sentences.
_GAP_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Chunk:
    """One spoken sentence."""

    index: int
    text: str
    audio: EncodedAudio


@dataclass(frozen=True, slots=True)
class Spoken:
    """The stage's last item: all sentences as one sound, null if there was nothing to say aloud."""

    audio: EncodedAudio | None
    call: FinishedCall


async def speak(
    sentences: AsyncIterator[str],
    *,
    language: str,
    voice: str | None,
    engine: Lender[Synthesizer],
    stall_seconds: float,
    clock: TurnClock,
) -> AsyncGenerator[Chunk | Spoken, None]:
    """A Chunk a sentence, then one Spoken. The engine is lent for one sentence at a time: others speak in between."""
    meter = CallMeter(clock, Stage.TTS, engine.info)
    parts: list[Samples] = []
    rate, index, characters = 0, 0, 0
    async for sentence in sentences:
        pieces: list[Samples] = []
        async with meter.borrow(engine) as synthesizer:
            speech = meter.each(
                synthesizer.synthesize(sentence, language=language, voice=voice), stall_seconds=stall_seconds
            )
            async with aclosing(speech):
                async for piece in speech:
                    pieces.append(piece.samples)
                    rate = piece.sample_rate
        characters += len(sentence)
        if not pieces:  # nothing in it that can be said: "..."
            continue
        samples = np.concatenate(pieces)
        if parts:
            parts.append(np.zeros(round(rate * _GAP_SECONDS), dtype=np.float32))
        parts.append(samples)
        yield Chunk(index, sentence, _encode(samples, rate))
        index += 1
    whole = _encode(np.concatenate(parts), rate) if parts else None
    call = meter.finished(
        output_audio_ms=0 if whole is None else whole.duration_ms,
        details={"sentences": index, "characters": characters},
    )
    yield Spoken(whole, call)


def _encode(samples: Samples, rate: int) -> EncodedAudio:
    return EncodedAudio(encode_wav(samples, rate), WAV, max(1, round(len(samples) / rate * 1000)), rate)
