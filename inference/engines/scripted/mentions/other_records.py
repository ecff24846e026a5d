"""Numbers that are no account's: of a ticket, a case or an earlier call, or said where the account's is not at hand."""

from __future__ import annotations

import re
from functools import cache

from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.mentions.text import LEFT, RIGHT
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words

#: Characters between what has a number and the number: "the ticket you gave me last time was 300245".
_MAX_BETWEEN = 60
#: Characters before a number that may say that it is not at hand.
_MAX_BEFORE = 240
#: Marks and words behind which something else is spoken of.
_BREAK = re.compile(rf"[,.;:!?\n()\d]|{LEFT}(?:and|but|und|aber|y|pero|et|mais|और|लेकिन|aur|lekin|اور|لیکن){RIGHT}")


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    """What has a number, earlier calls, accounts and phones, what says that a number is lacking, or found."""
    own = [mention_words(each).numbers for each in languages_of(language)]
    every = [mention_words(each).numbers for each in LANGUAGES]
    lists = (
        [word for each in own for word in each.records],
        [word for each in own for word in each.earlier],
        [word for each in every for word in (*each.account, *each.phone)],
        [word for each in own for word in each.lacking],
        [word for each in own for word in each.regained],
    )
    return tuple(re.compile(f"{LEFT}{alternation(words)}{RIGHT}") for words in lists)


def is_of_a_record(folded: str, start: int, language: str) -> bool:
    """Whether the clause before a number says that it is that of a ticket or the like, with other words between: "the
    ticket from last time was | 300245". A clause that names an account or a phone says that itself.
    """
    first = max(0, start - _MAX_BETWEEN)
    breaks = list(_BREAK.finditer(folded, first, start))
    clause = folded[breaks[-1].end() if breaks else first : start]
    records, earlier, named, _, _ = _patterns(language)
    found = records.search(clause) or earlier.search(clause)
    return found is not None and not named.search(clause)


def is_suspect(folded: str, start: int, language: str) -> bool:
    """Whether it was said before ``start`` that the number is not at hand, and not that it was found after all."""
    first = max(0, start - _MAX_BEFORE)
    _, _, _, lacking, regained = _patterns(language)
    said = list(lacking.finditer(folded, first, start))
    return bool(said) and not regained.search(folded, said[-1].end(), start)
