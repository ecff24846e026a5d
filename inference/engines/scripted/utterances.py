"""Natural language understanding of one utterance: requested scenarios, entities, yes or no, corrections."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from inference.engines.scripted.entities import Entities, find_entities
from inference.engines.scripted.intents import IntentClassifier, Prediction
from inference.engines.scripted.lexicon import WORD, Lexicon, fold, lexicon

#: Below these the engine says that it did not understand. Tuned on tests/quality/intents.toml.
_MIN_SCORE, _MIN_MARGIN = 0.2, 0.05
#: Higher for a clause, which has less context than a whole utterance.
_MIN_CLAUSE_SCORE, _MIN_CLAUSE_MARGIN = 0.3, 0.12
_MIN_CLAUSE_WORDS = 2
_MAX_CLAUSES = 8
#: Most words of a plain yes or no.
_MAX_ANSWER_WORDS = 6
_CACHE_SIZE = 2048
_SENTENCE = re.compile(r"[.!?;।\n]+\s*")


@dataclass(frozen=True, slots=True)
class RequestedScenario:
    """A scenario that the customer asks for. ``text``: the utterance or clause that says so."""

    scenario: str
    intent: str
    text: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """``prediction``: the intent of the utterance, None without words. ``chat``: a certain intent without a scenario
    ("greeting", "status"). ``declined``: whether the customer would not say. ``words``: number of words.
    """

    text: str
    entities: Entities
    prediction: Prediction | None
    requested: tuple[RequestedScenario, ...] = ()
    chat: str | None = None
    yes: bool = False
    no: bool = False
    declined: bool = False
    replaces: bool = False
    corrects: bool = False
    words: int = 0


class Understander:
    """Understands utterances. Caches the results: every reply processes the whole history again."""

    def __init__(self, model: IntentClassifier) -> None:
        self.model = model
        self._cache: OrderedDict[tuple[str, str], Understanding] = OrderedDict()
        self._lock = Lock()

    def understand(self, text: str, language: str) -> Understanding:
        """Deterministic and thread-safe. ``language``: one of LANGUAGES."""
        key = (language, text)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        understood = self._understand(text, language)
        with self._lock:
            self._cache[key] = understood
            if len(self._cache) > _CACHE_SIZE:
                self._cache.popitem(last=False)
        return understood

    def _understand(self, text: str, language: str) -> Understanding:
        text = text.strip()
        words = lexicon(language)
        entities = find_entities(text, words)
        if not WORD.search(text):
            return Understanding(text, entities, None)
        clauses = _clauses(text, words)
        masked = [entities.masked, *(find_entities(clause, words).masked for clause in clauses)]
        whole, *parts = self.model.predict(masked, language)
        requested = _requested(text, whole, list(zip(clauses, parts, strict=True)))
        folded = fold(text)
        count = len(WORD.findall(folded))
        short = count <= _MAX_ANSWER_WORDS
        no = _starts_with(words.no, folded)
        return Understanding(
            text=text,
            entities=entities,
            prediction=whole,
            requested=requested,
            chat=None if requested else _chat(whole, parts),
            yes=_starts_with(words.yes, folded) and not no and (short or folded.find(",") in range(1, 12)),
            no=no and (short or folded.find(",") in range(1, 12)),
            declined=bool(words.decline.search(folded)) or (short and no),
            replaces=bool(words.replaces.search(folded)),
            corrects=bool(words.correction.search(folded)),
            words=count,
        )


def _starts_with(pattern: re.Pattern[str], folded: str) -> bool:
    match = WORD.search(folded)
    return match is not None and pattern.match(folded, match.start()) is not None


def _clauses(text: str, words: Lexicon) -> list[str]:
    """Clauses: sentences, split at conjunctions. Empty if there is only one."""
    pieces = [clause for sentence in _SENTENCE.split(text) for clause in words.joins.split(sentence)]
    clauses = [piece.strip(" ,") for piece in pieces if len(WORD.findall(piece)) >= _MIN_CLAUSE_WORDS]
    return clauses[:_MAX_CLAUSES] if len(pieces) > 1 else []


def _is_certain(prediction: Prediction) -> bool:
    return prediction.score >= _MIN_SCORE and prediction.margin >= _MIN_MARGIN


def _is_certain_clause(prediction: Prediction) -> bool:
    return prediction.score >= _MIN_CLAUSE_SCORE and prediction.margin >= _MIN_CLAUSE_MARGIN


def _requested(text: str, whole: Prediction, clauses: list[tuple[str, Prediction]]) -> tuple[RequestedScenario, ...]:
    """The scenarios of certain clauses, if several; else that of the utterance, or of its most certain clause."""
    found: dict[str, RequestedScenario] = {}
    best: tuple[float, Prediction] | None = None
    for clause, prediction in clauses:
        if prediction.scenario is None or not _is_certain_clause(prediction):
            continue
        best = max(best or (0.0, prediction), (prediction.score, prediction), key=lambda item: item[0])
        earlier = found.get(prediction.scenario)
        said = f"{earlier.text} {clause}" if earlier else clause
        found[prediction.scenario] = RequestedScenario(
            prediction.scenario, earlier.intent if earlier else prediction.intent, said
        )
    if len(found) > 1:
        return tuple(found.values())
    if _is_certain(whole) and whole.scenario is not None:
        return (RequestedScenario(whole.scenario, whole.intent, text),)
    if best is not None and best[1].scenario is not None:
        return (RequestedScenario(best[1].scenario, best[1].intent, text),)
    return ()


def _chat(whole: Prediction, clauses: list[Prediction]) -> str | None:
    """The intent of an utterance without a request; a clause that asks something takes precedence over a greeting."""
    asking = [
        prediction
        for prediction in clauses
        if _is_certain_clause(prediction) and prediction.intent in {"status", "recall", "nevermind"}
    ]
    if asking:
        return asking[-1].intent
    if _is_certain(whole) and whole.scenario is None:
        return whole.intent
    sure = [prediction for prediction in clauses if _is_certain_clause(prediction)]
    return sure[-1].intent if sure else None
