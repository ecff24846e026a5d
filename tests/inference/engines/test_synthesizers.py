"""The contract of synthesizers for fake, hibari and espnet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.errors import EngineUnavailable
from inference.engines.espnet.engine import EspnetEngine
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.hibari import HibariEngine
from inference.ports import Synthesizer
from inference.testing.synthesizer import SynthesizerContract, speak
from inference.weights.cache import ModelCache

_REAL = [pytest.param(name, marks=pytest.mark.models) for name in ("hibari", "espnet")]


@pytest.fixture(scope="module", params=["fake", *_REAL])
def engine(request: pytest.FixtureRequest, model_dir: Path) -> Iterator[Synthesizer]:
    made = _make(request.param, model_dir)
    asyncio.run(made.load())
    yield made
    asyncio.run(made.close())


def _make(name: str, cache: Path) -> Synthesizer:
    if name == "espnet":
        return EspnetEngine(cache=ModelCache(cache), threads=1)
    if name == "hibari":
        return HibariEngine(threads=1)
    return FakeSynthesizer(languages=("en",))


class TestSynthesizers(SynthesizerContract):
    """With the fixture ``engine`` above."""


@pytest.mark.models
@pytest.mark.parametrize("name", ["hibari", "espnet"])
async def test_not_loaded_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable):
        await speak(_make(name, tmp_path), "Hello.")


async def test_unknown_hibari_voice_is_an_error() -> None:
    with pytest.raises(EngineUnavailable):
        await HibariEngine("nobody").load()


async def test_the_fake_fails_when_told_to() -> None:
    with pytest.raises(ValueError, match="told"):
        await speak(FakeSynthesizer(error=ValueError("told")), "Hello.")
