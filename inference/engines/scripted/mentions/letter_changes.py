"""Letters of a name that are put right: "Clark with a C", "con uve", "mit dt", "with two l", "not a K but a C"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, fold
from inference.engines.scripted.mentions.words import alternation, known_names, languages_of, mention_words

#: Letters that are mistaken for one another.
_ALIKE = (
    ("c", "k", "ck", "q", "cc", "kk", "qu", "ch"),
    ("i", "y", "j", "ie", "ee", "ea", "ey"),
    ("s", "z", "c", "ss", "zz", "tz", "ts", "sz"),
    ("v", "f", "w", "b", "ph", "ff"),
    ("t", "d", "dt", "th", "tt", "dd"),
    ("g", "j", "gg", "gh"),
    ("ai", "ei", "ay", "ey", "ae", "e"),
    ("a", "e", "o", "u"),
    ("m", "n", "mm", "nn"),
    ("x", "ks", "j", "chs"),
    ("l", "ll"),
    ("r", "rr"),
    ("p", "b", "pp"),
    ("h", ""),
)
#: Letters that are words too.
_WORDS = frozenset("aeiouy")
_PAIRS = sorted({each for group in _ALIKE for each in group if len(each) == 2} | {"oe", "ue", "sh"})


@dataclass(frozen=True, slots=True)
class LetterChange:
    """``folded[start:end]`` says that ``letters`` are in a name: ``twice``, at its ``end``, in the place of ``old``."""

    start: int
    stop: int
    letters: str
    twice: bool = False
    place: str = ""
    old: str = ""


@dataclass(frozen=True, slots=True)
class _Words:
    change: re.Pattern[str]
    without: re.Pattern[str]
    letters: dict[str, str]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each).letters for each in languages_of(language)]
    words = {fold(word) for each in languages_of(language) for word in known_names(each).common.split()}
    letters = {fold(key): value for each in tables for key, value in each.names.items() if fold(key) not in words}

    def either(name: str) -> str:
        return alternation(word for each in tables for word in getattr(each, name))

    as_in = either("as_in")
    pairs = "|".join(f"{each[0]} ?{each[1]}" for each in _PAIRS)
    one = rf"(?:{alternation(letters)}|(?:{pairs}){RIGHT}|(?![0-9]){LETTER})"
    small = f"(?:{either('articles')} )?"
    begin = rf"{LEFT}{either('with_')} {small}"
    twice = f"(?P<twice>(?:{either('twice')}) )?"
    place = rf"(?:,? (?:(?P<ends>{either('at_end')})|(?P<begins>{either('at_begin')})){RIGHT})?"
    word = rf"(?:,? {as_in} {LETTER}+)?"
    old = rf"(?:,? (?:{either('not_')}) (?:{either('with_')} )?{small}(?P<old>{one}){RIGHT})?"
    without = alternation(word for each in tables for word in each.without)
    left_out = re.compile(rf"{LEFT}{without} {small}(?P<letters>{one})(?![\w'])")
    return _Words(re.compile(f"{begin}{twice}(?P<letters>{one})(?:'?e?s)?{RIGHT}{word}{place}{old}"), left_out, letters)


def find_letter_changes(folded: str, language: str) -> list[LetterChange]:
    """What the text says about letters of a name."""
    words = _words(language)
    found = []
    for match in words.change.finditer(folded):
        if (
            match["letters"] in _WORDS
            and re.match(rf" {LETTER}", folded[match.end() :])
            and match.end() == match.end("letters")
        ):
            continue  # "my father has a heart alarm"
        letters = words.letters.get(match["letters"], match["letters"].replace(" ", ""))
        place = "end" if match["ends"] else "begin" if match["begins"] else ""
        old = words.letters.get(match["old"] or "", match["old"] or "")
        found.append(LetterChange(match.start(), match.end(), letters, match["twice"] is not None, place, old))
    for match in words.without.finditer(folded):
        left_out = words.letters.get(match["letters"], match["letters"].replace(" ", ""))
        following = re.match(rf" {LETTER}", folded[match.end() :])
        if not (left_out in _WORDS and following):
            found.append(LetterChange(match.start(), match.end(), "", old=left_out))
    return found


def changed_name(name: str, change: LetterChange) -> str:
    """The name with the change made in the last word that it fits; the same name if none does."""
    words = name.split()
    for at in range(len(words) - 1, -1, -1):
        done = _changed(words[at], change)
        if done is not None:
            words[at] = done
            break
    return " ".join(words)


def _changed(word: str, change: LetterChange) -> str | None:
    """The word with the change; None if it does not fit."""
    low, letters = fold(word), change.letters
    if len(low) != len(word) or len(word) < 2:
        return None
    if change.twice:
        if letters * 2 in low:
            return word
        at = low.find(letters, 1)
        return word[: at + 1] + letters + word[at + 1 :] if at > 0 else None
    if change.old:
        at = low.rfind(change.old)
        return _put(word, at, len(change.old), letters) if at >= 0 else None
    if change.place == "end":
        if low.endswith(letters):
            return word
        ending = next((each for each in _alike(letters) if each and low.endswith(each)), "")
        return word[: len(word) - len(ending)] + letters
    if change.place == "begin":
        if low.startswith(letters):
            return word
        mistaken = next((each for each in _alike(letters) if each and low.startswith(each)), None)
        return _put(word, 0, len(mistaken), letters) if mistaken else None
    if letters in low:
        return word
    for mistaken in _alike(letters):
        at = low.find(mistaken)
        if mistaken and at >= 0:
            return _put(word, at, len(mistaken), letters)
    return word + letters if letters == "e" else None


def _put(word: str, at: int, length: int, letters: str) -> str:
    new = letters.title() if word[at].isupper() else letters
    return word[:at] + new + word[at + length :]


def _alike(letters: str) -> list[str]:
    """What may stand in the place of the letters, as many as they are first."""
    found = dict.fromkeys(each for group in _ALIKE if letters in group for each in group if each != letters)
    return sorted(found, key=lambda each: (abs(len(each) - len(letters)), -len(each)))
