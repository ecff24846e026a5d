"""What a caller says in one turn: its audio, its words while it is spoken, and its final words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from db.enums import CallStatus, Stage
from db.ids import new_id
from db.turns.live_values import LiveTiming
from db.turns.values import FinishedCall
from inference.ports import SAMPLE_RATE, EngineInfo, RecognitionStream, Samples, Transcript
from inference.turn.retries import RetryOn, RetryPolicy, retry_on
from inference.turn.stages.asr import transcript_details


@dataclass(frozen=True, slots=True)
class Recognized:
    """Final words, and the model call that gave them."""

    transcript: Transcript
    call: FinishedCall


@dataclass(slots=True, eq=False)
class Utterance:
    """An utterance while it is spoken and after.

    ``stream``: its recognition. ``whole``: the recognition of the turn that it went on with, which has heard it too.
    ``continued``: a later utterance has gone on with it, and the whole of that one has its words. ``words``: the
    partial transcript so far. ``ended_at``: on ``time.perf_counter``, when its last word ended.
    """

    stream: RecognitionStream
    live: LiveTiming
    whole: RecognitionStream | None = None
    continued: bool = False
    message_id: UUID = field(default_factory=new_id)
    words: str = ""
    ended_at: float = 0.0
    fed: int = 0
    _frames: list[Samples] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.fed / SAMPLE_RATE

    @property
    def samples(self) -> Samples:
        return np.concatenate([np.zeros(0, np.float32), *self._frames])

    def feed(self, samples: Samples) -> None:
        """The next audio, 16 kHz mono."""
        self._frames.append(samples)
        self.fed += samples.size
        self.stream.feed(samples)

    def pause(self) -> None:
        """The caller pauses: what they said may be decoded for good."""
        self.stream.pause()

    def ended(self, at_ms: int, ended_at: float, scores: Sequence[float]) -> None:
        """The turn has ended; ``at_ms``: its last word's end in the call's audio."""
        self.ended_at = ended_at
        self.live = replace(
            self.live,
            speech_ended_ms=at_ms,
            end_decided_ms=round((time.perf_counter() - ended_at) * 1000, 1),
            turn_score=scores[-1] if scores else None,
        )

    async def close(self) -> None:
        await self.stream.close()


@dataclass(frozen=True, slots=True)
class Recognition:
    """Makes final words. ``now``: the database's time."""

    info: EngineInfo
    retry: RetryPolicy
    now: Callable[[], datetime]

    async def final(self, stream: RecognitionStream, samples: int) -> Recognized:
        """The final words of a stream that has heard so many samples. Raises the engine's error after some tries."""
        for number in range(1, self.retry.tries + 1):
            begun = time.perf_counter()
            try:
                transcript = await stream.final()
            except Exception as error:
                if number == self.retry.tries or retry_on(error) is RetryOn.NO_ENGINE:
                    raise
                await asyncio.sleep(self.retry.pause(number))
                continue
            return Recognized(transcript, self._call(transcript, time.perf_counter() - begun, samples))
        raise AssertionError("at least one try")

    def _call(self, transcript: Transcript, seconds: float, samples: int) -> FinishedCall:
        return FinishedCall(
            stage=Stage.ASR,
            engine=self.info.engine,
            model=self.info.model,
            status=CallStatus.OK,
            started_at=self.now() - timedelta(seconds=seconds),
            wait_ms=0.0,
            duration_ms=round(seconds * 1000, 3),
            input_audio_ms=round(samples / SAMPLE_RATE * 1000),
            output_tokens=transcript.output_tokens,
            details=transcript_details(transcript),
        )
