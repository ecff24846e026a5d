"""A voice that needs no model: each letter and digit is a short sine tone, a higher one for a later letter.

It does not speak words and does not pretend to: its model call rows say ``sine``. It is here to show how an engine in
a package of its own is written. A real one loads its model in ``_load`` and runs it in ``_render``.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from inference.engines.factory import EngineContext, EngineFactory, EngineSettings
from inference.engines.synthesizer_base import SynthesizerBase
from inference.ports import EngineInfo, Samples

SAMPLE_RATE = 16_000
TONE_SECONDS = 0.07


class SineSettings(EngineSettings):
    """The engine's own settings. ``pitch`` is VOXLOOM_SINE_PITCH: the frequency of "a" in Hz."""

    model_config = SettingsConfigDict(env_prefix="VOXLOOM_SINE_")

    pitch: float = Field(220.0, ge=50, le=880)


class SineEngine(SynthesizerBase):
    """A Synthesizer (``inference.ports.Synthesizer``).

    ``SynthesizerBase`` does what surrounds every voice: it writes out numbers and dates, cuts long sentences into
    pieces, runs ``_render`` in a thread of its own and stops it when the caller is interrupted.
    """

    def __init__(self, pitch: float) -> None:
        super().__init__()
        # What the model call row, the events and `capabilities` say of it. No languages: it takes any.
        self.info = EngineInfo(engine="sine", model="letters")
        self._pitch = pitch

    def _load(self) -> int:
        """Would load the model, and raise EngineUnavailable if it cannot. Returns the sample rate in Hz."""
        return SAMPLE_RATE

    def _unload(self) -> None:
        """Would free the model."""

    def _has_voice(self, voice: str | None, language: str) -> bool:
        return voice in {None, self.info.model}

    def _render(self, words: str, *, language: str, voice: str | None, seed: int) -> Samples:
        """Synthesizes one piece of text: float32 in -1..1, shape ``(samples,)``."""
        tones = [self._tone(letter) for letter in words.lower()]
        return np.concatenate(tones)

    def _tone(self, letter: str) -> Samples:
        time = np.arange(int(TONE_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
        if not letter.isalnum():
            return np.zeros(time.size, np.float32)  # a space or a comma is a rest
        semitones = ord(letter) % 36
        frequency = self._pitch * 2 ** (semitones / 12)
        swell = np.sin(np.pi * time / TONE_SECONDS)  # from silence to silence, so that tones join without a click
        return (0.3 * swell * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def make(settings: SineSettings, context: EngineContext) -> SineEngine:
    """Called once by each worker that has the engine in its settings. ``context`` has its threads and model cache."""
    return SineEngine(settings.pitch)


#: What the entry point in pyproject.toml names.
factory = EngineFactory(SineSettings, make, install="pip install voxloom-sine")
