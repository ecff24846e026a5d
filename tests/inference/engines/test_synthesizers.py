"""What every Synthesizer promises, held against the fake and the two real ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from db.errors import EngineUnavailable
from inference.engines.espnet.engine import EspnetEngine
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.hibari import HibariEngine
from inference.ports import Samples, Speech, Synthesizer
from inference.weights.cache import ModelCache

_REAL = [pytest.param(name, marks=pytest.mark.models) for name in ("hibari", "espnet")]
_SENTENCE = "Your bill of $12.50 is due on 2026-11-22."
_LONG = (
    "Thank you for your patience, I have found your contract, and I can see that the last two payments were "
    "received on time, so there is nothing that you need to do before the end of this month, although I would "
    "be glad to tell you more about the plans that we offer to families who use more than one line at home."
)


@pytest.fixture(scope="module", params=["fake", *_REAL])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthesizer]:
    made = _make(request.param, tmp_path_factory.mktemp("models"))
    asyncio.run(made.load())
    yield made
    asyncio.run(made.close())


def _make(name: str, cache: Path) -> Synthesizer:
    if name == "espnet":
        return EspnetEngine(cache=ModelCache(cache), threads=2)
    if name == "hibari":
        return HibariEngine(threads=2)
    return FakeSynthesizer(languages=("en",))


async def _speak(engine: Synthesizer, text: str, voice: str | None = None) -> list[Speech]:
    return [piece async for piece in engine.synthesize(text, language="en", voice=voice)]


def _joined(pieces: list[Speech]) -> Samples:
    return np.concatenate([piece.samples for piece in pieces])


async def test_pieces_are_sound(engine: Synthesizer) -> None:
    pieces = await _speak(engine, _SENTENCE)
    assert pieces
    for piece in pieces:
        assert piece.sample_rate == engine.sample_rate
        assert piece.samples.dtype == np.float32
        assert piece.samples.ndim == 1
        assert np.isfinite(piece.samples).all()
        assert np.abs(piece.samples).max() <= 1.0
        assert np.sqrt(np.mean(piece.samples**2)) > 0.01


async def test_a_sentence_takes_as_long_as_a_sentence_does(engine: Synthesizer) -> None:
    seconds = _joined(await _speak(engine, _LONG)).size / engine.sample_rate
    assert len(_LONG) / 30 < seconds < len(_LONG) / 8


async def test_same_text_same_sound(engine: Synthesizer) -> None:
    first = _joined(await _speak(engine, _SENTENCE))
    await _speak(engine, "Something else in between.")
    assert np.array_equal(first, _joined(await _speak(engine, _SENTENCE)))


async def test_long_text_comes_in_bounded_pieces_that_join_without_a_click(engine: Synthesizer) -> None:
    pieces = await _speak(engine, _LONG)
    assert len(pieces) > 1
    for piece in pieces:
        assert piece.samples.size < 20 * piece.sample_rate
        assert abs(piece.samples[0]) < 0.01
        assert abs(piece.samples[-1]) < 0.01


async def test_unsupported_language_is_refused(engine: Synthesizer) -> None:
    with pytest.raises(EngineUnavailable):
        [piece async for piece in engine.synthesize("Guten Tag.", language="de", voice=None)]


async def test_unsupported_voice_is_refused(engine: Synthesizer) -> None:
    with pytest.raises(EngineUnavailable):
        await _speak(engine, "Hello.", voice="nobody's")


async def test_its_own_voice_by_name_is_its_voice(engine: Synthesizer) -> None:
    own = _joined(await _speak(engine, "Hello there.", voice=engine.info.model))
    assert np.array_equal(own, _joined(await _speak(engine, "Hello there.")))


async def test_closing_early_stops_it_and_leaves_it_usable(engine: Synthesizer) -> None:
    spoken = cast("AsyncGenerator[Speech, None]", engine.synthesize(_LONG * 10, language="en", voice=None))
    async with aclosing(spoken):
        first = await anext(spoken)
    assert first.samples.size
    with pytest.raises(StopAsyncIteration):
        await anext(spoken)
    assert await _speak(engine, "Still here.")


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "\n\n", "—", "😀", "\u200b\x00\x07"])
async def test_nothing_to_say_is_no_error(engine: Synthesizer, text: str) -> None:
    for piece in await _speak(engine, text):
        assert piece.samples.size < piece.sample_rate


@pytest.mark.parametrize(
    "text",
    [
        "x" * 400,
        "9" * 60,
        "ʤʧ ♥ ñandú Ωmega 你好 नमस्ते",
        "[hello](/həlˈO/) <b>bold</b> {\\x}",
        "\u202eevil\u202c \ud800 text",
        "a" + "\u0301" * 200,
        "A-" * 60,
        "<blank> <unk> <space> ^ $ _",
    ],
)
async def test_hostile_text_is_no_error(engine: Synthesizer, text: str) -> None:
    for piece in await _speak(engine, text):
        assert np.isfinite(piece.samples).all()
        assert np.abs(piece.samples).max() <= 1.0


@pytest.mark.models
@pytest.mark.parametrize("name", ["hibari", "espnet"])
async def test_not_loaded_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable):
        await _speak(_make(name, tmp_path), "Hello.")


async def test_unknown_hibari_voice_is_an_error() -> None:
    with pytest.raises(EngineUnavailable):
        await HibariEngine("nobody").load()


async def test_the_fake_fails_when_told_to() -> None:
    with pytest.raises(ValueError, match="told"):
        await _speak(FakeSynthesizer(error=ValueError("told")), "Hello.")
