"""The embedding models of understanding, loaded once a process, and the vectors of texts under each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.engines.scripted.e5 import E5, Vectors
from inference.engines.scripted.embeddings import MAX_CHARS, MiniLM, Multilingual

#: Up to this many texts are encoded one by one.
_ALONE = 8


@dataclass(frozen=True, slots=True)
class Encoded:
    """Unit vectors of texts, a row each. ``minilm``: zeros for texts that are not English, which it does not know."""

    e5: Vectors
    use: Vectors
    minilm: Vectors

    def __len__(self) -> int:
        return len(self.e5)

    def rows(self, numbers: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.intp]]) -> Encoded:
        """The vectors of some of the texts."""
        return Encoded(self.e5[numbers], self.use[numbers], self.minilm[numbers])


class Encoder:
    """E5, the multilingual Universal Sentence Encoder and MiniLM together. Thread-safe."""

    def __init__(self, threads: int = 1, e5: E5 | None = None) -> None:
        """``e5``: a model that is loaded already. Raises EngineUnavailable if a package is missing or altered."""
        self.e5 = e5 or E5(threads)
        self._use = Multilingual()
        self._minilm = MiniLM(threads)
        self.name = f"{self.e5.name}+{self._use.name}+{self._minilm.name}"

    def encode(self, texts: Sequence[str], *, english: bool) -> Encoded:
        """``english``: whether the texts are; MiniLM is left out for others."""
        shortened = [text[:MAX_CHARS] for text in texts]
        if 1 < len(shortened) <= _ALONE:  # short texts would be padded to the longest
            return joined([self.encode([text], english=english) for text in shortened])
        minilm = self._minilm.encode(shortened) if english else np.zeros((len(texts), MiniLM.size), np.float32)
        use = self._use.encode(shortened) if shortened else np.zeros((0, Multilingual.size), np.float32)
        return Encoded(self.e5.encode(shortened), use, minilm)


def joined(parts: Sequence[Encoded]) -> Encoded:
    """The rows of all parts, in their order."""
    e5, use, minilm = (np.concatenate([getattr(part, name) for part in parts]) for name in ("e5", "use", "minilm"))
    return Encoded(e5, use, minilm)
