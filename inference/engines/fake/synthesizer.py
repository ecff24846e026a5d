"""The fake synthesizer, for tests: a sine tone whose length follows the text. Deterministic, no weights."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import numpy as np

from db.errors import EngineUnavailable
from inference.ports import EngineInfo, Samples, Speech

_SAMPLE_RATE = 16_000
_SECONDS_A_CHARACTER = 0.06
_PIECE_CHARACTERS = 50


class FakeSynthesizer:
    """A Synthesizer at 16 kHz, with a piece for about each 50 characters and the voice "tone".

    ``languages``: ISO 639-1, empty for any. ``delay``: seconds before each piece. ``error``: raised instead of the
    first piece.
    """

    def __init__(
        self,
        model: str = "tone",
        *,
        languages: tuple[str, ...] = (),
        delay: float = 0.0,
        error: Exception | None = None,
    ) -> None:
        self.info = EngineInfo("fake", model, languages, (model,))
        self.concurrency = 8
        self.sample_rate = _SAMPLE_RATE
        self._delay = delay
        self._error = error

    async def load(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to free."""

    async def synthesize(self, text: str, *, language: str, voice: str | None) -> AsyncGenerator[Speech, None]:
        if self.info.languages and language not in self.info.languages:
            raise EngineUnavailable("The fake synthesizer does not speak this language.")
        if voice not in {None, self.info.model}:
            raise EngineUnavailable("The fake synthesizer does not have this voice.")
        left = text if any(c.isalnum() for c in text) else ""
        while left:
            await asyncio.sleep(self._delay)
            if self._error is not None:
                raise self._error
            end = len(left) if len(left) <= _PIECE_CHARACTERS else left.rfind(" ", 0, _PIECE_CHARACTERS) + 1
            said, left = left[: end or _PIECE_CHARACTERS], left[end or _PIECE_CHARACTERS :]
            yield Speech(_tone(len(said) * _SECONDS_A_CHARACTER), _SAMPLE_RATE, said)


def _tone(seconds: float) -> Samples:
    """A tone of 440 Hz that fades in and out, so that pieces join without a click."""
    time = np.arange(int(seconds * _SAMPLE_RATE)) / _SAMPLE_RATE
    swell = np.sin(np.pi * time / seconds)
    return (0.2 * swell * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
