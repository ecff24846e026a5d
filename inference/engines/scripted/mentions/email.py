"""E-mail addresses, written or spoken ("jane dot doe at example dot com")."""

from __future__ import annotations

import re
from functools import cache

from inference.engines.scripted.mentions.fields import Fields
from inference.engines.scripted.mentions.numerals import find_numerals, number_pattern
from inference.engines.scripted.mentions.text import LEFT, Utterance
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words
from inference.engines.scripted.values import Expectation, Mention

_LOCAL = r"[a-z0-9_+\-]{1,64}(?:\.[a-z0-9_+\-]{1,64}){0,6}"
#: Letters that are said one by one: "m a r t a".
_LETTERS = r"[a-z](?: [a-z](?![a-z0-9])){1,24}"
_WRITTEN = re.compile(r"(?<![\w.+\-@])[a-z0-9_+\-][a-z0-9_.+\-]{0,63} ?@ ?[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){1,5}")


@cache
def _spoken(language: str) -> tuple[re.Pattern[str], dict[str, re.Pattern[str]]]:
    tables = [mention_words(each).email for each in languages_of(language)]
    at, dot, dash, underscore = (
        alternation(word for each in tables for word in getattr(each, name))
        for name in ("at", "dot", "dash", "underscore")
    )
    joint = f"(?:{underscore}|{dot}|{dash})"
    item = f"(?:{_LETTERS}|{_LOCAL})"
    digits = rf"(?: (?:\d{{1,6}}|{number_pattern(language, 99, weak=False)}(?![a-z])))"
    pattern = re.compile(
        rf"{LEFT}(?P<local>{item}{digits}{{0,3}}(?: {joint} {item}{digits}{{0,3}}){{0,5}}) (?:{at}) "
        rf"(?P<domain>{item}(?: (?:{dash}) {item}){{0,3}}(?: (?:{dot}) {item}){{1,4}}|{_LOCAL}\.[a-z]{{2,}})"
        rf"(?![a-z0-9])(?! (?:{at}) )"
    )
    signs = {"_": underscore, ".": dot, "-": dash}
    return pattern, {sign: re.compile(f" {words} ") for sign, words in signs.items()}


def find_emails(said: Utterance, language: str, fields: Fields, expected: Expectation) -> list[Mention]:
    """The e-mail addresses, in lower case."""
    found: list[Mention] = []
    spoken, signs = _spoken(language)
    for match in (*_WRITTEN.finditer(said.folded), *spoken.finditer(said.folded)):
        if not said.is_free(match.start(), match.end()):
            continue
        value = match.group()
        if "@" in value:
            value = value.replace(" ", "")
        else:
            parts = [match["local"], match["domain"]]
            for sign, words in signs.items():
                parts = [words.sub(sign, words.sub(sign, part)) for part in parts]
            value = "@".join(_in_digits(part, language).replace(" ", "") for part in parts)
        said.claim(match.start(), match.end())
        field = fields.assign("email", said.folded, match.start(), match.end(), expected)
        found.append(Mention("email", value, *said.span(match.start(), match.end()), field))
    return found


def _in_digits(text: str, language: str) -> str:
    """The text with number words behind a space in digits: "okafor eighty eight"."""
    pieces: list[str] = []
    at = 0
    for numeral in find_numerals(text, language):
        if numeral.spoken and not numeral.weak and numeral.start and text[numeral.start - 1] == " ":
            pieces += [text[at : numeral.start], numeral.digits]
            at = numeral.end
    return "".join([*pieces, text[at:]])
