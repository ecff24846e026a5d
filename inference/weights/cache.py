"""Weights: found in an installed package, checked by SHA-256, converted once into a cache on disk.

The packages that carry weights are read as files; their code is never imported.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from db.errors import EngineUnavailable

#: Told how far a load is: a label for people, and a share in 0..1 (null when it cannot be known).
Progress = Callable[[str, float | None], None]

_MANIFEST = "manifest.json"
_BLOCK = 1 << 20


def no_progress(label: str, share: float | None) -> None:
    """Progress for callers that show none."""


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of an installed distribution. ``path`` is as the distribution lists it, ``sha256`` in hex."""

    distribution: str
    path: str
    sha256: str

    def locate(self) -> Path:
        """Where it lies. Raises EngineUnavailable if the distribution is missing; does not check the hash."""
        try:
            listed = files(self.distribution) or []
        except PackageNotFoundError:
            raise EngineUnavailable(f"The package {self.distribution} is not installed.") from None
        for entry in listed:
            if entry.as_posix() == self.path:
                return Path(str(entry.locate()))
        raise EngineUnavailable(f"The package {self.distribution} has no file {self.path}.")

    def verified(self) -> Path:
        """Where it lies, after reading all of it against its hash. Raises EngineUnavailable on a mismatch."""
        path = self.locate()
        if sha256_of(path) != self.sha256:
            raise EngineUnavailable(f"{self.distribution}: {self.path} is not the file VoxLoom was tested with.")
        return path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class ModelCache:
    """A directory of converted models, each built once, whole or not at all, by one process at a time."""

    def __init__(self, root: Path, progress: Progress = no_progress) -> None:
        self.root = root
        self.progress = progress

    def obtain(self, name: str, build: Callable[[Path], None]) -> Path:
        """The directory of model ``name``; ``build(directory)`` fills it when it is not there or not intact.

        ``name`` includes a version of the conversion, so that a changed one is built anew. The files' hashes are
        written beside them and checked at every call: a damaged cache is rebuilt, never loaded.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        target = self.root / name
        with (self.root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _intact(target):
                return target
            draft = self.root / f"{name}.draft"
            for stale in (draft, target):
                shutil.rmtree(stale, ignore_errors=True)
            try:
                draft.mkdir()
                build(draft)
                hashes = {path.name: sha256_of(path) for path in sorted(draft.iterdir())}
                (draft / _MANIFEST).write_text(json.dumps(hashes))
                draft.replace(target)
            except BaseException as error:
                shutil.rmtree(draft, ignore_errors=True)
                if isinstance(error, OSError):
                    reason = f"{self.root} cannot be written: {error.strerror}"
                    raise EngineUnavailable(f"The model {name} was not built, since {reason}.") from None
                raise
            return target


def _intact(directory: Path) -> bool:
    with suppress(OSError, ValueError):
        hashes: dict[str, str] = json.loads((directory / _MANIFEST).read_text())
        return bool(hashes) and all(sha256_of(directory / name) == digest for name, digest in hashes.items())
    return False
