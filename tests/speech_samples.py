"""Recordings of real people whose words are known (public domain, see audio/manifest.json), and a word error count."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from db.audio.decoding import read_recording
from inference.ports import Samples
from inference.testing import word_errors as contract

_FOLDER = Path(__file__).parent / "audio"


@dataclass(frozen=True, slots=True)
class Clip:
    name: str
    text: str
    path: Path

    @property
    def samples(self) -> Samples:
        return read_recording(self.path.read_bytes(), max_seconds=60).samples


def clips() -> dict[str, Clip]:
    manifest = json.loads((_FOLDER / "manifest.json").read_text())
    return {name: Clip(name, entry["text"], _FOLDER / entry["file"]) for name, entry in manifest.items()}


def words(text: str) -> list[str]:
    """Its words without case and punctuation, and the few numbers of the clips in one spelling."""
    plain = text.lower().replace("15th", "fifteenth").replace("42", "forty two").replace("1455", "fourteen fifty five")
    return contract.words(plain)


def word_errors(said: str, heard: str) -> int:
    """How many words of what was said were heard wrong."""
    return contract.word_errors(words(said), words(heard))
