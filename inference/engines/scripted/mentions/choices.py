"""Values of enum fields, by what customers say for them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from difflib import SequenceMatcher
from functools import cache, lru_cache

from inference.engines.scripted.lexicon import LANGUAGES, lexicon
from inference.engines.scripted.mentions.fields import Fields, Slot, choices_of
from inference.engines.scripted.mentions.numerals import number_words
from inference.engines.scripted.mentions.text import LEFT, RIGHT, WORD, Utterance, fold
from inference.engines.scripted.values import Expectation, Mention

#: Letters of a word that tells one choice from the others, and how alike another form of it is, 0..1.
_MIN_LETTERS = 3
_ALIKE = 0.8
_MIN_ALIKE_LETTERS = 5


def find_choices(
    said: Utterance,
    languages: tuple[str, ...],
    fields: Fields,
    expected: Expectation,
    *,
    phrases: bool = False,
    known: Collection[Mention] = (),
) -> list[Mention]:
    """The values of enum fields, the longest wordings first. Of fields that share a wording the asked one has it.

    An answer to the question for a field may be in any language of the agent, and say a part of a wording. A plain yes
    or no is a value only there. ``phrases``: only wordings of several words, of which a time or another value may be a
    part: "before noon". ``known``: values that were found before.
    """
    wordings: dict[str, list[tuple[Slot, str]]] = {}
    for slot in sorted(fields.of_format("enum"), key=lambda each: each.name not in expected.fields):
        asked = slot.name in expected.fields
        for value, text in _wordings(slot, None if asked else languages):
            if (asked or not is_plain_answer(text)) and (" " in text or not phrases):
                wordings.setdefault(text, []).append((slot, value))
    found: list[Mention] = []
    for wording in sorted(wordings, key=len, reverse=True):
        for match in _pattern(wording).finditer(said.folded):
            if not said.is_free(match.start(), match.end()):
                continue
            slots = wordings[wording]
            named = fields.assign("enum", said.folded, match.start(), match.end(), expected)
            slot, value = next((each for each in slots if each[0].name == named), slots[0])
            sure = len(slots) == 1 or slot.name in expected.fields or slot.name == named
            said.claim(match.start(), match.end())
            found.append(Mention("enum", value, *said.span(match.start(), match.end()), slot.name if sure else None))
    for slot in [] if phrases else fields.of_format("enum"):
        if slot.name in expected.fields and not any(each.field == slot.name for each in (*known, *found)):
            found += _by_telling_word(said, slot, languages)
    return found


def _by_telling_word(said: Utterance, slot: Slot, languages: tuple[str, ...]) -> list[Mention]:
    """The value of the asked field by a word that only its wordings have: "the double", "los de invierno"."""
    pairs = _wordings(slot, None)
    counts = Counter(word for word, _ in {(word, value) for value, text in pairs for word in WORD.findall(text)})
    numbers = number_words(languages[0], 99)
    telling = {
        word: value
        for value, text in pairs
        for word in WORD.findall(text)
        if counts[word] == 1 and word not in numbers and (text == word or len(word) >= _MIN_LETTERS)
    }
    found: dict[str, re.Match[str]] = {}
    for match in WORD.finditer(said.folded):
        value = telling.get(match.group()) or _alike(match.group(), telling)
        if value is not None and len(match.group()) >= _MIN_LETTERS and said.is_free(*match.span()):
            found.setdefault(value, match)
    if len(found) != 1:
        return []
    [(value, match)] = found.items()
    said.claim(*match.span())
    return [Mention("enum", value, *said.span(*match.span()), slot.name)]


def _alike(word: str, telling: dict[str, str]) -> str | None:
    """The value of the telling word that another is a form of, or is heard as."""
    if len(word) < _MIN_ALIKE_LETTERS:
        return None
    ratios = {each: SequenceMatcher(None, word, each).ratio() for each in telling if len(each) >= _MIN_ALIKE_LETTERS}
    best = max(ratios, key=lambda each: ratios[each], default=None)
    return telling[best] if best is not None and ratios[best] >= _ALIKE and best[0] == word[0] else None


def is_plain_answer(text: str) -> bool:
    """Whether a text is a plain yes or no in any language."""
    return text in _plain_answers()


@cache
def _plain_answers() -> frozenset[str]:
    return frozenset(each for language in LANGUAGES for each in map(fold, lexicon(language).plain_answers))


def _wordings(slot: Slot, languages: tuple[str, ...] | None) -> list[tuple[str, str]]:
    """Value and folded wording: the value itself, and the definitions' words for it in some or all languages."""
    pairs: list[tuple[str, str]] = []
    for field in slot.definitions:
        for value in choices_of(field):
            texts = field.values.get(value, {})
            said = [text for each in (texts if languages is None else languages) for text in texts.get(each, [])]
            pairs += [(value, fold(each)) for each in (value, value.replace("_", " "), *said)]
    return list(dict.fromkeys(pairs))


@lru_cache(maxsize=2048)
def _pattern(wording: str) -> re.Pattern[str]:
    body = r"\s+".join(re.escape(word) for word in wording.split())
    return re.compile(f"{LEFT}{body}{RIGHT}")
