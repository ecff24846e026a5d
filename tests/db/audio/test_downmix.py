"""Downmix of stereo recordings: opposite phase, silent channels, two speakers, and the customer's channel."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from db.audio.decoder_pool import DecoderPool
from db.audio.decoding import read_recording
from db.audio.downmix import downmix
from db.audio.recording import CustomerChannel
from db.errors import AudioUnreadable
from tests.db.encode import wav_of
from tests.speech_samples import clips


@pytest.fixture(scope="module")
def speech() -> NDArray[np.float32]:
    return clips()["LJ001-0001"].samples[:120_000]


@pytest.fixture(scope="module")
def other() -> NDArray[np.float32]:
    return clips()["jfk"].samples[:120_000]


def level(samples: NDArray[np.float32]) -> float:
    """Level in dBFS."""
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples))) + 1e-9))


def stereo(left: NDArray[np.float32], right: NDArray[np.float32]) -> bytes:
    return wav_of(np.stack([left, right], axis=1).reshape(-1), 16_000, channels=2)


def heard(
    left: NDArray[np.float32], right: NDArray[np.float32], channel: CustomerChannel = "auto"
) -> NDArray[np.float32]:
    decoded = read_recording(stereo(left, right), max_seconds=60, customer_channel=channel)
    assert decoded.channels == 2
    return decoded.samples


@pytest.mark.parametrize("gain", [1.0, 0.8, 0.5])
def test_an_inverted_channel_does_not_cancel_the_other(speech: NDArray[np.float32], gain: float) -> None:
    assert level(heard(speech, -gain * speech)) == pytest.approx(level(speech), abs=0.5 if gain > 0.6 else 6.1)
    assert level(heard(-gain * speech, speech)) == pytest.approx(level(speech), abs=0.5 if gain > 0.6 else 6.1)


def test_a_silent_channel_does_not_halve_the_level(speech: NDArray[np.float32]) -> None:
    silence = np.zeros_like(speech)
    np.testing.assert_allclose(heard(speech, silence), speech, atol=1e-6)
    np.testing.assert_allclose(heard(silence, speech), speech, atol=1e-6)


@pytest.mark.parametrize("delay", [0, 8, 40])
@pytest.mark.parametrize("gain", [1.0, 0.4, 0.12])
def test_one_speaker_in_two_microphones_is_mixed(speech: NDArray[np.float32], delay: int, gain: float) -> None:
    noise = np.random.default_rng(1).normal(0, 0.002, (2, speech.size)).astype(np.float32)
    left, right = speech + noise[0], gain * np.roll(speech, delay) + noise[1]
    np.testing.assert_allclose(heard(left, right), (left + right) / 2, atol=1e-6)


def test_noise_on_the_other_channel_is_no_second_speaker(speech: NDArray[np.float32]) -> None:
    noise = np.random.default_rng(1).normal(0, 0.003, speech.size).astype(np.float32)
    assert level(heard(speech, noise)) > level(speech) - 6.5


@pytest.mark.parametrize("quieter", [1.0, 0.2])
def test_two_speakers_on_a_channel_each_are_refused(
    speech: NDArray[np.float32], other: NDArray[np.float32], quieter: float
) -> None:
    taking_turns = np.concatenate([other, np.zeros(60_000)]), np.concatenate([np.zeros(60_000), quieter * speech])
    for left, right in (taking_turns, taking_turns[::-1], (other, quieter * np.roll(speech, 30_000))):
        with pytest.raises(AudioUnreadable, match="VOXLOOM_CUSTOMER_CHANNEL"):
            heard(left.astype(np.float32), right.astype(np.float32))


def test_the_setting_chooses_the_channel(speech: NDArray[np.float32], other: NDArray[np.float32]) -> None:
    np.testing.assert_allclose(heard(other, speech, "left"), other, atol=1e-6)
    np.testing.assert_allclose(heard(other, speech, "right"), speech, atol=1e-6)
    np.testing.assert_allclose(heard(other, speech, "mix"), (other + speech) / 2, atol=1e-6)


async def test_a_pool_uses_its_customer_channel(speech: NDArray[np.float32], other: NDArray[np.float32]) -> None:
    data = stereo(other, speech)
    async with DecoderPool(1, wait_seconds=60, customer_channel="right") as pool:
        assert (await pool.inspect(data, owner="a", max_seconds=60)).channels == 2
        decoded = await pool.recording(data, owner="a", max_seconds=60)
    np.testing.assert_allclose(decoded.samples, speech, atol=1e-6)


@pytest.mark.parametrize("samples", [0, 1, 511, 513])
def test_any_length_is_accepted(samples: int) -> None:
    assert downmix(np.zeros((2, samples), np.float32), "auto").shape == (samples,)
