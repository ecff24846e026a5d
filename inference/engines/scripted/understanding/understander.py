"""Natural language understanding of one utterance: wishes with their polarity, acts, the answer to a question."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.agent_model import AgentModel
from inference.engines.scripted.understanding.answer_model import AnswerModel
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.prototypes import PrototypeStore, clean
from inference.engines.scripted.understanding.utterance import Utterance
from inference.engines.scripted.values import (
    NOTHING_ASKED,
    Expectation,
    Understanding,
)

_CACHE_SIZE = 4096
#: Agents whose fitted models are kept in memory.
_MAX_MODELS = 16
#: Characters of an utterance that are understood.
_MAX_CHARS = 2000


class Understander:
    """Understands utterances for any agent. Thread-safe; caches the results, since a reply replays the history.

    ``directory``: where vectors of prototypes are kept between processes, None for nowhere.
    """

    def __init__(self, encoder: Encoder, directory: Path | None = None) -> None:
        self.encoder = encoder
        self._store = PrototypeStore(encoder, directory)
        self._models: OrderedDict[str, AgentModel] = OrderedDict()
        self._checksums: OrderedDict[int, tuple[AgentDefinition, str]] = OrderedDict()
        self._cache: OrderedDict[tuple[str, str, str, Expectation, dt.date], Understanding] = OrderedDict()
        self._lock = Lock()
        self._fitting = Lock()
        self._answers: AnswerModel | None = None

    def understand(
        self, text: str, language: str, agent: AgentDefinition, expected: Expectation = NOTHING_ASKED
    ) -> Understanding:
        """Deterministic. ``language``: of the messages before it or the session; the result has that of this text."""
        checksum = self._checksum(agent)
        today = dt.date.today()  # noqa: DTZ011 - "tomorrow" is by the local date
        key = (checksum, language, text, expected, today)
        with self._lock:
            if (kept := self._cache.get(key)) is not None:
                self._cache.move_to_end(key)
                return kept
        model = self._model(agent, checksum)
        said = text[:_MAX_CHARS]
        asked = "person_name" in expected.formats
        utterance = Utterance(said, language, agent, self.encoder, model.vocabulary, name_asked=asked)
        understood = utterance.understand(model, self._answer_model(), expected, today)
        with self._lock:
            understood = self._cache.setdefault(key, understood)
            while len(self._cache) > _CACHE_SIZE:
                self._cache.popitem(last=False)
        return understood

    def prepare(self, agent: AgentDefinition) -> None:
        """Reads or makes the vectors of the agent's prototypes and of answers, so that no message waits for them."""
        self._model(agent, self._checksum(agent))
        self._answer_model()

    def warm(self, agent: AgentDefinition) -> None:
        """Does what else is done once, when a wish in the agent's first language is understood: seconds of work."""
        language = agent.languages[0]
        examples = [text for intent in agent.intents for text in intent.examples.get(language, ())]
        for text in examples[:1]:
            self.understand(text, language, agent)

    def similarity(self, left: str, right: str) -> float:
        """How alike two utterances are, 0..1, as the mean of two embedding models."""
        vectors = self.encoder.encode([clean(left), clean(right)], english=False)
        e5 = float(vectors.e5[0] @ vectors.e5[1])
        return (max(0.0, (e5 - 0.7) / 0.3) + max(0.0, float(vectors.use[0] @ vectors.use[1]))) / 2

    def _checksum(self, agent: AgentDefinition) -> str:
        """Of what a model is fitted to. Computed once an object."""
        with self._lock:
            known = self._checksums.get(id(agent))
        if known is not None and known[0] is agent:
            return known[1]
        described = repr((agent.languages, [(each.name, each.scenario, each.examples) for each in agent.intents]))
        checksum = hashlib.sha256(described.encode("utf-8", "surrogatepass")).hexdigest()
        with self._lock:
            self._checksums[id(agent)] = (agent, checksum)
            while len(self._checksums) > _MAX_MODELS * 4:
                self._checksums.popitem(last=False)
        return checksum

    def _answer_model(self) -> AnswerModel:
        with self._fitting:
            if self._answers is None:
                self._answers = AnswerModel(self.encoder, self._store.answers())
            return self._answers

    def _model(self, agent: AgentDefinition, checksum: str) -> AgentModel:
        with self._lock:
            if (kept := self._models.get(checksum)) is not None:
                self._models.move_to_end(checksum)
                return kept
        with self._fitting:  # two turns of one new agent fit it once
            with self._lock:
                if (kept := self._models.get(checksum)) is not None:
                    return kept
            model = AgentModel(self._store, self.encoder, agent)
            with self._lock:
                self._models[checksum] = model
                while len(self._models) > _MAX_MODELS:
                    self._models.popitem(last=False)
            return model
