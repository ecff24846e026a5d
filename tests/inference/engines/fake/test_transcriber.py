"""The fake transcriber meets the contract of transcribers."""

from __future__ import annotations

import numpy as np
import pytest

from inference.engines.fake.transcriber import FakeTranscriber
from inference.ports import Transcriber
from inference.testing.transcriber import hear
from tests.inference.engines.transcriber_contract import JfkContract


class TestFakeTranscriber(JfkContract):
    @pytest.fixture
    def engine(self) -> Transcriber:
        return FakeTranscriber(self.said)


async def test_it_raises_what_it_was_told_to() -> None:
    engine = FakeTranscriber("a b", error=ValueError("told"))
    with pytest.raises(ValueError, match="told"):
        await hear(engine, np.ones(10, np.float32))
    assert (engine.calls, engine.finished) == (["en"], 0)


def test_it_does_not_pass_for_another() -> None:
    assert FakeTranscriber().info.engine == "fake"
