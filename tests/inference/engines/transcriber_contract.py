"""The contract of a Transcriber with the recording that the tests have."""

from __future__ import annotations

import pytest

from inference.ports import Samples, Transcriber
from inference.testing.transcriber import TranscriberContract, hear
from tests.speech_samples import clips


class JfkContract(TranscriberContract):
    """A subclass has a fixture ``engine``, loaded."""

    said = clips()["jfk"].text

    @pytest.fixture
    def speech(self) -> Samples:
        return clips()["jfk"].samples

    async def test_output_tokens_are_counted(self, engine: Transcriber, speech: Samples) -> None:
        _, transcript = await hear(engine, speech, self.language)
        assert transcript.output_tokens
