"""Base class of synthesizers (TTS engines): text normalization, splitting into pieces, trimming and fading of audio."""

from __future__ import annotations

import asyncio
import re
import threading
import zlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from db.errors import EngineUnavailable
from inference.engines.in_thread import iterate_in_thread
from inference.lane import current_lane
from inference.ports import EngineInfo, Samples, Speech
from inference.text.alignment import written_parts
from inference.text.normalization.normalizer import spoken_form

#: Most characters of the first piece, which is short for a low time to first audio, and of later pieces.
FIRST_PIECE = 60
PIECE = 180

#: The same on a lane, where the work of other calls waits for a piece: half a second for a model of moderate speed.
LANE_PIECE = 60

_CLAUSE_END = re.compile(r"(?:[,;:!?…—–)]|(?<=[^\W\d_A-Z]{2})\.)['\"”’)]*\s+|[、，；：。！？।]")
_TRAILING_PAUSE_SECONDS = 0.12
_FADE_SECONDS = 0.004
#: Silence: amplitude below this share of the peak. Seconds of it to keep around speech.
_SILENCE_SHARE = 0.01
_MARGIN_SECONDS = 0.04


class SynthesizerBase(ABC):
    """Implements ``inference.ports.Synthesizer`` around a model that runs in a thread of its own.

    A subclass sets ``info`` and implements the abstract methods. The same text gives the same audio; text without
    letters and digits gives none.
    """

    info: EngineInfo
    #: More than 1 serves on a lane, where callers take turns on the model piece by piece.
    concurrency = 1
    #: Most characters of the first piece of a sentence and of later ones; shorter for a slower model.
    first_piece = FIRST_PIECE
    piece = PIECE

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._sample_rate: int | None = None

    @property
    def sample_rate(self) -> int:
        """In Hz. Raises EngineUnavailable before ``load``."""
        if self._sample_rate is None:
            raise self._unavailable("is not loaded")
        return self._sample_rate

    async def load(self) -> None:
        if self._sample_rate is not None:
            return
        executor = ThreadPoolExecutor(1, thread_name_prefix=self.info.engine)
        try:
            self._sample_rate = await asyncio.get_running_loop().run_in_executor(executor, self._load)
        except BaseException:
            executor.shutdown(wait=False)
            raise
        self._executor = executor

    async def close(self) -> None:
        executor, self._executor, self._sample_rate = self._executor, None, None
        if executor is not None:
            await asyncio.to_thread(executor.shutdown)
        self._unload()

    def synthesize(self, text: str, *, language: str, voice: str | None) -> AsyncIterator[Speech]:
        sample_rate = self.sample_rate
        if self.info.languages and language not in self.info.languages:
            raise self._unavailable("does not speak this language")
        if not self._has_voice(voice, language):
            raise self._unavailable("does not have this voice")

        longest = self.piece if current_lane() is None else min(self.piece, LANE_PIECE)

        def produce(stop: threading.Event) -> Iterator[Speech]:
            said = ""
            for piece, written in pieces_of(text, language, longest=longest, first=self.first_piece):
                if stop.is_set():
                    return
                seed = zlib.crc32(piece.encode())
                samples = self._render(piece, language=language, voice=voice, seed=seed)
                said += written
                if samples.size:
                    yield Speech(trim_and_fade(samples, sample_rate), sample_rate, said)
                    said = ""

        return iterate_in_thread(produce, self._executor, alone=self)

    def _unavailable(self, why: str) -> EngineUnavailable:
        return EngineUnavailable(f"{self.info.engine} ({self.info.model}) {why}.")

    @abstractmethod
    def _load(self) -> int:
        """Loads the model, in the engine's thread. Returns its sample rate in Hz. Raises EngineUnavailable."""

    @abstractmethod
    def _unload(self) -> None:
        """Frees the model."""

    @abstractmethod
    def _has_voice(self, voice: str | None, language: str) -> bool:
        """Whether ``_render`` supports ``voice`` in ``language``, one of ``info.languages``; None is the default."""

    @abstractmethod
    def _render(self, words: str, *, language: str, voice: str | None, seed: int) -> Samples:
        """Synthesizes one piece in spoken form, in the engine's thread.

        ``language``: ISO 639-1. ``seed``: for a model with randomness.
        """


def pieces_of(text: str, language: str, *, longest: int, first: int = FIRST_PIECE) -> list[tuple[str, str]]:
    """The pieces of a sentence, each in spoken form and as written. ``longest``, ``first``: as in
    ``split_into_pieces``."""
    pieces = split_into_pieces(spoken_form(text, language), longest, first=first)
    return list(zip(pieces, written_parts(text, pieces), strict=True))


def split_into_pieces(text: str, longest: int = PIECE, *, first: int = FIRST_PIECE) -> list[str]:
    """Splits a sentence into pieces of bounded length, after a clause if possible, else between words.

    ``first``, ``longest``: characters of the first piece and of later ones, if clauses allow; at most 180 and a third
    in any case.

    Keeps all words. Drops pieces without letters and digits.
    """
    cut: list[str] = []
    rest = " ".join(text.split())
    while rest:
        head = _head(rest, first if not cut else longest)
        rest = rest[len(head) :].lstrip()
        cut.append(head.strip())
    return [piece for piece in cut if any(c.isalnum() for c in piece)]


def _head(text: str, limit: int) -> str:
    if len(text) <= limit * 4 // 3:  # a short last piece would sound clipped
        return text
    ends = [match.end() for match in _CLAUSE_END.finditer(text, 0, limit)]
    if ends:
        return text[: ends[-1]]
    longer = _CLAUSE_END.search(text, limit, PIECE)  # prefers later audio to a pause within a clause
    if longer:
        return text[: longer.end()]
    if len(text) <= PIECE:
        return text
    space = text.rfind(" ", 0, PIECE)
    return text[: space if space > 0 else PIECE]


def trim_and_fade(samples: Samples, sample_rate: int) -> Samples:
    """Clips to -1..1, trims silence, fades in and out so that pieces join without a click, and appends a pause."""
    clean = np.clip(np.nan_to_num(samples), -1.0, 1.0).astype(np.float32)
    audible = np.flatnonzero(np.abs(clean) > _SILENCE_SHARE * np.abs(clean).max())
    margin = int(_MARGIN_SECONDS * sample_rate)
    if audible.size:
        clean = clean[max(audible[0] - margin, 0) : audible[-1] + 2 * margin].copy()
    length = min(int(_FADE_SECONDS * sample_rate), clean.size // 2)
    ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
    clean[:length] *= ramp
    clean[clean.size - length :] *= ramp[::-1]
    return np.concatenate([clean, np.zeros(int(_TRAILING_PAUSE_SECONDS * sample_rate), np.float32)])
