"""Letters of a known code that are put right: "not B, P", "AK, K for kilo", "with a D, not a B"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.mentions.email_parts import Corrected, Known
from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, known_names, languages_of, mention_words

#: Most letters of a code.
_MAX_LETTERS = 5


@dataclass(frozen=True, slots=True)
class _Words:
    said: re.Pattern[str]
    names: dict[str, str]
    negated: re.Pattern[str]
    behind: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Said:
    """Letters that are said. ``told``: with a word that tells which they are. ``wrong``: they are denied."""

    letters: str
    told: bool
    wrong: bool


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each) for each in languages_of(language)]
    common = {fold(word) for each in languages_of(language) for word in known_names(each).common.split()}
    names = {
        fold(key): value for each in tables for key, value in each.letters.names.items() if fold(key) not in common
    }
    alphabet = {fold(key): value for each in tables for key, value in each.letters.alphabet.items()}
    as_in = alternation(word for each in tables for word in each.letters.as_in)
    fixes = [each.corrections for each in tables]
    negations = alternation((word for each in fixes for word in (*each.negations, *each.negated)), " ")
    behind = alternation((word for each in fixes for word in (*each.negations_behind, *each.wrong)), " ")
    one = f"(?:{alternation(names)}{RIGHT}|[a-z](?![a-z]))"
    return _Words(
        re.compile(
            rf"(?<![\w'-])(?:(?P<letters>{one}(?:[ \-]{one}){{0,4}}|[a-z]{{2,{_MAX_LETTERS}}})(?![\w'])"
            rf"(?P<word>,? {as_in} (?P<told>{LETTER}{{2,}}))?|(?P<alphabet>{alternation(alphabet)}){RIGHT})"
        ),
        names | alphabet,
        re.compile(rf"{LEFT}{negations} (?:[^\s,.]{{1,5}} )?$"),
        re.compile(rf"[ ,]{{0,2}}{behind}{RIGHT}"),
    )


def correct_letters(said: Utterance, language: str, known: Sequence[Known]) -> Corrected | None:
    """The account number that was said last with the letters that the utterance puts right; None if it puts none."""
    code = next((each for each in known if each.format == "account_id"), None)
    prefix = re.match(r"[A-Za-z]+", code.value) if code else None
    if code is None or prefix is None or len(prefix.group()) > _MAX_LETTERS:
        return None
    digits = "".join(ch for ch in code.value if ch.isdigit())
    others = "".join(ch for ch in said.folded if ch.isdigit())
    if others and others != digits:
        return None
    old = fold(prefix.group())
    spoken = _said(said, _words(language))
    wrong = [each.letters for each in spoken if each.wrong and each.letters in old]
    right = [each for each in spoken if not each.wrong and each.letters != old]
    for each in right:
        letters = each.letters
        if wrong and len(wrong[0]) == len(letters) and letters != wrong[0]:
            new = old.replace(wrong[0], letters, 1)
        elif len(letters) == len(old) and (wrong or each.told or any(_tells(each, item) for item in spoken)):
            new = letters
        else:
            continue
        return Corrected(code.field, new.upper() + code.value[len(old) :], 0, len(said.text))
    return None


def _tells(letters: _Said, other: _Said) -> bool:
    """Whether a letter with its word tells which letters were said: "EC, E for Echo"."""
    return other is not letters and other.told and not other.wrong and other.letters in letters.letters


def _said(said: Utterance, words: _Words) -> list[_Said]:
    found: list[_Said] = []
    for match in words.said.finditer(said.folded):
        start = match.start()
        if match["alphabet"]:
            letters, told, upper = words.names[match["alphabet"]], True, True
        else:
            parts = re.split(r"[ \-]", match["letters"])
            if len(parts) > 1 and parts[0] == "a" and not said.is_upper(start):
                start, parts = start + 2, parts[1:]  # "with a | D"
            letters = "".join(words.names.get(part, part) for part in parts)
            told = match["told"] is not None and match["told"].startswith(letters[-1])
            span = range(start, match.end("letters"))
            upper = all(said.is_upper(at) for at in span if said.folded[at].isalpha())
        article = len(letters) == 1 and letters in "ai" and not told
        if article or not (upper or told) or len(letters) > _MAX_LETTERS:
            continue
        negation = words.negated.search(said.folded[max(0, start - 24) : start])
        leads = negation is not None and not said.folded[: max(0, start - 24) + negation.start()].strip(" ,")
        # "no, B as in Bravo" begins with what denies the value that was heard.
        denied = negation is not None and not (leads and (told or "," in negation.group()))
        behind = words.behind.match(said.folded, match.end())
        found.append(_Said(letters, told, denied or behind is not None))
    return found
