"""Text fields that a phrase of the definition introduces: "because {}", "the {} plan"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.mentions.fields import Fields, Slot
from inference.engines.scripted.mentions.names import name_rules
from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words
from inference.engines.scripted.values import Mention

_SENTENCE_END = re.compile(r"[.!?;\n](?=\s|$)| - ")
_CLAUSE_END = re.compile(r"[.,!?;:\n()](?=\s|$)| - ")
_TOKEN = re.compile(rf"{LETTER}+(?:['\-+.]{LETTER}+)*\+?")
_MAX_CHARS = 200
_MAX_WORDS = 4
#: Values that one phrase introduces.
_MAX_MATCHES = 8
_AND = "(?:and|und|y|et|aur|और|اور)"
_TRAILING = re.compile(rf"[ ,]+{_AND}$")


@dataclass(frozen=True, slots=True)
class _Words:
    vague: frozenset[str]
    ends: re.Pattern[str]
    clause_ends: re.Pattern[str]
    owned: re.Pattern[str]
    number_cues: re.Pattern[str]
    links: re.Pattern[str]
    units: re.Pattern[str]
    common: frozenset[str]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each) for each in languages_of(language)]
    cues = [word for each in tables for word in (*each.numbers.account, *each.numbers.phone)]
    return _Words(
        frozenset(word for each in tables for text in each.texts.vague for word in _TOKEN.findall(fold(text))),
        re.compile(rf"[ ,]+{LEFT}{alternation(word for each in tables for word in each.texts.ends)}{RIGHT}"),
        _clause_ends(language),
        re.compile(rf"{LEFT}{alternation(word for each in tables for word in each.texts.owned)} (?:[^ ,.]{{1,12}} )?$"),
        re.compile(rf"[,;] (?:{LETTER}+ ){{0,2}}{LEFT}{alternation(cues)}{RIGHT}"),
        re.compile(alternation(word for each in tables for word in each.texts.links)),
        re.compile(alternation(word for each in tables for word in each.numbers.units)),
        name_rules(language).common,
    )


def _clause_ends(language: str) -> re.Pattern[str]:
    """Where a whole clause ends: courtesies anywhere, other words only at a comma or "and"."""
    tables = [mention_words(each) for each in languages_of(language)]
    ends = [word for each in tables for word in each.texts.ends]
    courtesies = {word for each in tables for word in each.names.trails}.intersection(ends)
    own = alternation(word for word in ends if word not in courtesies)
    return re.compile(rf"[ ,]+{alternation(courtesies)}{RIGHT}|(?:[,;]|(?: {_AND}))(?: {_AND})? {own}{RIGHT}")


def find_texts(said: Utterance, language: str, fields: Fields) -> list[Mention]:
    """The values that phrases introduce. A field with a phrase around its value ("the {} plan") holds a short name;
    others hold what is said up to the end of the sentence.
    """
    found: list[Mention] = []
    for slot in fields.slots.values():
        if slot.format != "text" or not slot.phrases:
            continue
        for phrase in slot.phrases:
            for match in _matches(phrase, said.folded):
                span = _short(said, match, language, slot.nouns) if slot.short else _long(said, match, language)
                if span is None or any(span[0] < each.end and each.start < span[1] for each in _spans(found, slot)):
                    continue
                value = said.said(*span)[:_MAX_CHARS].strip()
                found.append(Mention("text", value, *said.span(*span), slot.name))
    return found


def _matches(phrase: re.Pattern[str], folded: str) -> Iterator[re.Match[str]]:
    """The matches, of which one may begin in the value of another: "the Silver plan, no, the Gold plan"."""
    at = 0
    for _ in range(_MAX_MATCHES):
        match = phrase.search(folded, at)
        if match is None:
            return
        yield match
        at = max(match.start("value"), match.start() + 1)


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int


def _spans(found: list[Mention], slot: Slot) -> list[_Span]:
    return [_Span(each.start, each.end) for each in found if each.field == slot.name]


def _long(said: Utterance, match: re.Match[str], language: str) -> tuple[int, int] | None:
    words = _words(language)
    start = match.start("value")
    stop = _SENTENCE_END.search(said.folded, start)
    end = min(match.end("value"), stop.start() if stop else len(said.folded), start + _MAX_CHARS)
    for pattern in (words.clause_ends, words.number_cues, name_rules(language).cues):
        cut = pattern.search(said.folded, start + 1, end)
        end = cut.start() if cut else end
    end = start + len(_TRAILING.sub("", said.folded[start:end].rstrip(" ,:-")))
    tokens = _TOKEN.findall(said.folded[start:end])
    if not said.is_free(start, start + 1):
        return None  # "since 2015"
    if not tokens or all(token in words.vague for token in tokens):
        return None
    return start, end


def _short(said: Utterance, match: re.Match[str], language: str, nouns: frozenset[str]) -> tuple[int, int] | None:
    """A short name. ``nouns``: words behind names of the field ("plan"); behind other words only capitals count."""
    words = _words(language)
    start, end = match.span("value")
    tokens = list(_TOKEN.finditer(said.folded, start, end))
    if "end" in match.re.groupindex:
        breaks = [each.end() for each in _CLAUSE_END.finditer(said.folded, start, end)]
        tokens = [token for token in tokens if not breaks or token.start() >= breaks[-1]][-_MAX_WORDS:]
        kept: list[re.Match[str]] = []
        for token in reversed(tokens):
            capital = _is_capital(said, token)
            if token.group() in words.vague or (kept and _is_capital(said, kept[0]) and not capital):
                break
            if (
                kept
                and said.has_case(token.start())
                and not capital
                and not _is_capital(said, kept[0])
                and len(kept) >= 2
            ):
                break
            kept.insert(0, token)
        tokens = kept
    else:
        kept = _behind(said, tokens, (start, end), words)
        tokens = kept
    if tokens and words.owned.search(said.folded[max(0, tokens[0].start() - 40) : tokens[0].start()]):
        return None
    head = _TOKEN.findall(said.folded[match.start() : start])
    small = tokens and said.has_case(tokens[0].start()) and not _is_capital(said, tokens[0])
    if small and "end" not in match.re.groupindex and head and head[-1] not in nouns and said.text != said.text.lower():
        return None
    if not tokens or all(not token.group().isdigit() and len(token.group()) < 2 for token in tokens):
        return None
    return tokens[0].start(), tokens[-1].end()


def _behind(said: Utterance, tokens: list[re.Match[str]], span: tuple[int, int], words: _Words) -> list[re.Match[str]]:
    """The words of a name that stands behind its phrase."""
    start, end = span
    stop = _CLAUSE_END.search(said.folded, start)
    limit = min(end, stop.start() if stop else end)
    cut = words.ends.search(said.folded, start, limit)
    limit = cut.start() if cut else limit
    while len(tokens) > 1 and words.links.fullmatch(tokens[0].group()):
        tokens = tokens[1:]  # "la tarifa | de 20 gigas"
    kept: list[re.Match[str]] = []
    for token in tokens:
        if kept and kept[-1].group().isdigit() and words.units.fullmatch(token.group()) and token.end() <= limit:
            return [*kept, token]
        named = not kept and _begins_name(said, token, limit)
        if token.end() > limit or (token.group() in words.vague and not named) or len(kept) >= _MAX_WORDS:
            break
        if kept and _is_capital(said, kept[0]) and not _is_capital(said, token):
            break
        small = kept and not _is_capital(said, kept[0]) and said.has_case(token.start())
        if small and (said.text != said.text.lower() or len(kept) > 1 or token.group() in words.common):
            break
        kept.append(token)
    return kept


def _begins_name(said: Utterance, token: re.Match[str], limit: int) -> bool:
    """Whether a capital word and what is behind it are a name, whatever the word means: "Illimité 20"."""
    following = re.compile(r" (?:\d|[^\W\d_])").match(said.folded, token.end(), limit)
    named = following is not None and (said.is_upper(following.end() - 1) or following.group()[1:].isdigit())
    return named and said.is_upper(token.start()) and said.text != said.text.upper()


def _is_capital(said: Utterance, token: re.Match[str]) -> bool:
    return said.is_upper(token.start()) or token.group()[0].isdigit()
