"""Voice activity of callers: on wide-band sound, on a phone line, and in noise."""

from __future__ import annotations

import numpy as np
import pytest

from inference.audio.vad import FRAME, SpeechDetector, SpeechStream
from inference.live.ear import SpeechProbability
from inference.live.voice_activity import VoiceDetector
from inference.ports import SAMPLE_RATE, Samples
from tests.speech_samples import clips


def probabilities(stream: SpeechProbability, samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    whole = range(0, samples.size - FRAME + 1, FRAME)
    return np.array([stream.feed(samples[at : at + FRAME]) for at in whole])


def callers() -> VoiceDetector:
    detector = VoiceDetector()
    detector.load()
    return detector


def loud(samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Frames no more than 12 dB below the mean level."""
    frames = samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)
    return np.asarray(np.sqrt(np.mean(frames**2, axis=1)) > np.sqrt(np.mean(samples**2)) / 4)


def over_the_phone(samples: Samples) -> Samples:
    spectrum = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(samples.size, 1 / SAMPLE_RATE)
    spectrum[(frequencies < 300) | (frequencies > 3400)] = 0
    return np.fft.irfft(spectrum, samples.size).astype(np.float32)


@pytest.mark.parametrize("name", sorted(clips()))
def test_speech_is_found_on_a_wide_line_and_on_a_phone_line(name: str) -> None:
    samples = clips()[name].samples
    for heard in (samples, over_the_phone(samples)):
        found = probabilities(callers().stream(), heard)
        assert np.mean(found[loud(samples)] >= 0.35) > 0.9


def test_noise_and_silence_are_no_speech() -> None:
    noise = np.random.default_rng(1).standard_normal(20 * SAMPLE_RATE).astype(np.float32)
    for level in (0.0, 0.001, 0.1):
        assert probabilities(callers().stream(), noise * np.float32(level)).max() < 0.5


def test_callers_do_not_share_a_state() -> None:
    detector = callers()
    samples = clips()["jfk"].samples[: 2 * SAMPLE_RATE]
    alone = probabilities(detector.stream(), samples)
    first, second = detector.stream(), detector.stream()
    together = []
    for at in range(0, samples.size - FRAME + 1, FRAME):
        together.append(first.feed(samples[at : at + FRAME]))
        second.feed(np.ones(FRAME, np.float32))
    assert np.allclose(alone, together, atol=1e-6)


def test_streamed_probabilities_are_those_of_the_whole_recording() -> None:
    detector = SpeechDetector()
    detector.load()
    samples = clips()["jfk"].samples
    samples = samples[: samples.size // FRAME * FRAME]
    assert np.allclose(probabilities(SpeechStream(detector), samples), detector.probabilities(samples), atol=1e-4)
