"""The ``fake`` engine: hears what it was told to hear. For tests; it calls itself what it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import numpy as np

from inference.ports import SAMPLE_RATE, EngineInfo, Samples, Segment, Transcript, TranscriptPartial


class FakeTranscriber:
    """Transcriber that says ``text`` of any recording, and nothing of one that is all zero.

    Gives a partial for each word. ``delay``: seconds before each item. ``error`` is raised in place of the transcript.
    ``calls`` holds the language of each call, ``among`` what it could choose among, ``finished`` how many came to their
    end. ``spoken``: the language it hears, whatever is expected.
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
        """Nothing to give back."""

    async def transcribe(
        self, samples: Samples, *, language: str | None, among: Sequence[str] = ()
    ) -> AsyncIterator[TranscriptPartial | Transcript]:
        """The words one by one, then all of them. ``language`` None is the first of ``among``, else English."""
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
