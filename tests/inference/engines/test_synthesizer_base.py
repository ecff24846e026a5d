"""Base class of synthesizers: splitting of sentences into pieces, trimming and fading of audio."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inference.engines.synthesizer_base import FIRST_PIECE, LANE_PIECE, SynthesizerBase, split_into_pieces
from inference.lane import Lane, Priority, use_lane
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

    def _has_voice(self, voice: str | None, language: str) -> bool:
        return True

    def _render(self, words: str, *, language: str, voice: str | None, seed: int) -> Samples:
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
    def _render(self, words: str, *, language: str, voice: str | None, seed: int) -> Samples:
        return np.full(8000, 0.9, np.float32)


async def test_a_piece_begins_and_ends_without_a_step() -> None:
    engine = _CutOff()
    await engine.load()
    (piece,) = [piece async for piece in engine.synthesize("Hello.", language="en", voice=None)]
    await engine.close()
    assert np.abs(np.diff(np.concatenate([[0.0], piece.samples, [0.0]]))).max() < 0.1


class _Noting(_Harsh):
    """Notes the pieces in the order in which they are made; two at once would be a fault of the base class."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []
        self.busy = threading.Lock()

    def _render(self, words: str, *, language: str, voice: str | None, seed: int) -> Samples:
        assert self.busy.acquire(blocking=False)
        self.made.append(words)
        time.sleep(0.02)
        self.busy.release()
        return super()._render(words, language=language, voice=voice, seed=seed)


async def test_on_a_lane_callers_take_turns_at_each_piece() -> None:
    engine, lane = _Noting(), Lane(2)
    await engine.load()

    async def say(who: str) -> int:
        text = ", ".join(f"{who} has a clause of some fifty characters like this" for _ in range(3))
        return len([piece async for piece in engine.synthesize(text, language="en", voice=None)])

    with use_lane(lane, Priority.SPEECH):
        pieces = await asyncio.gather(say("Ann"), say("Bob"))
    assert list(pieces) == [3, 3]
    assert [words[:3] for words in engine.made] == ["Ann", "Bob"] * 3
    await lane.close()
    await engine.close()


def test_pieces_may_be_shorter_where_other_work_waits_for_them() -> None:
    text = "Thank you for calling, " + "and I can help you with that, " * 12 + "so tell me."
    shorter = split_into_pieces(text, LANE_PIECE)
    assert max(map(len, shorter)) <= LANE_PIECE * 4 // 3 < max(map(len, split_into_pieces(text)))
    assert " ".join(shorter) == text
