"""Model cache: verifies files of installed packages by SHA-256 and keeps converted weights on disk.

Packages with weights are read as files; their code is never imported.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from db.errors import EngineUnavailable

#: Callback for the progress of loading: a label for people, and whether its step has ended, else it begins.
Progress = Callable[[str, bool], None]

_MANIFEST = "manifest.json"
_BLOCK = 1 << 20


def no_progress(label: str, has_ended: bool) -> None:
    """A Progress that does nothing."""


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of an installed distribution. ``path``: as in its RECORD. ``sha256``: in hex."""

    distribution: str
    path: str
    sha256: str

    def locate(self) -> Path:
        """The path on disk, not verified. Raises EngineUnavailable if the distribution or the file is missing."""
        try:
            listed = files(self.distribution) or []
        except PackageNotFoundError:
            raise EngineUnavailable(f"The package {self.distribution} is not installed.") from None
        for entry in listed:
            if entry.as_posix() == self.path:
                return Path(str(entry.locate()))
        raise EngineUnavailable(f"The package {self.distribution} has no file {self.path}.")

    def verified(self) -> Path:
        """The path on disk, after verifying the hash. Raises EngineUnavailable on a mismatch."""
        path = self.locate()
        if sha256_of(path) != self.sha256:
            raise EngineUnavailable(f"{self.distribution}: {self.path} is not the file VoxLoom was tested with.")
        return path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class ModelCache:
    """A directory of converted models. Each is built once and atomically, under a file lock."""

    def __init__(self, root: Path, progress: Progress = no_progress) -> None:
        self.root = root
        self._progress = progress

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Shows ``label`` to people while the block runs; it ends whether or not the block fails."""
        self._progress(label, False)
        try:
            yield
        finally:
            self._progress(label, True)

    def damaged(self) -> list[str]:
        """The converted models whose files are not those that were written."""
        built = sorted(each.parent for each in self.root.glob(f"*/{_MANIFEST}"))
        return [each.name for each in built if each.suffix != ".draft" and not _intact(each)]

    def obtain(self, name: str, build: Callable[[Path], None]) -> Path:
        """The directory of the model ``name``; ``build(directory)`` fills it if it is missing or damaged.

        ``name`` includes the version of the conversion. A manifest holds the files' hashes, which are verified at each
        call: a damaged model is rebuilt, never loaded. Raises EngineUnavailable if the directory cannot be written.
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
