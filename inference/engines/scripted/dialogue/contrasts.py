"""A text that is put right by words alone: "not Silver but Gold", "make it Premium", "the street is Oak, not Elm"."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from inference.engines.scripted.dialogue.cues import Cues
from inference.engines.scripted.lexicon import WORD, fold

#: Words of a new value.
_MAX_WORDS = 4
#: Letters of a word of the known value that may be put right alone.
_MIN_LETTERS = 3
#: Characters of an utterance in which a correction is searched.
_MAX_CHARS = 200
_NEW = r"(?P<new>[^.,;:!?।]{1,40})"


def put_right(text: str, known: str, cues: Cues, *, said_last: bool) -> str | None:
    """The known value as the utterance puts it right; None if it does not.

    ``said_last``: whether the value was said last, so that "make it Premium" means it.
    """
    short = text[:_MAX_CHARS]
    for template in cues.contrast:
        if "{old}" in template and (new := _exchanged(template, short, known, cues)):
            return new
    if said_last:
        for template in cues.contrast:
            if "{old}" not in template and (new := _new(template, short, cues)):
                return new
    return None


def said_anew(text: str, known: str) -> str | None:
    """The known name of several words as the utterance says it with another last one: "Family 300" for "Family 200"."""
    *first, last = WORD.findall(known)
    if not first or sum(map(len, first)) < _MIN_LETTERS:
        return None
    head = r"\s+".join(re.escape(fold(word)) for word in first)
    found = re.findall(rf"(?<!\w){head}\s+(\w+)", text[:_MAX_CHARS], re.IGNORECASE)
    other = [each for each in found if fold(each) != fold(last) and (each[0].isupper() or each[0].isdigit())]
    return f"{' '.join(first)} {other[-1]}" if other else None


def with_other_word(text: str, known: str) -> str | None:
    """The known value with the word before a kept one exchanged: "I meant Oak Street" for "87 Elm Street, Dayton"."""
    words = [each.group() for each in WORD.finditer(known)]
    for old, kept in pairwise(words):
        if not (old[:1].isupper() and kept[:1].isupper()) or re.search(rf"\b{old}\s+{kept}\b", text, re.IGNORECASE):
            continue
        found = re.search(rf"(?<!\w)([^\W\d_]+)\s+{kept}(?!\w)", text[:_MAX_CHARS])
        if found is not None and found[1][:1].isupper() and fold(found[1]) not in map(fold, words):
            return known.replace(f"{old} {kept}", f"{found[1]} {kept}", 1)
    return None


def _exchanged(template: str, text: str, known: str, cues: Cues) -> str | None:
    """The known value with the words that are denied exchanged: "Oak Street, not Elm Street", "no es tercero b es
    cuarto b".
    """
    for found in _pattern(template).finditer(text):
        said = found["new"]
        if template.startswith("{new}"):
            said = _trailing_name(said) if text != text.lower() else _last_words(said, len(WORD.findall(found["old"])))
        new = without_around(said, cues)
        if not new[:1].islower() or not any(ch.isupper() for ch in text[1:]):
            value = exchanged(known, found["old"], new)
            if value is not None:
                return value
    return None


def exchanged(known: str, old: str, new: str) -> str | None:
    """The known value with the words of ``old`` that are in it exchanged; None if none are, or if nothing changes."""
    words = list(WORD.finditer(known))
    run = _common_run([fold(each.group()) for each in words], WORD.findall(fold(old)))
    if run is None:
        return None
    first, last = run
    before = [fold(each.group()) for each in words[:first]]
    behind = [fold(each.group()) for each in words[last:]]
    new = _without_known(new, before, behind)
    wrong = known[words[first].start() : words[last - 1].end()]
    if not 0 < len(WORD.findall(new)) <= _MAX_WORDS or fold(new) == fold(wrong):
        return None
    return known[: words[first].start()] + new + known[words[last - 1].end() :]


@cache
def _pattern(template: str) -> re.Pattern[str]:
    body = re.escape(template).replace(r"\ ", r"\s+")
    body = body.replace(r"\{old\}", _NEW.replace("new", "old")).replace(r"\{new\}", _NEW)
    tail = r"(?=$|[.,;:!?।])" if template.endswith("}") else r"(?!\w)"
    return re.compile(rf"(?<!\w){body}{tail}", re.IGNORECASE)


def _common_run(known: list[str], said: list[str]) -> tuple[int, int] | None:
    """Where the most words in a row that both have stand in the known value; a short word alone does not count."""
    best: tuple[int, int] | None = None
    for first in range(len(known)):
        for at in range(len(said)):
            size = 0
            while first + size < len(known) and at + size < len(said) and known[first + size] == said[at + size]:
                size += 1
            telling = size > 1 or (size == 1 and (len(known[first]) >= _MIN_LETTERS or len(said) == 1))
            if telling and (best is None or size > best[1] - best[0]):
                best = (first, first + size)
    return best


def _without_known(new: str, before: list[str], behind: list[str]) -> str:
    """A new value without the words that stand beside the exchanged ones anyway: "Elm | Avenue, not Street"."""
    words = new.split()
    for size in range(len(words) - 1, 0, -1):
        if [fold(each) for each in words[:size]] == before[-size:]:
            words = words[size:]
            break
    for size in range(len(words) - 1, 0, -1):
        if [fold(each) for each in words[-size:]] == behind[:size]:
            words = words[:-size]
            break
    return " ".join(words)


def _last_words(said: str, count: int) -> str:
    return " ".join(said.split()[-count:])


def _new(template: str, text: str, cues: Cues) -> str | None:
    found = _pattern(template).search(text)
    if found is None:
        return None
    new = without_around(_trailing_name(found["new"]) if template.startswith("{new}") else found["new"], cues)
    if not 0 < len(WORD.findall(new)) <= _MAX_WORDS:
        return None
    # Without the old value only a name or a number is sure to be a new one: "I mean yes".
    return new if new[:1].isupper() or new[:1].isdigit() else None


def _trailing_name(said: str) -> str:
    """The words with a capital or a digit at the end of what was said before "not Elm": "the street is Oak"."""
    words = said.split()
    start = len(words)
    while start and not words[start - 1][:1].islower():
        start -= 1
    return " ".join(words[start:])


def without_around(new: str, cues: Cues) -> str:
    """The new value without articles and the like around it."""
    words = new.split()
    while words and cues.around.fullmatch(fold(words[0])):
        words = words[1:]
    while words and cues.around.fullmatch(fold(words[-1])):
        words = words[:-1]
    return " ".join(words).strip(" \"'«»„“”")
