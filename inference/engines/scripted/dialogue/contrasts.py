"""A text that is put right by words alone: "not Silver but Gold", "make it Premium", "the street is Oak, not Elm"."""

from __future__ import annotations

import re
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
    words = [each.group() for each in WORD.finditer(known) if len(each.group()) >= _MIN_LETTERS]
    for old in dict.fromkeys((known, *words)):
        for template in cues.contrast:
            if "{old}" in template and fold(old) in fold(short) and (new := _new(template, old, short, cues)):
                return new if old == known else known.replace(old, new, 1)
    if said_last:
        for template in cues.contrast:
            if "{old}" not in template and (new := _new(template, "", short, cues)):
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


def _new(template: str, old: str, text: str, cues: Cues) -> str | None:
    escaped = re.escape(template).replace(r"\ ", r"\s+")
    old_pattern = rf"(?:\w{{1,3}}['\s]\s*)?{re.escape(fold(old))}(?:\s+\w+)?" if old else ""
    pattern = escaped.replace(r"\{old\}", old_pattern).replace(r"\{new\}", _NEW)
    tail = r"(?=$|[.,;:!?।])" if template.endswith("{new}") else ""
    found = re.search(rf"(?<!\w){pattern}{tail}", text, re.IGNORECASE)
    if found is None:
        return None
    new = without_around(_trailing_name(found["new"]) if template.startswith("{new}") else found["new"], cues)
    if not 0 < len(WORD.findall(new)) <= _MAX_WORDS or fold(new) == fold(old):
        return None
    # Without the old value only a name or a number is sure to be a new one: "I mean yes".
    named = new[:1].isupper() or new[:1].isdigit()
    uncased = not new[:1].islower() or not any(ch.isupper() for ch in text[1:])
    return new if named or (old and uncased) else None


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
