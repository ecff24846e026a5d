"""Intent classification: kernel ridge regression over sentence embeddings, fitted to example utterances at load.

The kernel is a weighted sum of three squared similarities: MiniLM, the multilingual USE, and character n-grams
(TF-IDF), which carry Hindi in both scripts, as neither model knows it. The weights depend on the language. The
prototypes (example utterances) of all languages are fitted together: through USE they help each other.
Method: Saunders, Gammerman, Vovk 1998, Ridge Regression Learning Algorithm in Dual Variables.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.agents.builtin import builtin_agents
from db.agents.definition import STANDARD_FIELDS
from inference.engines.scripted.embeddings import MAX_CHARS, MiniLM, Multilingual, Vectors
from inference.engines.scripted.lexicon import LANGUAGES, fold, read_table

#: The scenario of each intent that belongs to one.
_AGENT = builtin_agents()["billing_agent"]  # the one with all of them
SCENARIO_OF = {each.name: each.scenario for each in _AGENT.intents if each.scenario is not None}

#: The fields of each scenario's record.
FIELDS_OF = {each.name: frozenset({*STANDARD_FIELDS, *each.fields}) for each in _AGENT.scenarios}

_WEIGHTS = {"en": (1.0, 1.0, 0.3), "hi": (0.2, 0.4, 1.0)}
_DEFAULT_WEIGHTS = (0.3, 1.0, 0.3)
_RIDGE = 0.3
_GRAMS = (2, 3, 4, 5)
_EDGE = re.compile(r"^[\s.,;:!?¡¿।…\"']+|[\s.,;:!?¡¿।…\"']+$")


@dataclass(frozen=True, slots=True)
class Prediction:
    """The likeliest intent. ``score``: about 0..1. ``margin``: difference to the best intent of another scenario."""

    intent: str
    score: float
    margin: float

    @property
    def scenario(self) -> str | None:
        """The scenario of the intent; None for small talk, such as "greeting"."""
        return SCENARIO_OF.get(self.intent)


class IntentClassifier:
    """Fitted in the constructor. Thread-safe."""

    def __init__(self, threads: int) -> None:
        self._minilm = MiniLM(threads)
        self._multilingual = Multilingual(threads)
        self.name = f"{self._minilm.name}+{self._multilingual.name}"
        tables = {language: read_table(language, "prototypes") for language in LANGUAGES}
        self.intents: tuple[str, ...] = tuple(tables["en"])
        texts = [_clean(text) for table in tables.values() for items in table.values() for text in items]
        targets = [self.intents.index(key) for table in tables.values() for key, items in table.items() for _ in items]
        self._scenarios = [SCENARIO_OF.get(intent, intent) for intent in self.intents]
        self._tf_idf = _TfIdf(texts)
        self._prototypes = self._encode(texts)
        wanted = np.eye(len(self.intents), dtype=np.float32)[targets]
        self._mean = wanted.mean(axis=0)
        kernels = self._kernels(self._prototypes)
        ridge = _RIDGE * np.eye(len(texts), dtype=np.float32)
        self._dual = {
            language: np.linalg.solve(_weighted(kernels, language) + ridge, wanted - self._mean)
            for language in LANGUAGES
        }

    def predict(self, masked: Sequence[str], language: str) -> list[Prediction]:
        """One prediction for each text. ``masked``: texts with placeholders for names and numbers."""
        if not masked:
            return []
        kernel = _weighted(self._kernels(self._encode([_clean(text) for text in masked])), language)
        return [self._best(row) for row in kernel @ self._dual[language] + self._mean]

    def similarity(self, left: str, right: str) -> float:
        """Mean cosine similarity of two utterances under both embedding models."""
        minilm, multilingual, _ = self._encode([_clean(left), _clean(right)])
        return float((minilm[0] @ minilm[1] + multilingual[0] @ multilingual[1]) / 2)

    def _best(self, scores: Vectors) -> Prediction:
        best = int(scores.argmax())
        rival = max(
            float(score) for score, group in zip(scores, self._scenarios, strict=True) if group != self._scenarios[best]
        )
        return Prediction(self.intents[best], float(scores[best]), float(scores[best]) - rival)

    def _encode(self, texts: Sequence[str]) -> tuple[Vectors, Vectors, Vectors]:
        return self._minilm.encode(texts), self._multilingual.encode(texts), self._tf_idf.encode(texts)

    def _kernels(self, vectors: tuple[Vectors, Vectors, Vectors]) -> list[Vectors]:
        """Squared similarities of texts and prototypes by each representation, of shape (texts, prototypes)."""
        return [np.clip(some @ known.T, 0, 1) ** 2 for some, known in zip(vectors, self._prototypes, strict=True)]


def _weighted(kernels: list[Vectors], language: str) -> Vectors:
    weights = _WEIGHTS.get(language, _DEFAULT_WEIGHTS)
    total: Vectors = np.zeros_like(kernels[0])
    for weight, matrix in zip(weights, kernels, strict=True):
        total += np.float32(weight / sum(weights)) * matrix
    return total


class _TfIdf:
    """Unit vectors of character n-grams, n from 2 to 5, weighted by TF-IDF."""

    def __init__(self, texts: Sequence[str]) -> None:
        seen = Counter(gram for text in texts for gram in set(_ngrams(text)))
        # An n-gram of a single prototype does not generalize, and costs memory.
        kept = [gram for gram, count in seen.items() if count > 1]
        self._index = {gram: number for number, gram in enumerate(kept)}
        self._idf = np.array([math.log(len(texts) / seen[gram]) + 1 for gram in kept], np.float32)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape ``(len(texts), n-grams)``; zeros for a text without a known n-gram."""
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
