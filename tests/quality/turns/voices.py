"""Recordings of people saying digits, letters and phrases, from Debian packages, and which half each speaker is in.

Packages: asterisk-core-sounds-{en,es,fr,it}-wav (CC-BY-SA 3.0), asterisk-prompt-es-co and asterisk-prompt-fr-armelle
(GPL-2+), ktuberling-data (GPL-2+), pocketsphinx-testdata (BSD). Unpacked into a folder (``dpkg-deb -x``); nothing of
them is kept here. Two voices are synthetic: they are this project's own, English, and say digits by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import av
import numpy as np

from inference.ports import SAMPLE_RATE, Samples

_SOUNDS = Path("usr/share/asterisk/sounds")
_TUBERLING = Path("usr/share/ktuberling/sounds")


@dataclass(frozen=True, slots=True)
class Speaker:
    """A person: folders of clips below the unpacked packages. ``tuning``: whether the half to tune on has them."""

    name: str
    language: str
    tuning: bool
    folder: Path
    digits: str = "digits"
    letters: str | None = "letters"
    phrases: tuple[str, ...] = field(default=())


#: No person is in both halves.
SPEAKERS = (
    Speaker("Allison, English", "en", True, _SOUNDS / "en_US_f_Allison", phrases=("auth-thankyou", "vm-nomore")),
    Speaker("Allison, Spanish", "es", True, _SOUNDS / "es_MX_f_Allison"),
    Speaker("June", "fr", True, _SOUNDS / "fr_CA_f_June"),
    Speaker("Colombian", "es", False, _SOUNDS / "es", letters=None),
    Speaker("Armelle", "fr", False, _SOUNDS / "fr"),
    Speaker("Carlo", "it", False, _SOUNDS / "it_IT_m_Carlo"),
)


def load(path: Path) -> Samples:
    """A clip of any codec at 16 kHz, without the silence around it."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    pieces = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            pieces += [each.to_ndarray().reshape(-1) for each in resampler.resample(frame)]
        pieces += [each.to_ndarray().reshape(-1) for each in resampler.resample(None)]
    return trimmed(np.concatenate(pieces).astype(np.float32))


def trimmed(samples: Samples, floor: float = 0.02) -> Samples:
    """Without the silence around the words: 10 ms windows below a fiftieth of the loudest."""
    energy = np.sqrt(np.convolve(samples * samples, np.ones(160) / 160, "same"))
    loud = np.flatnonzero(energy > floor * energy.max())
    return samples[max(int(loud[0]) - 160, 0) : int(loud[-1]) + 160]


@cache
def digits(root: Path, speaker: Speaker) -> tuple[Samples, ...]:
    """The ten digits of a speaker, each at the same level."""
    return tuple(_clip(root / speaker.folder / speaker.digits, str(digit)) for digit in range(10))


@cache
def letters(root: Path, speaker: Speaker) -> tuple[Samples, ...]:
    """The letters that a speaker says one by one; empty if there are none."""
    if speaker.letters is None:
        return ()
    folder = root / speaker.folder / speaker.letters
    names = sorted({path.stem for path in folder.iterdir() if len(path.stem) == 1 and path.stem.isalpha()})
    return tuple(_clip(folder, name) for name in names)


@cache
def phrases(root: Path, speaker: Speaker, least: float, most: float) -> tuple[Samples, ...]:
    """Whole phrases of so many seconds, in the order of their names."""
    found = []
    for path in _one_of_each(sorted((root / speaker.folder).iterdir())):
        try:
            samples = load(path)
        except av.error.InvalidDataError:  # a few of the packages' files are empty
            continue
        if least <= samples.size / SAMPLE_RATE <= most:
            found.append(levelled(samples))
    return tuple(found)


def levelled(samples: Samples) -> Samples:
    """At -26 dB of full scale, so that no clip of a turn stands out."""
    return (samples * (0.05 / max(float(np.sqrt(np.mean(samples**2))), 1e-4))).clip(-1, 1).astype(np.float32)


def _clip(folder: Path, name: str) -> Samples:
    path = next(each for each in sorted(folder.glob(f"{name}.*"), reverse=True) if each.suffix in _SUFFIXES)
    return levelled(load(path))


_SUFFIXES = (".wav", ".gsm", ".ogg")


def _one_of_each(paths: Iterable[Path]) -> list[Path]:
    return [
        path for path in paths if path.suffix in _SUFFIXES and path.stat().st_size > 500 and "tone" not in path.stem
    ]
