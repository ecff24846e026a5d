"""Turns of callers, assembled from clips: numbers in groups, spelling, hesitations, lists, sentences, single words.

Each case is ONE turn: whatever pause is in it, the caller goes on. Lengths of pauses, channel and noise come from a
seeded generator; kinds and their pauses were fixed before any setting was tuned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inference.ports import SAMPLE_RATE, Samples
from tests.quality.turns.voices import SPEAKERS, Speaker, digits, letters, phrases

_GROUPS = ((3, 3, 4), (2, 2, 2, 2), (4, 4), (1, 1, 1, 1, 1))
_CHANNELS = ("clean", "8 kHz", "noise")


@dataclass(frozen=True, slots=True)
class Case:
    """A turn at 16 kHz that ends with its last word. ``digits``: how many were asked for, if a number was."""

    name: str
    kind: str
    speaker: Speaker
    channel: str
    samples: Samples
    digits: int = 0


def cases(root: Path) -> Iterator[Case]:
    """All turns of both halves, by speaker; ``root``: where the packages are unpacked."""
    for number, speaker in enumerate(SPEAKERS):
        rng = np.random.default_rng(1000 + number)
        for index, (kind, parts, gaps, count) in enumerate(_plans(root, speaker, rng)):
            channel = _CHANNELS[index % len(_CHANNELS)]
            samples = _through(channel, _joined(parts, gaps), rng)
            yield Case(f"{speaker.name} {index}", kind, speaker, channel, samples, count)


_Plan = tuple[str, Sequence[Samples], Sequence[float], int]


def _plans(root: Path, speaker: Speaker, rng: np.random.Generator) -> Iterator[_Plan]:
    figures, spelled = digits(root, speaker), letters(root, speaker)
    for turn in range(12):
        groups = _GROUPS[turn % len(_GROUPS)]
        pause = (0.3, 0.5, 0.7, 0.9)[turn // len(_GROUPS) % 4] * rng.uniform(0.85, 1.2)
        chosen = [[figures[int(rng.integers(10))] for _ in range(size)] for size in groups]
        gaps: list[float] = []
        for group in chosen:
            gaps += [*[float(rng.uniform(0.03, 0.1))] * (len(group) - 1), pause]
        yield "number", [clip for group in chosen for clip in group], gaps[:-1], sum(groups)
    for _ in range(6 if spelled else 0):
        parts = [spelled[int(rng.integers(len(spelled)))] for _ in range(2)]
        parts += [figures[int(rng.integers(10))] for _ in range(4)]
        yield "spelling", parts, [float(rng.uniform(0.2, 0.6)) for _ in parts[1:]], 0
    sentences = phrases(root, speaker, 1.8, 6.0)
    for turn in range(10):
        first, second = _split(sentences[int(rng.integers(len(sentences)))])
        yield "hesitation", [first, second], [float(rng.uniform(0.35, 1.1))], 0
        if turn % 2:
            two = [sentences[int(rng.integers(len(sentences)))] for _ in range(2)]
            yield "two sentences", two, [float(rng.uniform(0.2, 0.4))], 0
    for _ in range(8):
        yield "sentence", [sentences[int(rng.integers(len(sentences)))]], [], 0
    words = phrases(root, speaker, 0.3, 1.1)
    for _ in range(6):
        yield "short", [words[int(rng.integers(len(words)))]], [], 0
    for _ in range(5):
        items = [words[int(rng.integers(len(words)))] for _ in range(3)]
        yield "list", items, [float(rng.uniform(0.3, 0.6)) for _ in items[1:]], 0


def _split(samples: Samples) -> tuple[Samples, Samples]:
    """A sentence cut in its middle, between two words: at the quietest 30 ms of its middle third."""
    third = samples.size // 3
    energy = np.convolve(samples * samples, np.ones(480) / 480, "same")
    at = third + int(energy[third : 2 * third].argmin())
    return samples[:at], samples[at:]


def _joined(parts: Sequence[Samples], gaps: Sequence[float]) -> Samples:
    pieces: list[Samples] = []
    for index, part in enumerate(parts):
        pieces.append(part)
        if index < len(gaps):
            pieces.append(np.zeros(round(gaps[index] * SAMPLE_RATE), np.float32))
    return np.concatenate(pieces)


def _through(channel: str, samples: Samples, rng: np.random.Generator) -> Samples:
    """The turn as a line carries it, with the noise of a room: -64 dB, or 15 dB below speech."""
    noise = rng.standard_normal(samples.size).astype(np.float32)
    if channel == "noise":
        return (samples + noise * 0.009).astype(np.float32)
    samples = (samples + noise * 0.0006).astype(np.float32)
    return telephone(samples) if channel == "8 kHz" else samples


def telephone(samples: Samples) -> Samples:
    """Band-limited to 8 kHz and coded in 8-bit mu-law (ITU-T G.711)."""
    spectrum = np.fft.rfft(samples)
    frequencies = np.fft.rfftfreq(samples.size, 1 / SAMPLE_RATE)
    spectrum[(frequencies < 300) | (frequencies > 3400)] = 0
    narrow = np.fft.irfft(spectrum, samples.size).clip(-1, 1)
    coded = np.round(np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256) * 127) / 127
    linear: Samples = (np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255).astype(np.float32)
    return linear
