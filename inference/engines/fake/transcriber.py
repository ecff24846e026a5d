"""The fake transcriber, for tests: returns a configured text. Deterministic, no weights."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import numpy as np

from inference.ports import SAMPLE_RATE, EngineInfo, Samples, Segment, Transcript, TranscriptPartial


class FakeTranscriber:
    """A Transcriber whose transcript is ``text``, and empty for all-zero samples; yields a partial for each word.

    ``spoken``: the language it detects, whatever is expected. ``delay``: seconds before each item. ``error``: raised
    instead of the transcript. ``calls`` and ``among``: arguments of the calls. ``finished``: number of completed calls.
    """

    def __init__(
        self,
        text: str = "hello there",
        *,
        spoken: str | None = None,
        delay: float = 0.0,
        error: Exception | None = None,
        concurrency: int = 1,
    ) -> None:
        self.text = text
        self.spoken = spoken
        self.delay = delay
        self.error = error
        self.concurrency = concurrency
        self.info = EngineInfo("fake", "fake")
        self.calls: list[str | None] = []
        self.among: list[tuple[str, ...]] = []
        self.finished = 0

    async def load(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""

    async def transcribe(
        self, samples: Samples, *, language: str | None, among: Sequence[str] = ()
    ) -> AsyncIterator[TranscriptPartial | Transcript]:
        """See ``ports.Transcriber``. Without a ``language`` it detects the first of ``among``, else English."""
        self.calls.append(language)
        self.among.append(tuple(among))
        expected = (language,) if language else among
        heard = self.spoken or language or (among[0] if among else "en")
        words = self.text.split() if np.any(samples) else []
        for count in range(1, len(words) + 1):
            await asyncio.sleep(self.delay)
            yield TranscriptPartial(" ".join(words[:count]))
        await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error
        text = " ".join(words)
        segments = (Segment(0.0, samples.size / SAMPLE_RATE, text, 1.0),) if words else ()
        self.finished += 1
        yield Transcript(
            text,
            heard if words else language,
            segments,
            output_tokens=len(words),
            unexpected_language=heard if words and expected and heard not in expected else None,
        )
