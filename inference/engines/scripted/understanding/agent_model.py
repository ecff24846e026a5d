"""What understanding knows of an agent: the classifier of its intents, its examples and their words."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from db.agents.definition import AgentDefinition
from inference.engines.scripted.understanding.encoder import Encoder
from inference.engines.scripted.understanding.evidence import IntentExamples, examples_by_intent
from inference.engines.scripted.understanding.intents import IntentModel, Judgement
from inference.engines.scripted.understanding.prototypes import PrototypeStore, clean, vocabulary_of

_CACHE_SIZE = 4096


class AgentModel:
    """An agent's classifier, with a cache of its judgements, and what its examples are like. ``named_in``: fields with
    phrases for a name ("the {} plan") that one scenario alone has -> that scenario.
    """

    def __init__(self, store: PrototypeStore, encoder: Encoder, agent: AgentDefinition) -> None:
        prototypes = store.of(agent)
        self._encoder = encoder
        self._classifier = IntentModel(prototypes, {each.name: each.scenario for each in agent.intents})
        self._cache: OrderedDict[tuple[bool, str], Judgement] = OrderedDict()
        self._lock = Lock()
        self.examples: dict[str, IntentExamples] = examples_by_intent(prototypes)
        self.vocabulary = vocabulary_of(prototypes)
        self.named_in = _named_in(agent)

    def judge(self, texts: Sequence[str], *, english: bool) -> list[Judgement]:
        """A judgement of each masked text."""
        keys = [(english, clean(text)) for text in texts]
        with self._lock:
            known = {key: self._cache[key] for key in keys if key in self._cache}
        missing = [key for key in dict.fromkeys(keys) if key not in known]
        if missing:
            vectors = self._encoder.encode([text for _, text in missing], english=english)
            known |= dict(zip(missing, self._classifier.judge(vectors, english=english), strict=True))
        with self._lock:
            for key in missing:
                known[key] = self._cache.setdefault(key, known[key])  # all threads go on with the first result
            while len(self._cache) > _CACHE_SIZE:
                self._cache.popitem(last=False)
        return [known[key] for key in keys]


def _named_in(agent: AgentDefinition) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for scenario in agent.scenarios:
        for name, field in scenario.fields.items():
            if field.holds_name:
                found.setdefault(name, []).append(scenario.name)
    return {name: scenarios[0] for name, scenarios in found.items() if len(scenarios) == 1}
