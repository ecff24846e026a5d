"""Claims in a reply: "I have filed it", in the words of each language, from ``languages/<code>/guard.toml``."""

from __future__ import annotations

import re
from functools import cache

from pydantic import BaseModel, ConfigDict

from inference.engines.scripted.lexicon import LANGUAGES, fold, read_table

_DEFAULT = "en"

#: A denial or a condition counts within its clause: "not to worry, I have filed it" is a claim.
_CLAUSE = re.compile(r"[,;:.!?।…\n]+|\s[-–—]\s")

#: Characters of a part of a reply that are looked at; a longer sentence is cut before.
_MAX_CHARS = 1000


class _GuardFile(BaseModel):
    """Schema of ``guard.toml``."""

    model_config = ConfigDict(extra="forbid")

    done: str
    claims: list[str]
    denials: str
    reservations: str
    instead: dict[str, str]


class Claims:
    """The patterns of a language."""

    def __init__(self, language: str) -> None:
        words = _GuardFile.model_validate(read_table(language, "guard"))
        self._claims = re.compile("|".join(f"(?:{each.replace('{done}', words.done)})" for each in words.claims))
        self._denials = re.compile(words.denials)
        self._reservations = re.compile(words.reservations)
        self.instead = words.instead

    def found_in(self, text: str) -> bool:
        """Whether a clause says that something was done, and neither denies it nor puts it under a condition."""
        clauses = _CLAUSE.split(fold(text[:_MAX_CHARS]))
        return any(self._claims.search(clause) and not self._denials.search(clause) for clause in clauses)

    def reserves(self, text: str) -> bool:
        """Whether a yes has a reservation: "yes, but only in December"."""
        return self._reservations.search(fold(text[:_MAX_CHARS])) is not None


@cache
def claims_of(language: str) -> Claims:
    """The claims of a language; of English for one that has none."""
    return Claims(language if language in LANGUAGES else _DEFAULT)
