"""The example utterances that intents are recognized by: an agent's examples and the acts of the dialogue itself.

Their vectors are kept on disk by the checksum of the texts: an agent's are computed once, not by every process, nor by
processes that start together.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from pydantic import TypeAdapter

from db.agents.definition import AgentDefinition
from inference.engines.scripted.lexicon import LANGUAGES, WORD, fold, read_table
from inference.engines.scripted.understanding.encoder import Encoded, Encoder, joined
from inference.engines.scripted.understanding.normalized import normalized

#: Intents of the dialogue itself, which no agent defines.
ACTS = (
    "greeting",
    "goodbye",
    "thanks",
    "abilities",
    "status",
    "recall",
    "nevermind",
    "inform",
    "out_of_scope",
    "unclear",
    "wait",
    "repeat",
    "why",
)
#: What answers to a confirmation are, in ``answers.toml``: a yes, a no, or neither.
YES, NO, OPEN = "yes", "no", "open"
_TABLE = TypeAdapter(dict[str, list[str]])
_EDGE = re.compile(r"^[\s.,;:!?¡¿।॥…\"'«»„“”]+|[\s.,;:!?¡¿।॥…\"'«»„“”]+$")
#: Files of vectors that are kept on disk.
_MAX_FILES = 256
_MODELS = ("e5", "use", "minilm")


@dataclass(frozen=True, slots=True)
class Prototypes:
    """``labels``: an intent of the agent or an act, of each text. ``acts``: the labels that are acts."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    vectors: Encoded


@dataclass(frozen=True, slots=True)
class _Block:
    """Texts of one language, with their labels."""

    language: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]

    def checksum(self, model: str) -> str:
        digest = hashlib.sha256(f"{model}\n{self.language}".encode())
        for text in self.texts:
            digest.update(b"\n" + text.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def clean(text: str) -> str:
    """The text as it is embedded: lower case, without punctuation at its ends."""
    return _EDGE.sub("", fold(text))


def vocabulary_of(prototypes: Prototypes) -> dict[str, tuple[str, ...]]:
    """The languages of each word of the prototypes, normalized."""
    found: dict[str, set[str]] = {}
    for text, language in zip(prototypes.texts, prototypes.languages, strict=True):
        for match in WORD.finditer(normalized(text).text):
            found.setdefault(match.group(), set()).add(language)
    return {word: tuple(sorted(languages)) for word, languages in found.items() if len(word) > 2}


class PrototypeStore:
    """``directory``: where vectors are kept; None: nowhere."""

    def __init__(self, encoder: Encoder, directory: Path | None) -> None:
        self._encoder = encoder
        self._directory = directory

    def of(self, agent: AgentDefinition) -> Prototypes:
        """The examples of the agent and the acts, in the agent's languages."""
        return self._embedded([block for language in agent.languages for block in _blocks(agent, language)])

    def answers(self) -> Prototypes:
        """The examples of answers to a confirmation, in all languages."""
        return self._embedded([_block(language, "answers", (YES, NO, OPEN)) for language in LANGUAGES])

    def _embedded(self, found: Sequence[_Block]) -> Prototypes:
        blocks = [block for block in found if block.texts]
        vectors = (
            joined([self._vectors(block) for block in blocks]) if blocks else self._encoder.encode([], english=False)
        )
        return Prototypes(
            tuple(text for block in blocks for text in block.texts),
            tuple(label for block in blocks for label in block.labels),
            tuple(block.language for block in blocks for _ in block.texts),
            vectors,
        )

    def _vectors(self, block: _Block) -> Encoded:
        if self._directory is None:
            return self._encoder.encode(block.texts, english=block.language == "en")
        path = self._directory / f"{block.checksum(self._encoder.name)}.npz"
        if (kept := _read(path, len(block.texts))) is not None:
            return kept
        with _locked(path):
            if (kept := _read(path, len(block.texts))) is not None:  # another process was at it
                return kept
            vectors = self._encoder.encode(block.texts, english=block.language == "en")
            with suppress(OSError):  # without the cache, the next process computes them again
                _write(path, vectors)
        return vectors


def _blocks(agent: AgentDefinition, language: str) -> Iterable[_Block]:
    pairs = [(clean(text), each.name) for each in agent.intents for text in each.examples.get(language, ())]
    yield _Block(language, tuple(text for text, _ in pairs), tuple(label for _, label in pairs))
    if language in LANGUAGES:
        yield _block(language, "acts", ACTS)


@cache
def _block(language: str, name: str, labels: tuple[str, ...]) -> _Block:
    """The texts of a language's file, which has exactly these labels."""
    table = _TABLE.validate_python(read_table(language, name))
    if set(table) != set(labels):
        raise ValueError(f"languages/{language}/{name}.toml does not have exactly the labels {', '.join(labels)}.")
    pairs = [(clean(text), label) for label, texts in table.items() for text in texts]
    return _Block(language, tuple(text for text, _ in pairs), tuple(label for _, label in pairs))


def _read(path: Path, count: int) -> Encoded | None:
    """The vectors of a file; None if it is missing, damaged or of another number of texts."""
    damaged = (OSError, ValueError, KeyError, EOFError, BadZipFile)
    with suppress(*damaged), path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        parts: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = [
            arrays[name].astype(np.float32) for name in _MODELS
        ]
        digest = hashlib.sha256(b"".join(arrays[name].tobytes() for name in _MODELS)).digest()
        if all(len(part) == count for part in parts) and digest == arrays["digest"].tobytes():
            with suppress(OSError):
                os.utime(path)
            return Encoded(*parts)
    return None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds the lock of a file of vectors, which its process's end releases; none where files cannot be written."""
    lock = path.with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    except OSError:
        yield
        return
    with file:
        with suppress(OSError):  # some network file systems have no locks
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)  # who waits for it reads the vectors; a late one makes another


def _write(path: Path, vectors: Encoded) -> None:
    """Writes atomically, and removes the files that were used the longest ago."""
    arrays = {name: getattr(vectors, name).astype(np.float16) for name in _MODELS}
    digest = hashlib.sha256(b"".join(arrays[name].tobytes() for name in _MODELS)).digest()
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".draft", delete=False) as file:
        np.savez(file, digest=np.frombuffer(digest, np.uint8), **arrays)
    Path(file.name).replace(path)
    kept = sorted(path.parent.glob("*.npz"), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in kept[_MAX_FILES:]:
        old.unlink(missing_ok=True)
