"""The TTS stage: synthesizes the reply sentence by sentence while it is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from db.audio.encoded import EncodedAudio
from db.enums import Stage
from db.json_value import Json
from db.turns.values import FinishedCall
from inference.audio.level import ReplyLevel, VoiceLevels
from inference.audio.wav import encode_wav, resample
from inference.lender import Lender
from inference.ports import EngineInfo, Samples, Speech, Synthesizer
from inference.turn.call_meter import CallMeter, StageError
from inference.turn.limits import TurnLimits
from inference.turn.opening import ends_clause
from inference.turn.reply_relay import ReplyRelay
from inference.turn.retries import EngineRetries
from inference.turn.sentences import ends_sentence
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
    levels: VoiceLevels,
    relay: ReplyRelay | None = None,
) -> AsyncGenerator[Chunk | SynthesisRetried | SpokenReply, None]:
    """Yields a Chunk for each sentence, then one SpokenReply. The engine is lent for one sentence at a time, so turns
    take turns on it.

    ``voice``: a name, which an engine without it replaces by its default voice; None for the default.

    ``relay``: to the listener of a live turn, which gets each piece as it is made. The pieces joined are the whole
    reply. If an engine fails within a sentence, the next one says the rest of it.
    """
    meter = CallMeter(clock, Stage.TTS, tries.lender.info)
    heard = (meter.info, voice, language)
    reply = _Reply(ReplyLevel(None if relay is None else levels.of(heard)), clock, relay)
    async for text in sentences:
        opens = relay is not None and not reply.sentences and not ends_sentence(text)
        sentence = _Sentence(text, reply, goes_on=opens and not ends_clause(text))
        while True:
            try:
                named = voice if tries.lender.has_voice(voice) else None
                await sentence.say(tries.lender, meter, limits, language=language, voice=named)
                break
            except StageError as error:
                pause = tries.advance(error.retry_on)
                if pause is None:
                    raise
                yield SynthesisRetried(error, tries.lender.info)
                await asyncio.sleep(pause)
                meter = CallMeter(clock, Stage.TTS, tries.lender.info)
        samples = await sentence.end()
        if samples.size:  # else nothing that can be spoken, such as "..."
            yield Chunk(reply.sentences, text, _encode(samples, reply.rate))
            reply.add(samples, pause=0.0 if opens else _GAP_SECONDS)
    if reply.level.measured is not None and heard[0] == meter.info:
        levels.learn(heard, reply.level.measured)
    whole = reply.whole()
    details: dict[str, Json] = {"sentences": reply.sentences}
    if voice is not None and tries.lender.has_voice(voice):
        details["voice"] = voice
    call = meter.finished(output_audio_ms=0 if whole is None else whole.duration_ms, details=details)
    yield SpokenReply(whole, call)


class _Reply:
    """Joins the sentences of a reply at the sample rate of the first, with a pause between them."""

    def __init__(self, level: ReplyLevel, clock: TurnClock, relay: ReplyRelay | None) -> None:
        self.level = level
        self.relay = relay
        self.sentences = 0
        self.rate = 0
        self._clock = clock
        self._parts: list[Samples] = []
        self._pause = 0.0

    async def levelled(self, samples: Samples, rate: int) -> Samples:
        """The samples at the loudness and the sample rate of the reply."""
        self.rate = self.rate or rate
        return await asyncio.to_thread(self.level.levelled, resample(samples, rate, self.rate), self.rate)

    def pass_on(self, samples: Samples, text: str, *, begins: bool) -> None:
        """Gives the listener a piece. ``begins``: of a sentence, so the pause before the sentence comes with it."""
        assert self.relay is not None
        self.relay.piece(Speech(self._after_pause(samples) if begins else samples, self.rate, text))
        self._clock.mark_first("audio")

    def add(self, samples: Samples, *, pause: float) -> None:
        """Adds a sentence. ``pause``: seconds behind it, if another follows."""
        self._parts.append(self._after_pause(samples))
        self._pause = pause
        self.sentences += 1

    def whole(self) -> EncodedAudio | None:
        return _encode(np.concatenate(self._parts), self.rate) if self._parts else None

    def _after_pause(self, samples: Samples) -> Samples:
        return np.concatenate([np.zeros(round(self.rate * self._pause), dtype=np.float32), samples])


class _Sentence:
    """One sentence in the making. In a live reply its pieces are levelled and passed on one by one, each with the part
    of the text that it says; pieces of which the engine does not tell that are passed on as one.

    ``goes_on``: the words go on without a pause (``inference.turn.opening``), so the engine's pause is taken off.
    """

    def __init__(self, text: str, reply: _Reply, *, goes_on: bool) -> None:
        self._goes_on = goes_on
        self._reply = reply
        self._left = text
        self._raw: list[Samples] = []
        self._rate = 0
        self._made: list[Samples] = []

    async def say(
        self,
        lender: Lender[Synthesizer],
        meter: CallMeter,
        limits: TurnLimits,
        *,
        language: str,
        voice: str | None,
    ) -> None:
        """Synthesizes what is left of the sentence. May be called again if it raised StageError."""
        self._raw.clear()
        left = self._left
        speech = meter.stream(
            lender, lambda engine: engine.synthesize(left, language=language, voice=voice), limits=limits
        )
        async with aclosing(speech):
            async for piece in speech:
                self._raw.append(piece.samples)
                self._rate = piece.sample_rate
                if self._reply.relay is not None and piece.text and self._left.startswith(piece.text):
                    await self._make(piece.text)

    async def end(self) -> Samples:
        """The samples of the sentence, empty if nothing of it can be spoken."""
        if self._raw:
            await self._make(self._left)
        return np.concatenate([np.zeros(0, dtype=np.float32), *self._made])

    async def _make(self, text: str) -> None:
        raw = np.concatenate(self._raw)
        self._raw.clear()
        if self._goes_on and len(text) == len(self._left):
            raw = np.trim_zeros(raw, "b")
        if raw.size:
            samples = await self._reply.levelled(raw, self._rate)
            if self._reply.relay is not None:
                self._reply.pass_on(samples, text, begins=not self._made)
            self._made.append(samples)
        self._left = self._left[len(text) :]


def _encode(samples: Samples, rate: int) -> EncodedAudio:
    return EncodedAudio(encode_wav(samples, rate), WAV, max(1, round(len(samples) / rate * 1000)), rate)
