"""What a customer wants: kernel ridge regression over sentence vectors, fitted to the prototypes at load.

Three similarities are added up, each language with its own weights: MiniLM, the multilingual USE, and character
n-grams (TF-IDF), which carry Hindi in both scripts, where neither model is at home. Squaring sharpens them. The
prototypes of all languages are fitted together, so that one language's help another's through USE.
Method: Saunders, Gammerman, Vovk 1998, Ridge Regression Learning Algorithm in Dual Variables.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.agents.scenarios import SCENARIOS
from inference.engines.scripted.embeddings import MAX_CHARS, MiniLM, Multilingual, Vectors
from inference.engines.scripted.lexicon import LANGUAGES, fold, read_table

#: The scenario of each intent that belongs to one.
SCENARIO_OF = {intent: scenario.name for scenario in SCENARIOS.values() for intent in scenario.intents}

_WEIGHTS = {"en": (1.0, 1.0, 0.3), "hi": (0.2, 0.4, 1.0)}
_DEFAULT_WEIGHTS = (0.3, 1.0, 0.3)
_RIDGE = 0.3
_GRAMS = (2, 3, 4, 5)
_EDGE = re.compile(r"^[\s.,;:!?¡¿।…\"']+|[\s.,;:!?¡¿।…\"']+$")


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest intent. ``score``: about 0..1; ``margin``: how far ahead of the best one of another scenario."""

    intent: str
    score: float
    margin: float

    @property
    def scenario(self) -> str | None:
        """The scenario the intent belongs to; null for "hello" and its like."""
        return SCENARIO_OF.get(self.intent)


class IntentModel:
    """Fitted once; ``guess`` may be called from several threads."""

    def __init__(self, threads: int) -> None:
        self._minilm = MiniLM(threads)
        self._multilingual = Multilingual(threads)
        self.name = f"{self._minilm.name}+{self._multilingual.name}"
        tables = {language: read_table(language, "prototypes") for language in LANGUAGES}
        self.intents: tuple[str, ...] = tuple(tables["en"])
        texts = [_clean(text) for table in tables.values() for items in table.values() for text in items]
        targets = [self.intents.index(key) for table in tables.values() for key, items in table.items() for _ in items]
        self._groups = [SCENARIO_OF.get(intent, intent) for intent in self.intents]
        self._grams = _Grams(texts)
        self._known = self._encode(texts)
        wanted = np.eye(len(self.intents), dtype=np.float32)[targets]
        self._mean = wanted.mean(axis=0)
        alike = self._alike(self._known)
        ridge = _RIDGE * np.eye(len(texts), dtype=np.float32)
        self._dual = {
            language: np.linalg.solve(_weigh(alike, language) + ridge, wanted - self._mean) for language in LANGUAGES
        }

    def guess(self, masked: Sequence[str], language: str) -> list[Guess]:
        """One guess a text. Texts have names and numbers masked."""
        if not masked:
            return []
        kernel = _weigh(self._alike(self._encode([_clean(text) for text in masked])), language)
        return [self._best(row) for row in kernel @ self._dual[language] + self._mean]

    def similarity(self, left: str, right: str) -> float:
        """How alike two utterances are, as the models see them: a cosine."""
        minilm, multilingual, _ = self._encode([_clean(left), _clean(right)])
        return float((minilm[0] @ minilm[1] + multilingual[0] @ multilingual[1]) / 2)

    def _best(self, scores: Vectors) -> Guess:
        best = int(scores.argmax())
        rival = max(
            float(score) for score, group in zip(scores, self._groups, strict=True) if group != self._groups[best]
        )
        return Guess(self.intents[best], float(scores[best]), float(scores[best]) - rival)

    def _encode(self, texts: Sequence[str]) -> tuple[Vectors, Vectors, Vectors]:
        return self._minilm.encode(texts), self._multilingual.encode(texts), self._grams.encode(texts)

    def _alike(self, vectors: tuple[Vectors, Vectors, Vectors]) -> list[Vectors]:
        """How alike the texts and the prototypes are to each of the three, sharpened: shape (texts, prototypes)."""
        return [np.clip(some @ known.T, 0, 1) ** 2 for some, known in zip(vectors, self._known, strict=True)]


def _weigh(alike: list[Vectors], language: str) -> Vectors:
    weights = _WEIGHTS.get(language, _DEFAULT_WEIGHTS)
    total: Vectors = np.zeros_like(alike[0])
    for weight, matrix in zip(weights, alike, strict=True):
        total += np.float32(weight / sum(weights)) * matrix
    return total


class _Grams:
    """Character n-grams, 2 to 5, weighted by TF-IDF, as unit vectors."""

    def __init__(self, texts: Sequence[str]) -> None:
        seen = Counter(gram for text in texts for gram in set(_ngrams(text)))
        # A gram that one prototype alone has tells nothing of another utterance and costs memory.
        kept = [gram for gram, count in seen.items() if count > 1]
        self._index = {gram: number for number, gram in enumerate(kept)}
        self._idf = np.array([math.log(len(texts) / seen[gram]) + 1 for gram in kept], np.float32)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape ``(len(texts), grams)``; a text without a known gram is all zeros."""
        vectors: Vectors = np.zeros((len(texts), len(self._index)), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for gram, count in Counter(_ngrams(text)).items():
                at = self._index.get(gram)
                if at is not None:
                    row[at] = (1 + math.log(count)) * self._idf[at]
        unit: Vectors = vectors / np.maximum(1e-9, np.linalg.norm(vectors, axis=1, keepdims=True))
        return unit


def _ngrams(text: str) -> list[str]:
    padded = f" {text} "
    return [padded[at : at + size] for size in _GRAMS for at in range(len(padded) - size + 1)]


def _clean(text: str) -> str:
    return _EDGE.sub("", fold(text))[:MAX_CHARS]
