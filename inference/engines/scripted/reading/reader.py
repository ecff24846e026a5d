"""The guard's reader: the scripted engine's understanding, which reads for every chat engine of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

import structlog

from db.agents.definition import AgentDefinition
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.lexicon import LANGUAGES, fold
from inference.engines.scripted.mentions import says_edit
from inference.engines.scripted.reading.claims import claims_of
from inference.engines.scripted.reading.lexicon_reader import MAX_CHARS, LexiconReader
from inference.engines.scripted.understanding.conditions import without_shrugs
from inference.engines.scripted.understanding.cues import cues as clause_cues
from inference.engines.scripted.values import Expectation, Polarity, Reaction, Understanding
from inference.lender import load_failure
from inference.turn.guard.conversation import asks
from inference.turn.guard.reading import Answer, Reading, Withheld

if TYPE_CHECKING:
    from inference.engines.scripted.understanding.understander import Understander  # with the models' packages

_DEFAULT = "en"
_ANSWERS = {Reaction.YES: Answer.YES, Reaction.CONDITION: Answer.CONDITION, Reaction.NO: Answer.NO}

log = structlog.get_logger(__name__)


class UnderstandingReader:
    """Reads with the models of the scripted engine; with its word lists alone where they cannot be loaded.

    ``make``: loads the models; may raise anything that a missing or damaged package raises.
    """

    def __init__(self, make: Callable[[], Understander]) -> None:
        self._make = make
        self._lexicon = LexiconReader()
        self._understander: Understander | None = None
        self._failed = False
        self._lock = Lock()

    @property
    def name(self) -> str:
        return self._lexicon.name if self._failed else "understanding"

    async def load(self) -> None:
        """Loads the models; if they cannot be loaded, that is logged and the word lists are used."""
        await asyncio.to_thread(self._loaded)

    def read(self, text: str, language: str, agent: AgentDefinition, *, question: str | None = None) -> Reading:
        understander = self._loaded()
        if understander is None:
            return self._lexicon.read(text, language, agent, question=question)
        spoken = language if language in LANGUAGES else _DEFAULT
        asked = question is not None and asks(question)
        expected = Expectation(confirms=asked, binds=asked)
        understood = understander.understand(text, spoken, agent, expected)
        reading = _reading(understood, self._lexicon.numbers(text, understood.language))
        if understood.reaction is Reaction.NONE and self._lexicon.read(text, spoken, agent).answer is Answer.YES:
            return replace(reading, answer=Answer.YES)
        if reading.answer is Answer.YES and len(text) > MAX_CHARS:
            return replace(reading, answer=Answer.OTHER)
        if reading.answer is Answer.YES and self._reserves(text, understood.language):
            return replace(reading, answer=Answer.CONDITION, condition=text)  # a yes that the models take for plain
        return reading

    @staticmethod
    def _reserves(text: str, language: str) -> bool:
        """Whether a yes has a reservation; words that only give in are none: "if I must"."""
        return claims_of(language).reserves(without_shrugs(text, clause_cues(language)))

    def claims(self, text: str, language: str) -> bool:
        return self._lexicon.claims(text, language)

    def numbers(self, text: str, language: str) -> str:
        return self._lexicon.numbers(text, language)

    def instead(self, why: Withheld, language: str) -> str:
        return self._lexicon.instead(why, language)

    def _loaded(self) -> Understander | None:
        with self._lock:
            if self._understander is None and not self._failed:
                try:
                    self._understander = self._make()
                except Exception as error:
                    self._failed = True
                    reason = load_failure("scripted", error, "pip install 'voxloom[worker]'").message
                    log.warning("guard_reads_by_word_lists", reason=reason)
            return self._understander


def _reading(understood: Understanding, written: str) -> Reading:
    by_polarity = {
        polarity: frozenset(wish.intent for wish in understood.wishes if wish.polarity is polarity)
        for polarity in Polarity
    }
    answer = _ANSWERS.get(understood.reaction, Answer.OTHER)
    return Reading(
        answer=Answer.CONDITION if answer is Answer.YES and understood.condition else answer,
        named=frozenset(wish.intent for wish in understood.wishes),
        wanted=by_polarity[Polarity.WANTED],
        denied=by_polarity[Polarity.DENIED] | by_polarity[Polarity.SETTLED],
        condition=understood.condition,
        values=tuple(mention.value for mention in understood.mentions),
        retracted=tuple(mention.value for mention in understood.mentions if mention.retracted),
        written=written,
        rearranges=says_edit(understood.text[:MAX_CHARS], understood.language),
        another=cues(understood.language).another.search(fold(understood.text)) is not None,
    )
