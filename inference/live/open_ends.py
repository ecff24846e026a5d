"""Open ends: whether a caller's words so far ask for more, by language.

Words end openly after a number, a comma or a word that no sentence ends with. Digits are counted as recognisers write
them ("555-013", "5 5 5", "five five").
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

#: A run of digits or of letters; by exclusion, since the vowel signs of Hindi are no letters to ``re``.
_WORD = re.compile(r"\d+|[^\s\d.,;:!?¡¿।…۔،؟()\[\]\"«»“”\-–—/]+")
#: Words of an answer that is complete by itself.
_LONGEST_ANSWER = 4

_OPEN_MARK = re.compile(r"(?:[,;:\-–—…]|\.\.\.)\s*$")


def words_of(text: str) -> list[str]:
    """The words of a transcript in lower case, without marks; digits that are written together are one word."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True, slots=True)
class OpenEnds:
    """The words of one language that end a turn openly: names of digits and of letters, and words of sentences.

    ``answers``: the words of short answers, which are complete ("yes", "no, thank you").
    """

    digits: frozenset[str]
    letters: frozenset[str]
    words: frozenset[str]
    answers: frozenset[str]

    def trailing_digits(self, text: str) -> int:
        """How many digits the text ends with, written or spelled; 0 if with none."""
        count = 0
        for word in reversed(words_of(text)):
            if word.isdigit():
                count += len(word)
            elif word in self.digits:
                count += 1
            else:
                break
        return count

    def is_spelled(self, text: str) -> bool:
        """Whether the text ends with a letter by itself, as in a reference that is spelled."""
        words = words_of(text)
        return bool(words) and (words[-1] in self.letters or (len(words[-1]) == 1 and words[-1].isalpha()))

    def is_open(self, text: str) -> bool:
        """Whether the text ends with a mark or a word after which a sentence goes on."""
        words = words_of(text)
        return bool(_OPEN_MARK.search(text)) or (bool(words) and words[-1] in self.words)

    def is_answer(self, text: str) -> bool:
        """Whether the text is a short answer and nothing else."""
        words = words_of(text)
        return 0 < len(words) <= _LONGEST_ANSWER and self.answers.issuperset(words)


@lru_cache
def open_ends(language: str) -> OpenEnds:
    """The open ends of a language, ISO 639-1; for one without a table only figures and marks count."""
    table: dict[str, dict[str, str]] = tomllib.loads(
        (files(__package__) / "open_ends.toml").read_text(encoding="utf-8")
    )
    found = table.get(language, {})
    kinds = ("digits", "letters", "words", "answers")
    return OpenEnds(*(frozenset(found.get(each, "").split()) for each in kinds))
