"""A reader by word lists alone, for a process without the models: reads too little rather than too much."""

from __future__ import annotations

from db.agents.definition import AgentDefinition
from inference.engines.scripted.inverse_normalization import inverse_normalize
from inference.engines.scripted.lexicon import LANGUAGES, WORD, fold, lexicon
from inference.engines.scripted.reading.claims import claims_of
from inference.turn.guard.reading import Answer, Reading, Withheld
from inference.turn.guard.words import tokens

_DEFAULT = "en"

#: Characters that are read, which bounds the time that a hostile text can cost. A longer text is no plain yes.
MAX_CHARS = 1000

#: Letters that tell a word of a scenario's title apart from others, and that forms of a word share.
_TELLING, _STEM = 4, 5


class LexiconReader:
    """An answer is a yes only if all its words are words of assent; a no counts against all that it names."""

    name = "lexicon"

    async def load(self) -> None:
        """Word lists are read when they are needed."""

    def read(self, text: str, language: str, agent: AgentDefinition, *, question: str | None = None) -> Reading:
        whole, text = len(text) <= MAX_CHARS, text[:MAX_CHARS]
        folded = fold(text)
        no = _begins_with_no(folded)
        named = _named(text, agent)
        return Reading(
            answer=Answer.NO if no else Answer.YES if whole and _is_assent(folded) else Answer.OTHER,
            named=named,
            wanted=frozenset() if no else named,
            denied=named if no else frozenset(),
            written=self.numbers(text, language),
        )

    def claims(self, text: str, language: str) -> bool:
        return claims_of(language).found_in(text)

    def numbers(self, text: str, language: str) -> str:
        return inverse_normalize(text[:MAX_CHARS], lexicon(language if language in LANGUAGES else _DEFAULT))

    def instead(self, why: Withheld, language: str) -> str:
        return claims_of(language).instead[why.value]


def _begins_with_no(folded: str) -> bool:
    first = WORD.search(folded)
    return first is not None and any(lexicon(each).no.match(folded, first.start()) for each in LANGUAGES)


def _is_assent(folded: str) -> bool:
    """Whether a text is words of assent of one language and nothing else."""
    if "?" in folded or not WORD.search(folded):
        return False
    return any(not WORD.search(lexicon(each).yes.sub(" ", folded)) for each in LANGUAGES)


def _named(text: str, agent: AgentDefinition) -> frozenset[str]:
    """The intents of scenarios of whose titles a word is in the text, in any form that begins alike."""
    stems = {word[:_STEM] for word in tokens(text) if len(word) >= _TELLING}
    found: set[str] = set()
    for scenario in agent.scenarios:
        titles = (word for lines in scenario.title.values() for title in lines for word in tokens(title))
        if any(word[:_STEM] in stems for word in titles if len(word) >= _TELLING):
            found.update(agent.intents_of(scenario.name))
    return frozenset(found)
