"""The contract of a Transcriber with the recordings that the tests have."""

from __future__ import annotations

import pytest

from inference.ports import SAMPLE_RATE, Samples, Transcriber
from inference.testing.transcriber import TranscriberContract
from tests.speech_samples import clips


class JfkContract(TranscriberContract):
    """A subclass has a fixture ``engine``, loaded."""

    said = clips()["jfk"].text

    @pytest.fixture
    def speech(self) -> Samples:
        return clips()["jfk"].samples

    async def test_output_tokens_are_counted(self, engine: Transcriber, speech: Samples) -> None:
        _, transcript = await self._heard(engine, speech)
        assert transcript.output_tokens


class FirstWords:
    """The first words of a clip, for contracts whose engine is a real model: they listen some thirty times."""

    said = "And it is worth mention in passing"
    mistakes = 2  # "mentioning" for "mention in"

    @pytest.fixture
    def speech(self) -> Samples:
        return clips()["LJ001-0006"].samples[: 5 * SAMPLE_RATE // 2]
