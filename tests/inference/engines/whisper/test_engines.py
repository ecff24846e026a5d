"""The engines whisper and ctranslate2: contract of transcribers, word errors on real speech. Slow: loads two models."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from db.errors import EngineUnavailable
from db.languages import LANGUAGES
from inference.engines.whisper.ctranslate2_engine import CTranslate2Engine
from inference.engines.whisper.engine import WhisperEngine
from inference.engines.whisper.languages import token_of
from inference.ports import Transcriber
from inference.testing.transcriber import hear
from inference.weights.cache import ModelCache
from tests.inference.engines.transcriber_contract import FirstWords, JfkContract
from tests.quality.required import quality
from tests.speech_samples import clips, word_errors, words

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def cache(model_dir: Path) -> ModelCache:
    return ModelCache(model_dir)


@pytest.fixture(scope="module")
def whisper_engine(cache: ModelCache) -> Iterator[WhisperEngine]:
    engine = WhisperEngine("base", cache=cache, threads=1)
    asyncio.run(engine.load())
    yield engine
    asyncio.run(engine.close())


@pytest.fixture(scope="module")
def ctranslate2_engine(cache: ModelCache) -> Iterator[CTranslate2Engine]:
    engine = CTranslate2Engine("base", cache=cache, threads=1)
    asyncio.run(engine.load())
    yield engine
    asyncio.run(engine.close())


class TestWhisper(FirstWords, JfkContract):
    @pytest.fixture
    def engine(self, whisper_engine: WhisperEngine) -> Transcriber:
        return whisper_engine


class TestCTranslate2(FirstWords, JfkContract):
    @pytest.fixture
    def engine(self, ctranslate2_engine: CTranslate2Engine) -> Transcriber:
        return ctranslate2_engine


@pytest.fixture(params=["whisper_engine", "ctranslate2_engine"])
def engine(request: pytest.FixtureRequest) -> Transcriber:
    return cast(Transcriber, request.getfixturevalue(request.param))


#: What takes half a minute with the slower engine.
_long = pytest.mark.parametrize(
    "engine", [pytest.param("whisper_engine", marks=quality), "ctranslate2_engine"], indirect=True
)


@_long
async def test_people_are_understood(engine: Transcriber) -> None:
    errors = total = 0
    for clip in clips().values():
        _, transcript = await hear(engine, clip.samples)
        errors += word_errors(clip.text, transcript.text)
        total += len(words(clip.text))
    assert errors / total < 0.08


async def test_noise_has_no_words(engine: Transcriber) -> None:
    noise = np.random.default_rng(0).standard_normal(16_000 * 4).astype(np.float32) * 0.1
    _, transcript = await hear(engine, noise)
    assert transcript.text == ""
    assert transcript.details["skipped"] == "no speech"
    assert transcript.details["pieces"] == []


@_long
async def test_a_long_recording_is_heard_piece_by_piece(engine: Transcriber) -> None:
    pause = np.zeros(16_000, np.float32)
    said = list(clips().values())
    long = np.concatenate([part for clip in said for part in (clip.samples, pause)])
    partials, transcript = await hear(engine, long)
    assert len(partials) == len(transcript.segments) >= 2
    assert word_errors(" ".join(clip.text for clip in said), transcript.text) <= 10
    assert transcript.segments[-1].end == pytest.approx((long.size - 16_000) / 16_000, abs=0.5)


async def test_english_in_a_session_of_another_language_is_not_translated(engine: Transcriber) -> None:
    clip = clips()["LJ001-0007"]
    _, transcript = await hear(engine, clip.samples, "de")
    assert (transcript.language, transcript.unexpected_language) == ("en", "en")
    assert word_errors(clip.text, transcript.text) <= 3


async def test_the_language_is_chosen_among_the_given_ones(engine: Transcriber) -> None:
    items = [each async for each in engine.transcribe(clips()["jfk"].samples, language=None, among=("de", "en"))]
    assert items[-1].language == "en"  # type: ignore[union-attr]


async def test_an_unknown_language_is_refused(engine: Transcriber) -> None:
    with pytest.raises(EngineUnavailable, match="xx"):
        await hear(engine, clips()["jfk"].samples, "xx")


async def test_a_short_recording_gets_a_short_context(engine: Transcriber) -> None:
    _, transcript = await hear(engine, clips()["LJ001-0006"].samples)
    (piece,) = transcript.details["pieces"]
    assert piece["context_seconds"] == 10.0
    assert piece["attempts"] == 1


async def test_whisper_stops_at_a_token(whisper_engine: WhisperEngine) -> None:
    model = whisper_engine._model
    assert model is not None
    steps = 0
    begun = threading.Event()

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 3:
            begun.set()

    hook = model._model.decoder.register_forward_pre_hook(count)
    try:
        items = whisper_engine.transcribe(clips()["jfk"].samples, language="en")
        task = asyncio.ensure_future(anext(items))
        await asyncio.to_thread(begun.wait, 30)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with aclosing(items):  # type: ignore[type-var]
            pass
    finally:
        hook.remove()
    assert steps < 20  # jfk.wav has 25 tokens


def test_the_languages_are_those_of_the_model(
    whisper_engine: WhisperEngine, ctranslate2_engine: CTranslate2Engine
) -> None:
    import whisper

    assert [token_of(language) for language in LANGUAGES] == list(whisper.tokenizer.LANGUAGES)[:99]
    assert whisper_engine.info.languages == ctranslate2_engine.info.languages == tuple(LANGUAGES)


async def test_a_model_that_is_none_is_unavailable(cache: ModelCache, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"no checkpoint")
    (tmp_path / "folder").mkdir()
    for engine in (
        WhisperEngine(str(broken), cache=cache, threads=1),
        WhisperEngine("no-such-model", cache=cache, threads=1),
        CTranslate2Engine(str(tmp_path / "folder"), cache=cache, threads=1),
        CTranslate2Engine("no-such-model", cache=cache, threads=1),
    ):
        with pytest.raises(EngineUnavailable, match=r"broken\.pt|no-such-model|folder"):
            await engine.load()
        with pytest.raises(EngineUnavailable):
            await hear(engine, np.zeros(10, np.float32))


async def test_ctranslate2_takes_a_directory_and_gives_early_partials(cache: ModelCache) -> None:
    from inference.engines.whisper.weights import ctranslate2_directory

    engine = CTranslate2Engine(str(ctranslate2_directory(cache)), cache=cache, threads=1, piece_seconds=6.0)
    await engine.load()
    partials, transcript = await hear(engine, clips()["jfk"].samples)
    assert len(partials) >= 2
    assert word_errors(clips()["jfk"].text, transcript.text) <= 3
    await engine.close()


def test_ctranslate2_never_imports_torch() -> None:
    import subprocess

    code = "import sys, inference.engines.whisper.ctranslate2_model; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=200)
