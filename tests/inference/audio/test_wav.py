"""WAV encoding of samples."""

from __future__ import annotations

import numpy as np

from db.audio.decoding import read_recording
from inference.audio.wav import encode_wav


def test_a_wav_comes_back_as_it_was() -> None:
    samples = np.sin(np.arange(22_050) / 20).astype(np.float32) * 0.8
    decoded = read_recording(encode_wav(samples[:16_000], 16_000), max_seconds=5)
    np.testing.assert_allclose(decoded.samples, samples[:16_000], atol=1e-4)
    assert read_recording(encode_wav(samples, 22_050), max_seconds=5).source_sample_rate == 22_050


def test_what_is_too_loud_is_clipped_not_wrapped() -> None:
    decoded = read_recording(encode_wav(np.full(1600, 3.0, np.float32), 16_000), max_seconds=5)
    assert decoded.samples.min() > 0.99
