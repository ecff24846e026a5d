"""Corrections of a part of an e-mail address: "the domain is web.de", "gmail, not hotmail", "at web dot de"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import NamedTuple

from inference.engines.scripted.mentions.dates import fold_pattern
from inference.engines.scripted.mentions.text import LEFT, RIGHT, Utterance
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words

_SIGN = r"[a-z0-9_\-]{1,40}"
_DOMAIN = rf"(?:{_SIGN}\.){{1,4}}[a-z]{{2,10}}"
_TOKEN = rf"@?\.?{_SIGN}(?:\.{_SIGN}){{0,4}}"
_PARTS = re.compile(r"[._\-+]")
#: A word with signs in it: "priya_raghu".
_SIGNED = re.compile(r"(?<![\w.\-@])[a-z0-9]+(?:[._\-][a-z0-9]+)+(?![\w@])")
#: "gmx.de", or an ending alone: ".com".
_BARE_DOMAIN = re.compile(r"(?<![\w.\-@])(?:[a-z0-9\-]{2,30}(?:\.[a-z0-9\-]{2,30}){0,2})?\.[a-z]{2,4}(?![\w@\-]|\.\w)")
#: Words of an utterance that says a domain and little else.
_MAX_BARE_WORDS = 8
#: How alike what was said before the @ and its correction are, 0..1.
_SAME_LOCAL = 0.75


class Known(NamedTuple):
    """A value that was said before. ``format``: of its field."""

    field: str
    value: str
    format: str


class Corrected(NamedTuple):
    """The right value of a field, and the span of the utterance that says its part."""

    field: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Words:
    """``domain``: a domain behind its name or the sign. ``local``: what stands before the sign, behind its name."""

    signs: tuple[tuple[str, re.Pattern[str]], ...]
    contrasts: tuple[re.Pattern[str], ...]
    domain: re.Pattern[str]
    local: re.Pattern[str]
    without: tuple[tuple[str, re.Pattern[str]], ...]
    named: tuple[tuple[str, re.Pattern[str]], ...]
    denied: re.Pattern[str]
    denied_dot: re.Pattern[str]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each) for each in languages_of(language)]
    fixes = [each.corrections for each in tables]

    def either(name: str) -> str:
        return alternation(word for each in tables for word in getattr(each.email, name))

    contrasts = [fold_pattern(text).replace("{x}", _TOKEN) for each in fixes for text in each.contrasts]
    domain = alternation(word for each in fixes for word in each.domain)
    local = alternation(word for each in fixes for word in each.local)
    end = r"(?=$|[\s,;!?]|\.(?:$|\s))"
    small = r"(?:[^\s,]{1,8}[ ,]+){0,3}?"
    negations = alternation(word for each in fixes for word in each.negations)
    signs = ((".", "dot"), ("-", "dash"), ("_", "underscore"))
    return _Words(
        (
            ("@", re.compile(rf"{LEFT}{either('at')} (?={_DOMAIN})")),
            (".", re.compile(rf"(?:^| ){either('dot')} ")),
            ("-", re.compile(rf" {either('dash')} ")),
            ("_", re.compile(rf" {either('underscore')} ")),
        ),
        tuple(re.compile(rf"(?<![^\s,;:!?¿¡()]){text}(?=$|[\s,;:!?]|\.(?:$|\s))") for text in contrasts),
        re.compile(rf"(?:{LEFT}{domain}{RIGHT}[ :,]+{small}@?|(?<![\w.\-])@)(?P<domain>{_DOMAIN})(?![\w\-])"),
        re.compile(rf"{LEFT}{local}{RIGHT}[ :,]+{small}(?P<local>{_SIGN}(?:\.{_SIGN}){{0,4}}){end}"),
        tuple(
            (sign, re.compile(rf"{LEFT}{negations} (?:[^\s,]{{1,5}} )?{either(name)}{RIGHT}")) for sign, name in signs
        ),
        tuple((sign, re.compile(rf"{LEFT}{either(name)}{RIGHT}")) for sign, name in signs),
        re.compile(rf"{LEFT}{negations} (?:[^\s,]{{1,5}} )?$"),
        re.compile(rf"(?P<before>{LEFT}{negations} ){either('dot')} (?=[a-z])"),
    )


def correct_email(said: Utterance, language: str, known: Sequence[Known]) -> Corrected | None:
    """The e-mail address that was said last, with the part put right that the utterance names."""
    address = next((each for each in known if each.format == "email" and "@" in each.value), None)
    if address is None:
        return None
    words = _words(language)
    folded = words.denied_dot.sub(r"\g<before>.", said.folded)
    for sign, pattern in words.signs[1:]:
        folded = pattern.sub(sign, folded)
    folded = words.signs[0][1].sub("@", folded)
    if re.search(rf"{_SIGN}@{_SIGN}", folded):
        return None  # the whole address
    local, _, domain = address.value.partition("@")

    def corrected(value: str) -> Corrected | None:
        return None if value == address.value else Corrected(address.field, value, 0, len(said.text))

    for pattern in words.contrasts:
        for match in pattern.finditer(folded):
            changed = _exchanged(local, domain, match["old"].strip("@."), match["new"].strip("@."))
            if changed is not None:
                return corrected(changed)
    named = [match["domain"] for match in words.domain.finditer(folded) if match["domain"] != domain]
    if named:
        return corrected(f"{local}@{named[-1]}")
    before = words.local.search(folded)
    if before:
        return corrected(f"{before['local']}@{domain}")
    again = [each for each in _SIGNED.findall(folded) if _alike(each, local)]
    if again:
        return corrected(f"{again[-1]}@{domain}")
    left_out = [sign for sign, pattern in words.without if pattern.search(said.folded) and sign in local]
    if left_out:
        put = [sign for sign in _named_signs(said.folded, words) if sign not in left_out]
        return corrected(f"{local.replace(left_out[0], put[0] if put else '')}@{domain}")
    bare = [match for match in _BARE_DOMAIN.finditer(folded) if not words.denied.search(folded[: match.start()])]
    if len(folded.split()) <= _MAX_BARE_WORDS and len(bare) == 1:
        said_domain = bare[0].group()
        return corrected(f"{local}@{_with_ending(domain, said_domain)}")
    return None


def _named_signs(folded: str, words: _Words) -> list[str]:
    """The signs that are named and not denied: "underscore, not a dot"."""
    return [
        sign
        for sign, pattern in words.named
        if any(not words.denied.search(folded[: match.start()]) for match in pattern.finditer(folded))
    ]


def _with_ending(domain: str, said: str) -> str:
    """The domain that is said, or the known one with the ending that is said: ".com"."""
    return f"{domain.rpartition('.')[0]}{said}" if said.startswith(".") else said


def _alike(said: str, local: str) -> bool:
    """Whether a word with signs in it is what stands before the @, in other letters or signs."""
    one, other = _PARTS.sub("", said), _PARTS.sub("", local)
    return SequenceMatcher(None, one, other).ratio() >= _SAME_LOCAL


def _exchanged(local: str, domain: str, old: str, new: str) -> str | None:
    """The address with a word of it, or all of one side, exchanged."""
    if not new or old == new:
        return None
    if old in {domain, *domain.split(".")}:
        place = domain.rfind(old)
        return f"{local}@{domain[:place]}{new}{domain[place + len(old) :]}"
    if old in {local, *_PARTS.split(local)} or (old.isdigit() and local.count(old) == 1):
        place = local.rfind(old)
        return f"{local[:place]}{new}{local[place + len(old) :]}@{domain}"
    return None
