"""Intent classification: kernel ridge regression over sentence embeddings, fitted to an agent's prototypes.

The kernel is a weighted sum of squared similarities under E5, the multilingual USE and, for English, MiniLM. The
prototypes of all languages of an agent are fitted together: they help each other. An intent with few examples in a
language is fitted as closely as one with many. Scores become probabilities by a
softmax whose temperature was chosen on utterances that are no prototypes.
Method: Saunders, Gammerman, Vovk 1998, Ridge Regression Learning Algorithm in Dual Variables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Lock

import numpy as np

from inference.engines.scripted.e5 import Vectors
from inference.engines.scripted.understanding.encoder import Encoded
from inference.engines.scripted.understanding.prototypes import ACTS, Prototypes

_RIDGE = np.float32(0.5)
_TEMPERATURE = 0.07
#: Shares of E5, USE and MiniLM in the kernel.
_ENGLISH = np.array([0.42, 0.25, 0.33], np.float32)
_OTHERS = np.array([0.7, 0.3, 0], np.float32)
#: Examples of an intent in a language from which each counts as much as one of the dialogue's own; of fewer for more.
_MANY, _MAX_WEIGHT = 15, 4.0
#: An example of what no agent is for is none for the agent whose examples are as alike as this: "my car broke down" at
#: a garage. Beside agents of few examples they count for less, at least this.
_ALIKE, _MIN_WEIGHT = 0.4, 0.5
#: Likeliest labels of a judgement.
_KEPT = 8
_OUTSIDE = "out_of_scope"
#: How much likelier the intents of a scenario become by a value of a field that it alone has.
_EVIDENCE = 20.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """Probabilities of intents and acts for one text, the likeliest first. ``certainty``: 0..1, of the likeliest with
    all that are filed as the same: "the connection drops" may be a fault of this or that kind, but it is one.
    """

    scores: tuple[tuple[str, float], ...]
    certainty: float = 0.0

    @property
    def label(self) -> str:
        return self.scores[0][0] if self.scores else ""

    @property
    def score(self) -> float:
        return self.scores[0][1] if self.scores else 0.0

    @property
    def is_act(self) -> bool:
        return self.label in ACTS

    def without(self, label: str) -> Judgement:
        """The judgement where ``label`` cannot be meant."""
        scores = tuple(pair for pair in self.scores if pair[0] != label)
        return Judgement(scores, scores[0][1] if scores else 0.0)

    def given(self, intents: Collection[str], evidence: float = _EVIDENCE) -> Judgement:
        """The judgement where a value was said that belongs to ``intents`` alone, by Bayes' rule. ``evidence``: how
        much likelier they become.
        """
        if not self.scores or not intents:
            return self
        likely = {name: score * (evidence if name in intents else 1.0) for name, score in self.scores}
        whole = sum(likely.values()) + max(0.0, 1.0 - sum(score for _, score in self.scores))
        scores = tuple(sorted(((name, each / whole) for name, each in likely.items()), key=lambda pair: -pair[1]))
        if scores[0][0] not in intents:
            return Judgement(scores, scores[0][1])
        return Judgement(scores, sum(score for name, score in scores if name in intents))


class IntentModel:
    """The classifier of one agent. Fitted at the first use of English, and of the other languages. Thread-safe."""

    def __init__(self, prototypes: Prototypes, filed_as: Mapping[str, str | None]) -> None:
        """``filed_as``: the scenario of each intent."""
        self._filed_as = filed_as
        self.labels = tuple(dict.fromkeys(prototypes.labels))
        numbers = np.array([self.labels.index(label) for label in prototypes.labels], int)
        # E5's vectors share a large component, which tells nothing.
        self._common = prototypes.vectors.e5.mean(axis=0) if len(numbers) else np.zeros(0, np.float32)
        self._prototypes = self._centred(prototypes.vectors) if len(numbers) else prototypes.vectors
        self._weights = _weights(prototypes)
        kept = self._kept(prototypes)
        self._prototypes, self._weights = self._prototypes.rows(kept), self._weights[kept]
        self._targets = np.eye(len(self.labels), dtype=np.float32)[numbers[kept]]
        shares = self._weights / max(1.0, float(self._weights.sum()))
        self._prior = shares @ self._targets if len(numbers) else np.zeros(0, np.float32)
        self._dual: dict[bool, Vectors] = {}
        self._lock = Lock()

    def judge(self, vectors: Encoded, *, english: bool) -> list[Judgement]:
        """A judgement for each row."""
        if not self.labels:
            return [Judgement(()) for _ in range(len(vectors))]
        kernel = _kernel(self._centred(vectors), self._prototypes, english=english)
        scores = kernel @ self._fitted(english) + self._prior
        shares = np.exp((scores - scores.max(axis=1, keepdims=True)) / _TEMPERATURE)
        return [self._judgement(row) for row in shares / shares.sum(axis=1, keepdims=True)]

    def _judgement(self, row: Vectors) -> Judgement:
        order = np.argsort(-row)[:_KEPT]
        best = self.labels[order[0]]
        scenario = self._filed_as.get(best)
        alike = [at for at, label in enumerate(self.labels) if scenario and self._filed_as.get(label) == scenario]
        certainty = float(row[alike or order[:1]].sum())
        return Judgement(tuple((self.labels[at], float(row[at])) for at in order), certainty)

    def _kept(self, prototypes: Prototypes) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """The numbers of the prototypes that hold for this agent."""
        own = [at for at, label in enumerate(prototypes.labels) if label not in ACTS]
        others = [at for at, label in enumerate(prototypes.labels) if label == _OUTSIDE]
        alike = np.zeros(len(prototypes.labels), bool)
        if own and others:
            kernel = _kernel(self._prototypes.rows(others), self._prototypes.rows(own), english=False)
            alike[others] = kernel.max(axis=1) > _ALIKE
        return np.flatnonzero(~alike)

    def _centred(self, vectors: Encoded) -> Encoded:
        centred = vectors.e5 - self._common
        centred /= np.maximum(np.float32(1e-6), np.linalg.norm(centred, axis=1, keepdims=True))
        return Encoded(centred, vectors.use, vectors.minilm)

    def _fitted(self, english: bool) -> Vectors:
        with self._lock:
            if english not in self._dual:
                kernel = _kernel(self._prototypes, self._prototypes, english=english)
                kernel[np.diag_indices_from(kernel)] += _RIDGE / self._weights
                self._dual[english] = np.linalg.solve(kernel, self._targets - self._prior)
            return self._dual[english]


def _kernel(vectors: Encoded, prototypes: Encoded, *, english: bool) -> Vectors:
    """Shape ``(rows, prototypes)``."""
    weights = _ENGLISH if english else _OTHERS
    kernel: Vectors = np.zeros((len(vectors), len(prototypes)), np.float32)
    for weight, name in zip(weights, ("e5", "use", "minilm"), strict=True):
        if weight:
            similarity = getattr(vectors, name) @ getattr(prototypes, name).T
            np.clip(similarity, 0, 1, out=similarity)
            similarity *= similarity
            similarity *= weight
            kernel += similarity
    return kernel


def _weights(prototypes: Prototypes) -> Vectors:
    """What each prototype counts for: one of a few examples of an intent for as much as one of many."""
    pairs = list(zip(prototypes.labels, prototypes.languages, strict=True))
    counts = Counter(pairs)
    weights = np.array(
        [
            1.0 if label in ACTS else min(_MAX_WEIGHT, max(1.0, _MANY / counts[label, language]))
            for label, language in pairs
        ],
        np.float32,
    )
    own = np.array([label not in ACTS for label in prototypes.labels], bool)
    if own.any():
        outside = np.array([label == _OUTSIDE for label in prototypes.labels], bool)
        weights[outside] = max(_MIN_WEIGHT, 1 / float(weights[own].mean()))
    return weights
