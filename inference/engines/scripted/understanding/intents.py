"""Intent classification: ridge regression over sentence embeddings, fitted to an agent's prototypes.

A fitted model is a matrix; it is computed in the first use of an agent and kept for the agents used last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.engines.scripted.e5 import Vectors
from inference.engines.scripted.understanding.encoder import Encoded
from inference.engines.scripted.understanding.prototypes import ACTS, Prototypes

_RIDGE = 0.3
_TEMPERATURE = 0.08
_WEIGHTS = {"en": (1.0, 0.6, 0.8), "hi": (1.0, 0.2, 0.0)}
_DEFAULT_WEIGHTS = (1.0, 0.8, 0.0)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Probabilities of intents and acts for one text, the likeliest first."""

    scores: tuple[tuple[str, float], ...]

    @property
    def label(self) -> str:
        return self.scores[0][0] if self.scores else ""

    @property
    def score(self) -> float:
        return self.scores[0][1] if self.scores else 0.0

    @property
    def is_act(self) -> bool:
        return self.label in ACTS

    def of(self, label: str) -> float:
        """The probability of one label."""
        return next((score for each, score in self.scores if each == label), 0.0)


class IntentModel:
    """Fitted to the prototypes of an agent. Thread-safe."""

    def __init__(self, prototypes: Prototypes) -> None:
        self.prototypes = prototypes
        self.labels = tuple(dict.fromkeys(prototypes.labels))
        self._mean = prototypes.vectors.e5.mean(axis=0)
        self._weights: dict[str, Vectors] = {}
        numbers = [self.labels.index(label) for label in prototypes.labels]
        self._targets = np.eye(len(self.labels), dtype=np.float32)[numbers]

    def judge(self, vectors: Encoded, language: str) -> list[Judgement]:
        """A judgement for each row."""
        if not self.labels:
            return [Judgement(()) for _ in range(len(vectors))]
        scores = self._features(vectors, language) @ self._fitted(language)
        shifted = np.exp((scores - scores.max(axis=1, keepdims=True)) / _TEMPERATURE)
        return [self._judgement(row) for row in shifted / shifted.sum(axis=1, keepdims=True)]

    def _judgement(self, row: Vectors) -> Judgement:
        order = np.argsort(-row)[:8]
        return Judgement(tuple((self.labels[at], float(row[at])) for at in order))

    def _features(self, vectors: Encoded, language: str) -> Vectors:
        centred = vectors.e5 - self._mean
        centred /= np.maximum(1e-6, np.linalg.norm(centred, axis=1, keepdims=True))
        parts: Sequence[Vectors] = (centred, vectors.use, vectors.minilm)
        weights = _WEIGHTS.get(language, _DEFAULT_WEIGHTS)
        return np.concatenate(
            [part * np.float32(weight**0.5) for part, weight in zip(parts, weights, strict=True)], axis=1
        )

    def _fitted(self, language: str) -> Vectors:
        if language not in self._weights:
            features = self._features(self.prototypes.vectors, language)
            kernel = features @ features.T + np.float32(_RIDGE) * np.eye(len(features), dtype=np.float32)
            self._weights[language] = features.T @ np.linalg.solve(kernel, self._targets)
        return self._weights[language]
