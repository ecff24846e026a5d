"""Whether a name is the speaker's own ("my name is", "speaking"), and names of things that end an utterance."""

from __future__ import annotations

import re

from inference.engines.scripted.mentions.names import name_rules
from inference.engines.scripted.mentions.text import fold
from inference.engines.scripted.mentions.words import mention_words

#: Characters before a name in which its cue stands.
_NEAR = 32
#: Between a cue and its name.
_SMALL = 12


def is_own_name(text: str, start: int, end: int, language: str) -> bool:
    """Whether words around ``text[start:end]`` say that the speaker is called so: "my name is". "That's" may point at
    anything.
    """
    rules = name_rules(language)
    before, behind = fold(text[max(0, start - _NEAR) : start]), fold(text[end:])
    if rules.other_persons.search(before):
        return False  # "it's my wife Karin Lee"
    for pattern in (rules.cues, rules.weak_cues):
        for cue in pattern.finditer(before):
            if pattern is rules.weak_cues and rules.impersonal.fullmatch(cue.group()):
                continue
            ahead = before[: cue.start()]
            others = rules.not_mine.search(ahead) or rules.other_persons.search(ahead)
            if len(before) - cue.end() <= _SMALL and not others:
                return True
    return rules.tails.match(behind) is not None


def last_name(text: str, language: str) -> str | None:
    """The words with capitals that an utterance ends with, and that are no words of the language: "no, Gold"."""
    rules = name_rules(language)
    table = mention_words(language)
    courtesies = {fold(word) for word in table.names.trails}
    markers = {fold(word) for word in table.corrections.markers}
    words = [word for word in re.split(r"[\s,.;:!?।۔]+", text) if word]
    while words and fold(words[-1]) in courtesies:
        words.pop()
    kept: list[str] = []
    while words and (words[-1][:1].isupper() or (words[-1].isdigit() and len(words) > 1)):
        kept.insert(0, words.pop())
    while kept and fold(kept[0]) in rules.common | markers:
        kept = kept[1:]
    named = kept and not any(fold(word) in rules.common | rules.given | markers for word in kept)
    return " ".join(kept) if named and not kept[0].isdigit() else None
