"""Parts of a known address that are put right or added: the town, a post code with letters, the flat or the floor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from inference.engines.scripted.mentions.address_words import address_words
from inference.engines.scripted.mentions.email_parts import Corrected, Known
from inference.engines.scripted.mentions.names import name_rules
from inference.engines.scripted.mentions.text import LEFT, RIGHT, WORD, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words

#: Words of an utterance that adds to an address, and says little else.
_MAX_WORDS = 9
#: Post codes of letters and digits: British, Canadian, Dutch.
_POST_CODE = re.compile(r"(?<!\w)(?:[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]\d[a-z] ?\d[a-z]\d|\d{4} ?[a-z]{2})(?!\w)")
#: Words between "town" and its name, and of the name.
_MAX_BEFORE, _MAX_TOWN = 3, 4
#: What names a flat: "3b", "2", "left".
_PART = re.compile(r"[ :]{1,2}(?:n[o.]? )?(?P<value>\d{1,4} ?[a-z]?|[a-z]\d{0,3})(?![\w])")


@cache
def _town_words(language: str) -> re.Pattern[str]:
    fixes = [mention_words(each).corrections for each in languages_of(language)]
    return re.compile(f"{LEFT}{alternation(word for each in fixes for word in each.town)}{RIGHT}")


def correct_address_part(said: Utterance, language: str, known: Sequence[Known]) -> Corrected | None:
    """The known address with its post code, its town or its flat as the utterance says it; None if it names none."""
    address = next((each for each in known if each.format == "postal_address"), None)
    if address is None:
        return None
    value = _post_code(said, address.value) or _town(said, language, address.value)
    value = value or _flat(said, language, address.value)
    return Corrected(address.field, value, 0, len(said.text)) if value and value != address.value else None


def _post_code(said: Utterance, known: str) -> str | None:
    """Another post code of letters and digits, much like the known one: "it's LS8 2QB"."""
    old = list(_POST_CODE.finditer(fold(known)))
    new = [match for match in _POST_CODE.finditer(said.folded) if old and match.group() != old[-1].group()]
    if not old or len(new) != 1 or len(fold(known)) != len(known):
        return None
    one, other = old[-1].group().replace(" ", ""), new[0].group().replace(" ", "")
    same = sum(a == b for a, b in zip(one, other, strict=False))
    if len(one) != len(other) or same * 2 < len(one):
        return None
    return known[: old[-1].start()] + new[0].group().upper() + known[old[-1].end() :]


def _town(said: Utterance, language: str, known: str) -> str | None:
    """The address with another town, where a word for it stands before: "the town is Denton"."""
    rules = name_rules(language)
    own = rules.own
    for cue in _town_words(language).finditer(said.folded):
        words = list(WORD.finditer(said.folded, cue.end()))[: _MAX_BEFORE + _MAX_TOWN]
        named = [_is_named(said, each) and each.group() not in own for each in words]
        first = named.index(True) if True in named[: _MAX_BEFORE + 1] else None
        if first is None or re.search(r"[.!?;]", said.folded[cue.end() : words[first].start()]):
            continue
        last = first
        while last + 1 < len(words) and named[last + 1] and words[last + 1].start() - words[last].end() == 1:
            last += 1
        if any(each.group() in rules.titles for each in words[: last + 1]):
            continue
        new = said.said(words[first].start(), words[last].end())
        rest = [each for each in WORD.findall(said.folded[words[last].end() :]) if each not in own]
        if rest:
            continue  # "the town of Bonn wrote to me"
        head, comma, place = known.rpartition(",")
        if not comma:
            return f"{known}, {new}"
        old = re.search(r"[^\W\d_][^\d,]*[^\W\d_]", place)
        return f"{head},{place[: old.start()]}{new}{place[old.end() :]}" if old else f"{known} {new}"
    return None


def _is_named(said: Utterance, word: re.Match[str]) -> bool:
    return said.is_upper(word.start()) or not said.has_case(word.start())


def _flat(said: Utterance, language: str, known: str) -> str | None:
    """The address with a flat, a floor or the like: another one, or added behind the street."""
    if len(said.folded.split()) > _MAX_WORDS:
        return None
    words = address_words(language)
    for cue in words.parts.finditer(said.folded):
        part = _PART.match(said.folded, cue.end())
        if part is None:
            continue
        old = re.search(rf"{LEFT}{re.escape(cue.group())}{RIGHT}", fold(known))
        there = _PART.match(fold(known), old.end()) if old else None
        if there is not None and len(fold(known)) == len(known):
            return known[: there.start("value")] + said.said(*part.span("value")) + known[there.end("value") :]
        if old is None:
            return f"{known}, {said.said(cue.start(), part.end())}"
    return None
