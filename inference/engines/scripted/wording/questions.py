"""Recognizes which questions an earlier reply asked, by the templates of all languages of the agent.

The history holds what the customer heard. A reply that was interrupted within a question for a value has asked it; one
that was interrupted within a question for a yes has not.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from db.agents.definition import AgentDefinition, ScenarioDefinition
from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.wording.asked import IDENTITY, Asks, Question
from inference.engines.scripted.wording.defaults import default_replies
from inference.engines.scripted.wording.wording import PLACEHOLDER, Wording

_KEYS = {
    "ask_any": Asks.IDENTITY,
    "ask_any_again": Asks.IDENTITY,
    "ask_any_confirm": Asks.IDENTITY,
    "ask_one_of": Asks.ONE_OF,
    "ask_one_of_again": Asks.ONE_OF,
    "confirm": Asks.CONFIRM,
    "confirm_again": Asks.CONFIRM,
    "unsure": Asks.REPHRASE,
    "unsure_again": Asks.REPHRASE,
    "unsure_offer": Asks.HANDOVER,
    "not_here_offer": Asks.HANDOVER,
    "withdraw_offer": Asks.HANDOVER,
    "failed_offer": Asks.HANDOVER,
    "correction_offer": Asks.HANDOVER,
    "anything_else": Asks.MORE,
    "thanks": Asks.MORE,
}
#: Replies that leave the question before them open.
_KEEPS = ("no_speech", "wait")
_FIELD_KEYS = ("ask_field", "ask_field_again", "failed_field")
#: Letters that a template must have to be recognized.
_MIN_LETTERS = 4
#: Letters of the beginning of a question from which on it was heard.
_MIN_HEARD = 8
_CACHE_SIZE = 1024
_SENTENCE_END = re.compile(r"[.!?।]\s+")


@dataclass(frozen=True, slots=True)
class _Template:
    pieces: tuple[str, ...]
    question: Question | None

    def place(self, said: str) -> int:
        """Where the template begins in a reply; -1 if it does not occur."""
        start = at = said.find(self.pieces[0])
        for piece in self.pieces:
            at = said.find(piece, max(at, 0))
            if at < 0:
                return -1
            at += len(piece)
        return start


class QuestionIndex:
    """The questions of one agent. Thread-safe."""

    def __init__(self, agent: AgentDefinition) -> None:
        found: dict[tuple[str, ...], Question | None] = {}
        for language in agent.languages:
            if language in LANGUAGES:
                for template, question in _templates(agent, language):
                    pieces = tuple(piece for piece in PLACEHOLDER.split(template.casefold())[::2] if piece.strip())
                    if sum(map(len, pieces)) >= _MIN_LETTERS:
                        found.setdefault(pieces, question)
        self._templates = [_Template(pieces, question) for pieces, question in found.items()]
        self._cache: OrderedDict[str, tuple[Question, ...] | None] = OrderedDict()
        self._lock = Lock()

    def asked(self, said: str) -> tuple[Question, ...] | None:
        """The questions of a reply, in their order. None: the reply leaves those before it open."""
        with self._lock:
            if said in self._cache:
                self._cache.move_to_end(said)
                return self._cache[said]
        questions = self._asked(said.casefold())
        with self._lock:
            self._cache[said] = questions
            if len(self._cache) > _CACHE_SIZE:
                self._cache.popitem(last=False)
        return questions

    def _asked(self, said: str) -> tuple[Question, ...] | None:
        places = [(each.place(said), each.question) for each in self._templates]
        found = sorted((place for place in places if place[0] >= 0), key=lambda place: place[0])
        asked = tuple(dict.fromkeys(question for _, question in found if question is not None))
        if asked:
            return asked
        return None if found else self._interrupted(said)

    def _interrupted(self, said: str) -> tuple[Question, ...]:
        """The question for a value within which the reply was interrupted."""
        last = _SENTENCE_END.split(said)[-1].strip()
        for each in self._templates:
            if each.question is None or each.question.asks not in {Asks.IDENTITY, Asks.FIELD, Asks.ONE_OF}:
                continue
            opening = each.pieces[0].strip()
            heard = last[: len(opening)]
            if len(heard) >= _MIN_HEARD and opening.startswith(heard):
                return (each.question,)
        return ()


def _templates(agent: AgentDefinition, language: str) -> list[tuple[str, Question | None]]:
    """All templates with a question, and those that keep one open (None)."""
    wording = Wording(agent, language)
    defaults = default_replies(language)
    found: list[tuple[str, Question | None]] = []
    for key, asks in _KEYS.items():
        own = agent.replies.get(key, {}).get(language, ())
        found += [(text, Question(asks)) for text in (*own, *defaults[key])]
    for key in _KEEPS:
        own = agent.replies.get(key, {}).get(language, ())
        found += [(text, None) for text in (*own, *defaults[key])]
    for scenario in (None, *agent.scenarios):
        names = IDENTITY if scenario is None else tuple(scenario.fields)
        for name in names:
            found += [(text, Question(Asks.FIELD, name)) for text in _asking(wording, scenario, name)]
            # to the rest of an account's number the name is an answer too
            rest = Question(Asks.IDENTITY) if scenario is None else Question(Asks.FIELD, name)
            found += [(text, rest) for text in _named(wording, scenario, name, ("ask_rest",))]
        if scenario is not None:
            for key in ("confirm", "ask_one_of"):
                found += [(text, Question(_KEYS[key])) for text in wording.variants(key, scenario)]
    return found


def _asking(wording: Wording, scenario: ScenarioDefinition | None, name: str) -> list[str]:
    """The templates that ask for one field, with its name filled in."""
    own = [
        text.replace("{field}", wording.field_name(name, scenario)) for text in wording.variants("ask", scenario, name)
    ]
    return [*own, *_named(wording, scenario, name, _FIELD_KEYS)]


def _named(wording: Wording, scenario: ScenarioDefinition | None, name: str, keys: tuple[str, ...]) -> list[str]:
    """General templates with the name of a field filled in."""
    named = wording.field_name(name, scenario)
    return [text.replace("{field}", named) for key in keys for text in wording.variants(key)]


_INDEXES: OrderedDict[int, tuple[AgentDefinition, QuestionIndex]] = OrderedDict()
_INDEXES_LOCK = Lock()
_MAX_AGENTS = 64


def question_index(agent: AgentDefinition) -> QuestionIndex:
    """The index of an agent's questions, cached."""
    with _INDEXES_LOCK:
        known = _INDEXES.get(id(agent))
        if known is not None:
            _INDEXES.move_to_end(id(agent))
            return known[1]
    index = QuestionIndex(agent)
    with _INDEXES_LOCK:
        _INDEXES[id(agent)] = (agent, index)  # the agent is kept, so that its id stays its own
        if len(_INDEXES) > _MAX_AGENTS:
            _INDEXES.popitem(last=False)
    return index
