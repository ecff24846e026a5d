"""Numbers are heard as they were said, also where speech sounds like a tone of their code."""

from __future__ import annotations

import numpy as np
import pytest

from graph.cli.call.playout import SAMPLE_RATE
from tests.chaos.spoken_numbers import Audio, numbered_speech, numbers_in


def _audio(pcm: bytes) -> Audio:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def _silence(seconds: float) -> Audio:
    return np.zeros(int(seconds * SAMPLE_RATE), np.float32)


@pytest.mark.parametrize("number", [1, 15, 17, 255, 256, 4095])
def test_a_number_is_heard(number: int) -> None:
    assert numbers_in(_audio(numbered_speech(number, 1.0)), SAMPLE_RATE) == [number]


def test_a_tone_in_speech_is_no_digit_of_the_next_number() -> None:
    """With a zero before its code, 17 reads as 1: 0, 0, 1 and their sum."""
    time = np.arange(int(0.03 * SAMPLE_RATE)) / SAMPLE_RATE
    tone = (0.25 * np.sin(2 * np.pi * 2_000 * time)).astype(np.float32)
    said = [_audio(numbered_speech(number, 1.0)) for number in (15, 17)]
    heard = np.concatenate([said[0], _silence(0.3), tone, _silence(0.3), said[1]])
    assert numbers_in(heard, SAMPLE_RATE) == [15, 17]
