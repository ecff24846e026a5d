"""Codes that a text field of the agent holds: behind its name ("registration KL-45-DX"), or by the schema's pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from db.agents.definition import FieldDefinition
from db.agents.patterns import check_pattern, matches
from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.mentions.fields import Fields, Slot
from inference.engines.scripted.mentions.numerals import find_numerals
from inference.engines.scripted.mentions.text import LEFT, RIGHT, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words
from inference.engines.scripted.values import Expectation, Mention

_TOKEN = re.compile(r"[^\s,.;:!?()\"]+")
_WORD = re.compile(r"[\w\-/]+")
_SENTENCE_END = re.compile(r"[.!?;\n](?=\s|$)")
#: Characters from a field's name to its value, and words between the two.
_NEAR, _MAX_BETWEEN = 48, 4
#: Tokens of a code, and characters.
_MAX_TOKENS, _MAX_CODE = 8, 32
#: Letters of a word in capitals that may be a part of a code.
_MAX_CAPITALS = 4
_MAX_SMALL = 3
#: Tokens of an utterance that are read, and fields of which it may hold codes: a definition may have 5,000.
_MAX_READ, _MAX_SLOTS = 40, 20
_JOINTS = ("", "-", " ", "/")
#: What a pattern that tells a code from other words does not match.
_PLAIN = ("hello", "Hello there", "one of the words that I said")
#: Least characters of a code that is known by its pattern alone, when nobody asked for it.
_MIN_UNASKED = 5


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of an utterance. ``text``: as said, number words as digits, "" for a spoken hyphen."""

    start: int
    end: int
    text: str

    @property
    def has_digit(self) -> bool:
        return any(ch.isdigit() for ch in self.text)


def find_codes(said: Utterance, language: str, fields: Fields, expected: Expectation) -> list[Mention]:
    """The codes of text fields, each as it was said or as its pattern wants it."""
    slots = [slot for slot in fields.slots.values() if slot.format == "text" and slot.definitions]
    if not slots:
        return []
    tokens = _tokens(said, language)
    if not any(each.has_digit for each in tokens):
        return []
    found: list[Mention] = []
    for slot in sorted(slots, key=lambda each: each.name not in expected.fields)[:_MAX_SLOTS]:
        pattern = _telling_pattern(slot)
        free = [each for each in tokens if said.is_free(each.start, each.end)]
        code = _by_pattern(slot, pattern, free, said, expected) if pattern else _by_name(slot, free, said)
        if code is not None:
            start, end, value = code
            said.claim(start, end)
            found.append(Mention("text", value, *said.span(start, end), slot.name))
    return found


def codes_in(text: str, field: FieldDefinition) -> list[str]:
    """The printed codes of a text that the field's pattern allows."""
    pattern = field.json_schema.get("pattern")
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        if not _is_part(match.group()):
            continue
        if found and match.start() - found[-1][1] == 1 and text[found[-1][1]] == " ":
            found[-1] = found[-1][0], match.end()
        else:
            found.append(match.span())
    codes = [text[start:end] for start, end in found if is_code(text[start:end])]
    return [each for each in codes if not isinstance(pattern, str) or matches(pattern, each)]


def joined_code(pieces: Sequence[str], field: FieldDefinition) -> str | None:
    """A code that was said in pieces, as the field's pattern wants it; None if it does not allow it."""
    pattern = str(field.json_schema["pattern"])
    said = [joint.join(pieces) for joint in _JOINTS]
    groups = [re.findall(r"[^\W\d_]+|\d+", each) for each in ("".join(pieces), " ".join(pieces))]
    texts = (*said, *(joint.join(each) for each in groups for joint in _JOINTS))
    cased = (each for text in texts for each in (text, text.upper(), text.lower()))
    return next((each for each in cased if matches(pattern, each)), None)


def is_code(text: str) -> bool:
    """Whether a text has digits and is made of them and letters in capitals alone: "KL 45 DX"."""
    words = text.split()
    return any(ch.isdigit() for ch in text) and all(_is_part(word) for word in words)


def _is_part(word: str) -> bool:
    return any(ch.isdigit() for ch in word) or (word.isupper() and len(word) <= _MAX_CAPITALS)


# --- by name ----------------------------------------------------------------------------------------------


def _by_name(slot: Slot, tokens: list[_Token], said: Utterance) -> tuple[int, int, str] | None:
    """The code that stands behind the last mention of the field's name, in the same sentence."""
    if slot.names is None or slot.phrases:
        return None
    for match in reversed(list(slot.names.finditer(said.folded))):
        stop = _SENTENCE_END.search(said.folded, match.end())
        last = min(match.end() + _NEAR, stop.start() if stop else len(said.folded))
        behind = [each for each in tokens if each.start >= match.end()]
        first = next((at for at, each in enumerate(behind) if each.start <= last and _is_part(each.text)), None)
        if first is None or first > _MAX_BETWEEN:
            continue
        run = [*_small_letters(behind[:first], said), *_run(behind[first:])]
        if any(each.has_digit for each in run):
            start, end = run[0].start, run[-1].end
            return start, end, _written(run, said)
    return None


