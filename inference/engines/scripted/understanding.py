"""One utterance, understood: what it asks for, what it says of the customer, and whether it is a yes or a no."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from inference.engines.scripted.entities import Entities, find_entities
from inference.engines.scripted.intents import Guess, IntentModel
from inference.engines.scripted.lexicon import WORD, Lexicon, fold, lexicon

#: Below these the engine says that it is unsure. Set on tests/quality/intents.toml.
_SCORE, _MARGIN = 0.2, 0.05
#: A clause has less to go by than a whole utterance, so more is asked of it.
_CLAUSE_SCORE, _CLAUSE_MARGIN = 0.3, 0.12
_CLAUSE_WORDS = 2
_MAX_CLAUSES = 8
#: A longer answer is no plain yes or no.
_SHORT = 6
_REMEMBERED = 2048
_SENTENCE = re.compile(r"[.!?;।\n]+\s*")


@dataclass(frozen=True, slots=True)
class Want:
    """A request that a scenario covers, in the customer's words."""

    scenario: str
    intent: str
    text: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """``chat``: a sure intent that no scenario covers ("greeting", "status"); ``guess``: null if nothing was said."""

    text: str
    entities: Entities
    guess: Guess | None
    wants: tuple[Want, ...] = ()
    chat: str | None = None
    yes: bool = False
    no: bool = False
    declined: bool = False
    replaces: bool = False
    corrects: bool = False
    words: int = 0


class Understander:
    """Understands utterances, and remembers the last of them: a history is understood anew at every reply."""

    def __init__(self, model: IntentModel) -> None:
        self.model = model
        self._memory: OrderedDict[tuple[str, str], Understanding] = OrderedDict()
        self._lock = Lock()

    def understand(self, text: str, language: str) -> Understanding:
        """The same words always come out the same."""
        key = (language, text)
        with self._lock:
            if key in self._memory:
                self._memory.move_to_end(key)
                return self._memory[key]
        understood = self._understand(text, language)
        with self._lock:
            self._memory[key] = understood
            if len(self._memory) > _REMEMBERED:
                self._memory.popitem(last=False)
        return understood

    def _understand(self, text: str, language: str) -> Understanding:
        text = text.strip()
        words = lexicon(language)
        entities = find_entities(text, words)
        if not WORD.search(text):
            return Understanding(text, entities, None)
        clauses = _clauses(text, words)
        masked = [entities.masked, *(find_entities(clause, words).masked for clause in clauses)]
        whole, *parts = self.model.guess(masked, language)
        wants = _wants(text, whole, list(zip(clauses, parts, strict=True)))
        folded = fold(text)
        count = len(WORD.findall(folded))
        short = count <= _SHORT
        no = _starts(words.no, folded)
        return Understanding(
            text=text,
            entities=entities,
            guess=whole,
            wants=wants,
            chat=None if wants else _chat(whole, parts),
            yes=_starts(words.yes, folded) and not no and (short or folded.find(",") in range(1, 12)),
            no=no and (short or folded.find(",") in range(1, 12)),
            declined=bool(words.decline.search(folded)) or (short and no),
            replaces=bool(words.replaces.search(folded)),
            corrects=bool(words.correction.search(folded)),
            words=count,
        )


def _starts(pattern: re.Pattern[str], folded: str) -> bool:
    match = WORD.search(folded)
    return match is not None and pattern.match(folded, match.start()) is not None


def _clauses(text: str, words: Lexicon) -> list[str]:
    """Sentences and what stands between "and"s. A single clause is the whole, and given as none."""
    pieces = [clause for sentence in _SENTENCE.split(text) for clause in words.joins.split(sentence)]
    clauses = [piece.strip(" ,") for piece in pieces if len(WORD.findall(piece)) >= _CLAUSE_WORDS]
    return clauses[:_MAX_CLAUSES] if len(pieces) > 1 else []


def _sure(guess: Guess) -> bool:
    return guess.score >= _SCORE and guess.margin >= _MARGIN


def _sure_clause(guess: Guess) -> bool:
    return guess.score >= _CLAUSE_SCORE and guess.margin >= _CLAUSE_MARGIN


def _wants(text: str, whole: Guess, clauses: list[tuple[str, Guess]]) -> tuple[Want, ...]:
    """Several scenarios when several clauses surely say so; else that of the whole, or of its surest clause."""
    found: dict[str, Want] = {}
    best: tuple[float, Guess] | None = None
    for clause, guess in clauses:
        if guess.scenario is None or not _sure_clause(guess):
            continue
        best = max(best or (0.0, guess), (guess.score, guess), key=lambda item: item[0])
        earlier = found.get(guess.scenario)
        said = f"{earlier.text} {clause}" if earlier else clause
        found[guess.scenario] = Want(guess.scenario, earlier.intent if earlier else guess.intent, said)
    if len(found) > 1:
        return tuple(found.values())
    if _sure(whole) and whole.scenario is not None:
        return (Want(whole.scenario, whole.intent, text),)
    if best is not None and best[1].scenario is not None:
        return (Want(best[1].scenario, best[1].intent, text),)
    return ()


def _chat(whole: Guess, clauses: list[Guess]) -> str | None:
    """The intent of an utterance without a request; a clause that asks something outweighs the greeting before it."""
    asking = [guess for guess in clauses if _sure_clause(guess) and guess.intent in {"status", "recall", "nevermind"}]
    if asking:
        return asking[-1].intent
    if _sure(whole) and whole.scenario is None:
        return whole.intent
    sure = [guess for guess in clauses if _sure_clause(guess)]
    return sure[-1].intent if sure else None
