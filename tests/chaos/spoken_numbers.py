"""Utterances that carry a number: recorded speech with a short code of tones in it, which the suite's recogniser hears.

So a call's turns can be compared with what was said. The code is four hexadecimal digits, the last of them a checksum,
each a tone of 80 ms between separators of 40 ms; it is read again after resampling, and only if it is whole.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from graph.cli.call.playout import SAMPLE_RATE
from graph.cli.call.sound_files import read_sound
from graph.cli.demo import shipped_recording

#: Numbers are smaller.
LIMIT = 16**3

_SEPARATOR = 16
_SYMBOLS = 2_000 + 150 * np.arange(_SEPARATOR + 1)
_DIGIT_SECONDS, _SEPARATOR_SECONDS = 0.08, 0.04
_TONE, _SPEECH = 0.25, 0.4
_CODE_AT = 0.12

#: The share of the tones' band that the loudest one must have.
_PURE = 0.75
_AUDIBLE = 0.02
_WINDOW_SECONDS, _HOP_SECONDS = 0.02, 0.01
#: Most windows without a tone between two tones of a code.
_GAP = 4
_PAUSE = -1

Audio = npt.NDArray[np.float32]


def numbered_speech(number: int, seconds: float) -> bytes:
    """An utterance of so many seconds, 24 kHz 16-bit mono PCM; it carries the number if it is at least 0.8 s long."""
    code = _code(number)
    at = int(_CODE_AT * SAMPLE_RATE)
    audio = np.tile(_speech(), 4)[: int(seconds * SAMPLE_RATE)].copy()
    code = code[: audio.size - at]
    audio[at : at + code.size] += code
    return _pcm(audio)


def plain_speech(seconds: float) -> bytes:
    """Speech without a number."""
    return _pcm(_speech()[: int(seconds * SAMPLE_RATE)])


def numbers_in(audio: Audio, rate: int) -> list[int]:
    """The numbers of all whole codes in the audio, in order."""
    heard = _runs(_symbols(audio, rate))
    found = []
    start = 0
    while start + 9 <= len(heard):
        code = heard[start : start + 9]
        digits = code[1::2]
        framed = all(each == _SEPARATOR for each in code[::2]) and not {_SEPARATOR, _PAUSE}.intersection(digits)
        if framed and sum(digits[:3]) % 16 == digits[3]:
            found.append(digits[0] * 256 + digits[1] * 16 + digits[2])
            start += 8
        else:
            start += 1
    return found


def _runs(symbols: list[int | None]) -> list[int]:
    """The symbols without repetitions, _PAUSE for each longer pause: a code has none, and speech sounds like a tone."""
    runs = [(symbol, len(list(frames))) for symbol, frames in groupby(symbols)]
    kept = [_PAUSE if symbol is None else symbol for symbol, length in runs if symbol is not None or length > _GAP]
    return [symbol for symbol, _ in groupby(kept)]


def _symbols(audio: Audio, rate: int) -> list[int | None]:
    window, hop = int(_WINDOW_SECONDS * rate), int(_HOP_SECONDS * rate)
    if audio.size < window:
        return []
    frames = np.lib.stride_tricks.sliding_window_view(audio, window)[::hop] * np.hanning(window)
    power = np.abs(np.fft.rfft(frames)) ** 2
    bins = np.rint(_SYMBOLS * window / rate).astype(int)
    tones = power[:, bins - 1] + power[:, bins] + power[:, bins + 1]
    band = power[:, bins[0] - 2 : bins[-1] + 3].sum(axis=1)
    best = tones.argmax(axis=1)
    loud = np.sqrt(tones.max(axis=1)) / (window / 4) > _AUDIBLE
    pure = tones.max(axis=1) > _PURE * np.maximum(band, 1e-12)
    return [int(symbol) if is_tone else None for symbol, is_tone in zip(best, loud & pure, strict=True)]


def _code(number: int) -> Audio:
    digits = [number // 256 % 16, number // 16 % 16, number % 16]
    symbols = [_SEPARATOR]
    for digit in (*digits, sum(digits) % 16):
        symbols += [digit, _SEPARATOR]
    return np.concatenate([_tone(each) for each in symbols])


def _tone(symbol: int) -> Audio:
    seconds = _SEPARATOR_SECONDS if symbol == _SEPARATOR else _DIGIT_SECONDS
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone: Audio = (_TONE * np.sin(2 * np.pi * _SYMBOLS[symbol] * time)).astype(np.float32)
    return tone


@cache
def _speech() -> Audio:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "speech.wav"
        file.write_bytes(shipped_recording())
        audio: Audio = np.frombuffer(read_sound(file), "<i2").astype(np.float32) / np.float32(32768)
    spoken = np.flatnonzero(np.abs(audio) > 0.05)
    audio = audio[spoken[0] :].copy()
    audio *= np.float32(_SPEECH / np.abs(audio).max())
    return audio


def _pcm(audio: Audio) -> bytes:
    return (np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes()
