"""Names that are spelled: "L-E-E", "B as in Bravo, O, B", "Anton Berta", "Meier mit Ypsilon"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache

from inference.engines.scripted.mentions.letter_changes import changed_name, find_letter_changes
from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words
from inference.engines.scripted.values import Mention

_MIN_LETTERS = 3
_MAX_DISTANCE = 60


@dataclass(frozen=True, slots=True)
class Spelled:
    """Letters at ``folded[start:end]``. ``cued``: "spelled" or "that's" stands before them."""

    start: int
    end: int
    letters: str
    cued: bool


@dataclass(frozen=True, slots=True)
class _Words:
    run: re.Pattern[str]
    item: re.Pattern[str]
    letters: dict[str, str]
    repeats: dict[str, int]
    cue: re.Pattern[str]
    denied: re.Pattern[str]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each) for each in languages_of(language)]
    letters = {fold(k): v for each in tables for k, v in (each.letters.names | each.letters.alphabet).items()}
    repeats = {fold(k): v for each in tables for k, v in each.numerals.repeats.items()}
    as_in = alternation(word for each in tables for word in each.letters.as_in)
    letter = rf"(?:{alternation(letters)}|(?![0-9]){LETTER}(?!{LETTER}))"
    names = alternation(letters)
    one = rf"(?:{names}{RIGHT}|(?:{alternation(repeats)} )?{letter})(?:,? {as_in} {LETTER}+(?:-{LETTER}+)*)?"
    cue = alternation(word for each in tables for word in each.letters.spelled)
    return _Words(
        re.compile(rf"(?<!['])" rf"{LEFT}{one}(?:[ .,\-]{{1,3}}{one}){{1,24}}{RIGHT}"),
        re.compile(
            rf"(?:(?P<name>{names}){RIGHT}|(?:(?P<times>{alternation(repeats)}) )?"
            rf"(?P<letter>{names}|{LETTER}(?!{LETTER})))"
            rf"(?:,? {as_in} {LETTER}+(?:-{LETTER}+)*)?"
        ),
        letters,
        repeats,
        re.compile(rf"{LEFT}{cue}{RIGHT}[ :,]*$"),
        re.compile(rf"{LEFT}{alternation(word for each in tables for word in each.letters.not_)} $"),
    )


def find_spelled(said: Utterance, language: str) -> list[Spelled]:
    """The spelled words of three letters or more; with a cue, of two."""
    words = _words(language)
    found = []
    for match in words.run.finditer(said.folded):
        if not said.is_free(match.start(), match.end()):
            continue
        letters = ""
        for item in words.item.finditer(said.folded, match.start(), match.end()):
            said_letter = item["name"] or item["letter"]
            letter = words.letters.get(said_letter, said_letter)
            letters += letter * words.repeats.get(item["times"] or "", 1)
        cued = words.cue.search(said.folded[: match.start()]) is not None
        if words.denied.search(said.folded[: match.start()]):
            continue  # "not L-E-E"
        if len(letters) >= _MIN_LETTERS and not _is_initials(said, match):
            found.append(Spelled(match.start(), match.end(), letters, cued))
    return found


def spelled_words(text: str, language: str) -> list[str]:
    """The words that a text spells, with a capital."""
    return [each.letters.title() for each in find_spelled(Utterance(text), language)]


def _is_initials(said: Utterance, match: re.Match[str]) -> bool:
    """ "J. R. R. Tolkien": initials before a surname."""
    rest = said.folded[match.end() :]
    dotted = "." in match.group() and rest.startswith((".", " "))
    after = re.match(rf"\.? (?={LETTER}{{2}})", rest)
    return dotted and after is not None and said.is_upper(match.end() + after.end())


def apply_spelling(
    said: Utterance, mentions: list[Mention], language: str, *, asked: bool, field: str | None
) -> list[Mention]:
    """The mentions with spelled letters put into the name before them, or as a name of their own if one was asked."""
    result = list(mentions)
    for each in find_spelled(said, language):
        start, end = said.span(each.start, each.end)
        names = [at for at, item in enumerate(result) if item.format == "person_name" and item.end <= start]
        near = names and start - result[names[-1]].end <= _MAX_DISTANCE
        if near:
            name = result[names[-1]]
            if fold(name.value).isascii() or not each.letters.isascii():
                name = replace(name, value=_respelled(name.value, each.letters))
            result[names[-1]] = replace(name, end=end)  # a name in another script stays as it was said
        elif asked or each.cued:
            result.append(Mention("person_name", each.letters.title(), start, end, field))
        else:
            continue
        said.claim(each.start, each.end)
    for change in find_letter_changes(said.folded, language):
        result = [
            replace(item, value=changed_name(item.value, change)) if item.format == "person_name" else item
            for item in result
        ]
    return result


def _respelled(name: str, letters: str) -> str:
    """The name with the word replaced that the letters are likest to, the last one in doubt."""
    words = name.split()
    likeness = [SequenceMatcher(None, _bare(word), letters).ratio() for word in words]
    best = max(range(len(words)), key=lambda at: (round(likeness[at], 1), at))
    for at in range(len(words) - 1):  # "Marek Stepanek, M A R E K, S Z C ..."
        before = "".join(map(_bare, words[at:-1]))
        rest = letters.removeprefix(before)
        alike = SequenceMatcher(None, _bare(words[-1]), rest).ratio()
        if letters != rest and rest and alike > max(likeness):
            best, letters = len(words) - 1, rest
            break
    if _bare(words[best]) != letters:
        words[best] = letters.title()
    return " ".join(words)


def _bare(word: str) -> str:
    return fold(word).replace("'", "").replace("-", "")
