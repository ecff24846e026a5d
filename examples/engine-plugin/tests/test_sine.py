"""The contract that VoxLoom holds its own voices to, and what is particular to this one."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
from voxloom_sine import SAMPLE_RATE, SineEngine

from inference.testing.engine import PluginContract
from inference.testing.synthesizer import SynthesizerContract, joined, speak


class TestPlugin(PluginContract):
    """A worker finds it by its entry point: install the package first."""

    kind = "tts"
    name = "sine"


@pytest.fixture(scope="module")
def engine() -> Iterator[SineEngine]:
    engine = SineEngine(pitch=220)
    asyncio.run(engine.load())
    yield engine
    asyncio.run(engine.close())


class TestVoice(SynthesizerContract):
    """All tests are inherited; they take the fixture ``engine``."""


async def test_a_is_the_pitch_of_the_setting(engine: SineEngine) -> None:
    sound = joined(await speak(engine, "d d d d d d d d"))  # ord("d") % 36 is 28: as many semitones up
    spectrum = np.abs(np.fft.rfft(sound))
    loudest = np.argmax(spectrum) * SAMPLE_RATE / sound.size
    assert loudest == pytest.approx(220 * 2 ** (28 / 12), rel=0.02)
