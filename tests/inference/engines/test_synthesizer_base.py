"""Base class of synthesizers: splitting of sentences into pieces, trimming and fading of audio."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inference.engines.synthesizer_base import FIRST_PIECE, SynthesizerBase, split_into_pieces
from inference.ports import EngineInfo, Samples


def test_a_short_sentence_is_one_piece() -> None:
    assert split_into_pieces("Your bill is due on Monday, thank you.") == ["Your bill is due on Monday, thank you."]


def test_a_long_sentence_is_cut_behind_clauses_and_the_first_is_short() -> None:
    text = "Thank you for calling, " + "and I can help you with that, " * 12 + "so tell me."
    cut = split_into_pieces(text)
    assert len(cut[0]) <= FIRST_PIECE
    assert all(piece.endswith((",", ".")) for piece in cut)
    assert " ".join(cut) == text


def test_no_cut_within_a_title_or_a_time() -> None:
    cut = split_into_pieces(
        "We open at nine A.M. on the days when Doctor J. Smith is there and nobody else has asked for an hour with him"
    )
    assert not any(piece.endswith(("A.M.", "J.")) for piece in cut)


@given(st.text(max_size=2000))
def test_pieces_are_bounded_and_lose_no_word(text: str) -> None:
    cut = split_into_pieces(text)
    assert all(len(piece) <= 240 for piece in cut)
    said = [c for piece in cut for c in piece if c.isalnum()]
    assert said == [c for c in text if c.isalnum()]


@given(st.integers(500, 3000))
def test_a_word_without_end_is_cut_too(length: int) -> None:
    cut = split_into_pieces("x" * length)
    assert sum(map(len, cut)) == length
    assert max(map(len, cut)) <= 240


class _Harsh(SynthesizerBase):
    """Synthesizes a clipped square signal with a NaN, between long silence."""

    info = EngineInfo("harsh", "harsh")

    def _load(self) -> int:
        return 8000

    def _unload(self) -> None:
        pass

    def _has_voice(self, voice: str | None) -> bool:
        return True

    def _render(self, words: str, voice: str | None, seed: int) -> Samples:
        samples = np.full(8000, -3.0 if seed % 2 else 3.0, np.float32)
        samples[4000] = np.nan
        return np.concatenate([np.zeros(8000, np.float32), samples, np.zeros(8000, np.float32)])


async def test_whatever_a_model_gives_comes_out_clean() -> None:
    engine = _Harsh()
    await engine.load()
    (piece,) = [piece async for piece in engine.synthesize("Hello.", language="en", voice=None)]
    await engine.close()
    assert np.isfinite(piece.samples).all()
    assert np.abs(piece.samples).max() == 1.0
    assert 8000 < piece.samples.size < 11_000


class _CutOff(_Harsh):
    def _render(self, words: str, voice: str | None, seed: int) -> Samples:
        return np.full(8000, 0.9, np.float32)


async def test_a_piece_begins_and_ends_without_a_step() -> None:
    engine = _CutOff()
    await engine.load()
    (piece,) = [piece async for piece in engine.synthesize("Hello.", language="en", voice=None)]
    await engine.close()
    assert np.abs(np.diff(np.concatenate([[0.0], piece.samples, [0.0]]))).max() < 0.1