def _small_letters(before: list[_Token], said: Utterance) -> list[_Token]:
    """Letters right before the digits of a code, where nothing is written in capitals: "plate is ka tr 77"."""
    if said.text != said.text.lower():
        return []
    at = len(before)
    while at and _is_small(before[at - 1].text):
        at -= 1
    return before[at:]


def _is_small(word: str) -> bool:
    return word.isalpha() and len(word) <= _MAX_SMALL and fold(word) not in _fillers()


def _run(tokens: list[_Token]) -> list[_Token]:
    """The tokens of one code, from the first on."""
    run: list[_Token] = []
    for each in tokens[:_MAX_TOKENS]:
        if run and each.start - run[-1].end > 1:
            break
        if each.text and not _is_part(each.text):
            break
        run.append(each)
    while run and not run[-1].text:
        run.pop()
    return run


def _written(run: list[_Token], said: Utterance) -> str:
    """A code as it was said, with spoken digits and hyphens written."""
    text = said.said(run[0].start, run[-1].end)
    words = [each.text for each in run]
    if all(word and fold(word) == said.folded[each.start : each.end] for word, each in zip(words, run, strict=True)):
        return text
    return " ".join(words).replace("  ", "-")


# --- by pattern -------------------------------------------------------------------------------------------


def _telling_pattern(slot: Slot) -> str | None:
    """The pattern of the field's schema, if it tells a code from other words."""
    pattern = slot.definitions[0].json_schema.get("pattern") if slot.definitions else None
    if not isinstance(pattern, str):
        return None
    whole = f"^(?:{pattern})$"
    try:
        check_pattern(whole)
    except ValueError:  # it cannot be a part of another: "(?x)[a-z]{3} # three letters"
        return None
    return None if any(matches(whole, text) for text in _PLAIN) else whole


def _by_pattern(
    slot: Slot, pattern: str, tokens: list[_Token], said: Utterance, expected: Expectation
) -> tuple[int, int, str] | None:
    """The longest part that the pattern matches; of those, what stands behind the field's name, or the last."""
    named = [match.end() for match in slot.names.finditer(said.folded)] if slot.names else []
    asked = slot.name in expected.fields
    best: tuple[tuple[bool, int, int], tuple[int, int, str]] | None = None
    for window in _windows(tokens):
        near = any(0 <= window[0].start - end <= _NEAR for end in named)
        value = next((text for text in _readings(window, said) if matches(pattern, text)), None)
        if value is None or not (asked or near or len(value) >= _MIN_UNASKED):
            continue
        rank = (near, len(value), window[0].start)
        if best is None or rank > best[0]:
            best = rank, (window[0].start, window[-1].end, value)
    return best[1] if best else None


def _windows(tokens: list[_Token]) -> Iterator[list[_Token]]:
    for first in range(len(tokens)):
        for last in range(first + 1, min(first + _MAX_TOKENS, len(tokens)) + 1):
            window = tokens[first:last]
            if window[0].text and window[-1].text and any(each.has_digit for each in window):
                yield window


def _readings(window: list[_Token], said: Utterance) -> Iterable[str]:
    """What a code may look like: as it was said, and its parts with the usual joints, in any case."""
    parts = [each.text for each in window if each.text]
    texts = dict.fromkeys([said.said(window[0].start, window[-1].end), *(joint.join(parts) for joint in _JOINTS)])
    spelled = " ".join(each.text or "-" for each in window).replace(" - ", "-")
    for text in (*texts, spelled, re.sub(r"[\s\-/.]", "", "".join(parts))):
        if len(text) <= _MAX_CODE:
            yield from dict.fromkeys((text, text.upper(), text.lower()))


# --- words ------------------------------------------------------------------------------------------------


@cache
def _dashes(language: str) -> re.Pattern[str]:
    tables = [mention_words(each) for each in languages_of(language)]
    return re.compile(f"{LEFT}{alternation(word for each in tables for word in each.numerals.dash)}{RIGHT}")


@cache
def _fillers() -> frozenset[str]:
    tables = [mention_words(each).numbers for each in LANGUAGES]
    return frozenset(fold(part) for each in tables for word in each.fillers for part in word.split())


def _tokens(said: Utterance, language: str) -> list[_Token]:
    """The words of an utterance, number words in digits."""
    spoken = find_numerals(said.folded, language)
    ends = {each.end for each in spoken}
    starts = {each.start for each in spoken}
    numerals = {
        each.start: each
        for each in spoken
        if each.spoken and (not each.weak or each.start - 1 in ends or each.end + 1 in starts)
    }
    dashes = {match.start(): match.end() for match in _dashes(language).finditer(said.folded)}
    found: list[_Token] = []
    at = 0
    for match in _TOKEN.finditer(said.folded):
        start = match.start()
        if start < at:
            continue
        numeral = numerals.get(start)
        if numeral is not None:
            found.append(_Token(start, numeral.end, numeral.digits))
        elif start in dashes and said.folded[start:].strip()[:1] != "-":
            found.append(_Token(start, max(dashes[start], start + 1), ""))
        else:
            found.append(_Token(start, match.end(), said.said(start, match.end())))
        at = found[-1].end
    return found[:_MAX_READ]
