"""The streaming engines: contract of streaming transcribers with real models. Slow: loads three models."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from db.errors import EngineUnavailable
from inference.engines.whisper.ctranslate2_engine import CTranslate2Engine
from inference.engines.whisper.streaming import StreamingWhisper, streaming_ctranslate2, streaming_torch
from inference.ports import StreamingTranscriber
from inference.testing.streaming_transcriber import StreamingTranscriberContract, silence, speak
from inference.weights.cache import ModelCache
from tests.inference.engines.transcriber_contract import FirstWords
from tests.speech_samples import clips, word_errors

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def cache(model_dir: Path) -> ModelCache:
    return ModelCache(model_dir)


@pytest.fixture(scope="module")
def ctranslate2_engine(cache: ModelCache) -> Iterator[StreamingWhisper]:
    engine = streaming_ctranslate2("base", cache=cache, threads=1, parallel=2)
    asyncio.run(engine.load())
    yield engine
    asyncio.run(engine.close())


@pytest.fixture(scope="module")
def torch_engine(cache: ModelCache) -> Iterator[StreamingWhisper]:
    engine = streaming_torch("base", cache=cache, threads=1, parallel=2)
    asyncio.run(engine.load())
    yield engine
    asyncio.run(engine.close())


class TestStreamingCTranslate2(FirstWords, StreamingTranscriberContract):
    @pytest.fixture
    def engine(self, ctranslate2_engine: StreamingWhisper) -> StreamingTranscriber:
        return ctranslate2_engine


class TestStreamingTorch(FirstWords, StreamingTranscriberContract):
    @pytest.fixture
    def engine(self, torch_engine: StreamingWhisper) -> StreamingTranscriber:
        return torch_engine


@pytest.fixture(params=["ctranslate2_engine", "torch_engine"])
def engine(request: pytest.FixtureRequest) -> StreamingWhisper:
    return cast(StreamingWhisper, request.getfixturevalue(request.param))


async def test_noise_has_no_words(engine: StreamingWhisper) -> None:
    noise = np.random.default_rng(0).standard_normal(16_000 * 4).astype(np.float32) * 0.1
    stream = engine.listen(language="en")
    assert await speak(stream, noise) == []
    assert (await stream.final()).text == ""
    await stream.close()


async def test_a_long_turn_leaves_little_to_its_end(engine: StreamingWhisper) -> None:
    said = [clips()[name] for name in ("LJ001-0006", "LJ001-0007")]
    stream = engine.listen(language="en")
    for clip in said:
        stream.feed(clip.samples)
        stream.feed(silence(0.7))
        stream.pause()
    transcript = await stream.final()
    assert len(transcript.segments) == 2
    assert word_errors(" ".join(clip.text for clip in said), transcript.text) <= 5
    await stream.close()


async def test_an_unknown_language_is_refused(engine: StreamingWhisper) -> None:
    with pytest.raises(EngineUnavailable, match="xx"):
        engine.listen(language="xx")


async def test_recordings_and_calls_share_the_weights(cache: ModelCache, ctranslate2_engine: StreamingWhisper) -> None:
    draft = CTranslate2Engine("base", cache=cache, threads=1, parallel=2)
    await draft.load()
    assert ctranslate2_engine._models is not None
    assert draft._model is ctranslate2_engine._models.good
    await draft.close()
    other = CTranslate2Engine("base", cache=cache, threads=1)
    await other.load()
    assert other._model is not ctranslate2_engine._models.good
    await other.close()
