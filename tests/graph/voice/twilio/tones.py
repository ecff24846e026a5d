"""Words as tones, which survive a phone line: µ-law, resampling, a high-pass filter, lost messages of 20 ms."""

from __future__ import annotations

import numpy as np

from graph.voice import g711
from graph.voice.audio_format import Samples

LINE_RATE = 8_000
_RATE = 16_000
_WORD, _TONE = 0.26, 0.22  # seconds of a word, and of its sound
_LOWEST, _STEP = 400.0, 40.0
_LOUD = 0.3
_BLOCK = _RATE // 125  # 8 ms
_vocabulary: dict[str, int] = {}


def said(text: str) -> bytes:
    """The words as a phone line carries them."""
    return encoded(np.concatenate([np.zeros(0, np.float32), *(_word(each) for each in text.split())]))


def encoded(samples: Samples) -> bytes:
    """8 kHz audio as µ-law."""
    return g711.encode_ulaw((samples * 32_767).astype(np.int16))


def music(seconds: float) -> bytes:
    """Hold music: loud chords without words."""
    at = np.arange(round(seconds * LINE_RATE)) / LINE_RATE
    chords = np.sum([np.sin(2 * np.pi * hertz * at) for hertz in (2_100.0, 2_640.0, 3_140.0)], axis=0)
    return encoded((0.1 * chords).astype(np.float32))


def words_in(samples: Samples) -> str:
    """The words of 16 kHz audio; a word counts if most of it is there."""
    known = {code: word for word, code in _vocabulary.items()}
    blocks = samples[: samples.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    loud = np.sqrt((blocks**2).mean(axis=1)) > 0.05
    words: list[str] = []
    start, quiet = None, 0
    for index, each in enumerate([*loud.tolist(), False, False, False]):
        if each:
            start, quiet = (index if start is None else start), 0
            continue
        quiet += 1
        if start is not None and quiet == 3:
            piece = samples[start * _BLOCK : (index - 2) * _BLOCK]
            code = _code(piece)
            if piece.size > _RATE * _TONE / 2 and code in known:
                words.append(known[code])
            start = None
    return " ".join(words)


def _code(piece: Samples) -> int:
    size = 1 << 15
    peak = int(np.argmax(np.abs(np.fft.rfft(piece, size)))) * _RATE / size
    return round((peak - _LOWEST) / _STEP)


def _word(word: str) -> Samples:
    hertz = _LOWEST + _STEP * _vocabulary.setdefault(word, len(_vocabulary))
    assert hertz < 2_000, "too many words"
    samples = np.zeros(round(_WORD * LINE_RATE), np.float32)
    at = np.arange(round(_TONE * LINE_RATE)) / LINE_RATE
    samples[: at.size] = _LOUD * np.sin(2 * np.pi * hertz * at)
    return samples
