"""Contract tests for synthesizers (``inference.ports.Synthesizer``)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import ClassVar, cast

import numpy as np
import pytest

from db.errors import EngineUnavailable
from inference.ports import Samples, Speech, Synthesizer
from inference.testing.engine import EngineContract

_SENTENCE = "Your bill of $12.50 is due on 2026-11-22."
_LONG = (
    "Thank you for your patience, I have found your contract, and I can see that the last two payments were "
    "received on time, so there is nothing that you need to do before the end of this month, although I would "
    "be glad to tell you more about the plans that we offer to families who use more than one line at home."
)


#: Texts that nobody should say.
HOSTILE = (
    "x" * 400,
    "9" * 24,
    "ʤʧ ♥ ñandú Ωmega 你好 नमस्ते",
    "[hello](/həlˈO/) <b>bold</b> {\\x}",
    "\u202eevil\u202c \ud800 text",
    "a" + "\u0301" * 200,
    "A-" * 60,
    "<blank> <unk> <space> ^ $ _",
)


async def speak(engine: Synthesizer, text: str, *, language: str = "en", voice: str | None = None) -> list[Speech]:
    """Synthesizes a text; all its pieces."""
    return [piece async for piece in engine.synthesize(text, language=language, voice=voice)]


def joined(pieces: list[Speech]) -> Samples:
    """The concatenated samples, shape ``(samples,)``."""
    return np.concatenate([piece.samples for piece in pieces])


class SynthesizerContract(EngineContract):
    """Base class. A subclass has a fixture ``engine``, loaded, which supports ``language`` and not ``unspoken``.

    ``seconds_per_character``: least and most, for the sentence ``long``. ``sentence``, ``long``: texts; override them
    for an engine without English.
    """

    language = "en"
    unspoken = "de"
    sentence = _SENTENCE
    long = _LONG
    #: A voice that is the default of ``language``; None if it has the name of the model.
    own_voice: str | None = None
    seconds_per_character = (1 / 30, 1 / 8)

    #: What the latest engine has said: synthesis takes longer than every check of it.
    _said: ClassVar[tuple[Synthesizer | None, dict[str, list[Speech]]]] = (None, {})

    async def _spoken(self, engine: Synthesizer, text: str) -> list[Speech]:
        """The pieces of a text in ``language``, synthesized once for all tests of an engine."""
        if SynthesizerContract._said[0] is not engine:
            SynthesizerContract._said = (engine, {})
        said = SynthesizerContract._said[1]
        if text not in said:
            said[text] = await speak(engine, text, language=self.language)
        return said[text]

    async def test_pieces_are_sound(self, engine: Synthesizer) -> None:
        pieces = await self._spoken(engine, self.sentence)
        assert pieces
        for piece in pieces:
            assert piece.sample_rate == engine.sample_rate
            assert piece.samples.dtype == np.float32
            assert piece.samples.ndim == 1
            assert np.isfinite(piece.samples).all()
            assert np.abs(piece.samples).max() <= 1.0
            assert np.sqrt(np.mean(piece.samples**2)) > 0.01

    async def test_a_sentence_takes_as_long_as_a_sentence_does(self, engine: Synthesizer) -> None:
        seconds = joined(await self._spoken(engine, self.long)).size / engine.sample_rate
        least, most = self.seconds_per_character
        assert len(self.long) * least < seconds < len(self.long) * most

    async def test_same_text_same_sound(self, engine: Synthesizer) -> None:
        first = joined(await self._spoken(engine, self.sentence))
        await speak(engine, "Hello there.", language=self.language)
        assert np.array_equal(first, joined(await speak(engine, self.sentence, language=self.language)))

    async def test_long_text_comes_in_bounded_pieces_that_join_without_a_click(self, engine: Synthesizer) -> None:
        pieces = await self._spoken(engine, self.long)
        assert len(pieces) > 1
        for piece in pieces:
            assert piece.samples.size < 20 * piece.sample_rate
            assert abs(piece.samples[0]) < 0.01
            assert abs(piece.samples[-1]) < 0.01

    async def test_texts_of_pieces_are_the_parts_of_the_sentence(self, engine: Synthesizer) -> None:
        for text in (self.sentence, self.long):
            parts = [piece.text for piece in await self._spoken(engine, text)]
            assert "".join(parts) == (text if any(parts) else "")

    async def test_unsupported_language_is_refused(self, engine: Synthesizer) -> None:
        if not engine.info.languages:
            pytest.skip("it speaks any language")
        with pytest.raises(EngineUnavailable):
            await speak(engine, "Ja.", language=self.unspoken)

    async def test_unsupported_voice_is_refused(self, engine: Synthesizer) -> None:
        with pytest.raises(EngineUnavailable):
            await speak(engine, "Hello.", language=self.language, voice="nobody's")

    async def test_its_own_voice_by_name_is_its_voice(self, engine: Synthesizer) -> None:
        name = self.own_voice or engine.info.model
        own = joined(await speak(engine, "Hello there.", language=self.language, voice=name))
        assert np.array_equal(own, joined(await speak(engine, "Hello there.", language=self.language)))

    async def test_closing_early_stops_it_and_leaves_it_usable(self, engine: Synthesizer) -> None:
        spoken = cast(
            "AsyncGenerator[Speech, None]", engine.synthesize(self.long * 10, language=self.language, voice=None)
        )
        async with aclosing(spoken):
            first = await anext(spoken)
        assert first.samples.size
        with pytest.raises(StopAsyncIteration):
            await anext(spoken)
        assert await speak(engine, "Still here.", language=self.language)

    @pytest.mark.parametrize("text", ["", "   ", "...", "?!", "\n\n", "—", "😀", "\u200b\x00\x07"])
    async def test_nothing_to_say_is_no_error(self, engine: Synthesizer, text: str) -> None:
        for piece in await speak(engine, text, language=self.language):
            assert piece.samples.size < piece.sample_rate

    @pytest.mark.parametrize("text", HOSTILE)
    async def test_hostile_text_is_no_error(self, engine: Synthesizer, text: str) -> None:
        for piece in await speak(engine, text, language=self.language):
            assert np.isfinite(piece.samples).all()
            assert np.abs(piece.samples).max() <= 1.0
