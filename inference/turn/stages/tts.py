"""The TTS stage: synthesizes the reply sentence by sentence while it is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from db.audio.encoded import EncodedAudio
from db.enums import Stage
from db.turns.values import FinishedCall
from inference.audio.level import ReplyLevel
from inference.audio.wav import encode_wav, resample
from inference.lender import Lender
from inference.ports import EngineInfo, Samples, Synthesizer
from inference.turn.call_meter import CallMeter, StageError
from inference.turn.limits import TurnLimits
from inference.turn.retries import EngineRetries
from inference.turn.timing import TurnClock

WAV = "audio/wav"

#: Silence between two sentences of the whole reply, in seconds.
_GAP_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Chunk:
    """The audio of one sentence."""

    index: int
    text: str
    audio: EncodedAudio


@dataclass(frozen=True, slots=True)
class SynthesisRetried:
    """An engine failed; the engine ``next`` retries the same sentence."""

    error: StageError
    next: EngineInfo


@dataclass(frozen=True, slots=True)
class SpokenReply:
    """The stage's last item: all sentences as one audio; None if the reply has nothing that can be spoken."""

    audio: EncodedAudio | None
    call: FinishedCall


async def speak(
    sentences: AsyncIterator[str],
    *,
    language: str,
    voice: str | None,
    tries: EngineRetries[Synthesizer],
    limits: TurnLimits,
    clock: TurnClock,
) -> AsyncGenerator[Chunk | SynthesisRetried | SpokenReply, None]:
    """Yields a Chunk for each sentence, then one SpokenReply. The engine is lent for one sentence at a time, so turns
    take turns on it."""
    meter = CallMeter(clock, Stage.TTS, tries.lender.info)
    reply, level = _Reply(), ReplyLevel()
    async for sentence in sentences:
        samples = None
        while samples is None:
            try:
                samples, rate = await _say(sentence, language, voice, tries.lender, meter, limits)
            except StageError as error:
                pause = tries.advance(error.retry_on)
                if pause is None:
                    raise
                yield SynthesisRetried(error, tries.lender.info)
                await asyncio.sleep(pause)
                meter = CallMeter(clock, Stage.TTS, tries.lender.info)
        if not samples.size:  # nothing that can be spoken, such as "..."
            continue
        samples = await asyncio.to_thread(level.levelled, samples, rate)
        yield Chunk(reply.sentences, sentence, _encode(samples, rate))
        reply.add(samples, rate)
    whole = reply.whole()
    call = meter.finished(
        output_audio_ms=0 if whole is None else whole.duration_ms, details={"sentences": reply.sentences}
    )
    yield SpokenReply(whole, call)


async def _say(  # noqa: PLR0917 - all of one call
    sentence: str,
    language: str,
    voice: str | None,
    lender: Lender[Synthesizer],
    meter: CallMeter,
    limits: TurnLimits,
) -> tuple[Samples, int]:
    """The samples of one sentence, and their sample rate in Hz."""
    pieces: list[Samples] = []
    rate = 0
    speech = meter.stream(
        lender, lambda engine: engine.synthesize(sentence, language=language, voice=voice), limits=limits
    )
    async with aclosing(speech):
        async for piece in speech:
            pieces.append(piece.samples)
            rate = piece.sample_rate
    return np.concatenate([np.zeros(0, dtype=np.float32), *pieces]), rate


class _Reply:
    """Joins the sentences of a reply at the sample rate of the first, with a pause between them."""

    def __init__(self) -> None:
        self.sentences = 0
        self._parts: list[Samples] = []
        self._rate = 0

    def add(self, samples: Samples, rate: int) -> None:
        if self._parts:
            self._parts.append(np.zeros(round(self._rate * _GAP_SECONDS), dtype=np.float32))
        self._rate = self._rate or rate
        self._parts.append(resample(samples, rate, self._rate))
        self.sentences += 1

    def whole(self) -> EncodedAudio | None:
        return _encode(np.concatenate(self._parts), self._rate) if self._parts else None


def _encode(samples: Samples, rate: int) -> EncodedAudio:
    return EncodedAudio(encode_wav(samples, rate), WAV, max(1, round(len(samples) / rate * 1000)), rate)
