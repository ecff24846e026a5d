"""Turns that ten minutes of noise make: ``python -m tests.quality.turns.noise [FOLDER]``.

FOLDER has the package asterisk-moh-opsound-wav (Creative Commons, hold music), unpacked; without it noise and babble
only. Nobody speaks to the assistant in any of it, so every turn is false; one without words is dropped by the call.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from inference.audio.vad import FRAME, SpeechDetector
from inference.engines.whisper.weights import ctranslate2_directory
from inference.live.ear import Ear, TurnEnded
from inference.live.open_ends import open_ends
from inference.live.turn_score import TurnScorer
from inference.ports import SAMPLE_RATE, Samples
from inference.weights.cache import ModelCache
from tests.quality.turns.cases import telephone
from tests.quality.turns.pauses import transcriber
from tests.quality.turns.voices import load
from tests.speech_samples import clips

_LENGTH = 600 * SAMPLE_RATE
_MUSIC = Path("usr/share/asterisk/moh")


def noises(folder: Path | None) -> Iterator[tuple[str, Samples]]:
    rng = np.random.default_rng(1)
    for level in (-60, -40, -25):
        yield f"white noise, {level} dB", _at(level, rng.standard_normal(_LENGTH).astype(np.float32))
        yield f"pink noise, {level} dB", _at(level, _pink(rng))
    for voices in (4, 8, 16):
        for level in (-45, -30):
            yield f"babble of {voices} voices, {level} dB", _at(level, _babble(rng, voices))
    for path in sorted((folder / _MUSIC).glob("*.wav")) if folder else ():
        music = np.resize(load(path), _LENGTH)
        yield f"hold music over a phone line, {path.stem}", telephone(_at(-20, music))


def _at(level: float, samples: Samples) -> Samples:
    return np.asarray(samples * (10 ** (level / 20) / np.sqrt(np.mean(samples**2))), np.float32)


def _pink(rng: np.random.Generator) -> Samples:
    spectrum = np.fft.rfft(rng.standard_normal(_LENGTH))
    frequencies = np.fft.rfftfreq(_LENGTH, 1 / SAMPLE_RATE)
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(frequencies, 1.0)), _LENGTH).astype(np.float32)


def _babble(rng: np.random.Generator, voices: int) -> Samples:
    """Recordings of two people over each other, half of them backwards."""
    recordings = [clip.samples for clip in clips().values()]
    mixed = np.zeros(_LENGTH, np.float32)
    for voice in range(voices):
        at = 0
        while at < _LENGTH:
            chosen = recordings[int(rng.integers(len(recordings)))][:: 1 if voice % 2 else -1]
            chosen = _at(0, chosen)[: _LENGTH - at]
            mixed[at : at + chosen.size] += chosen
            at += chosen.size + int(rng.uniform(0, 0.3) * SAMPLE_RATE)
    return mixed


def turns(samples: Samples, detector: SpeechDetector, scorer: TurnScorer) -> Iterator[TurnEnded]:
    ear = Ear(detector.stream(), open_ends("en"))
    for start in range(0, samples.size - FRAME + 1, FRAME):
        yield from (each for each in ear.feed(samples[start : start + FRAME]) if isinstance(each, TurnEnded))
        if ear.look_due():
            ear.add_score(scorer.score(ear.samples))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--models", type=Path, default=Path(".voxloom/models"))
    given = parser.parse_args()
    detector, scorer = SpeechDetector(), TurnScorer()
    detector.load()
    scorer.load()
    words = transcriber(ctranslate2_directory(ModelCache(given.models)))
    table = Table("ten minutes of", "turns", "of them with words", "s of audio", "words")
    for name, samples in noises(given.folder):
        found = [(each, words(each.samples[: 28 * SAMPLE_RATE], "en")) for each in turns(samples, detector, scorer)]
        seconds = sum(each.samples.size for each, _ in found) / SAMPLE_RATE
        said = [text for _, text in found if text.strip(" .!?-")]
        row = (len(found), len(said), round(seconds), sum(len(text.split()) for text in said))
        table.add_row(name, *map(str, row))
    Console().print(table)


if __name__ == "__main__":
    main()
