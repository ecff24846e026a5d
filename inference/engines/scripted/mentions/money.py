"""Amounts of money: "$49.90", "49,90 Euro", "forty-nine euros ninety", "quarante-neuf euros quatre-vingt-dix"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.mentions.fields import Fields
from inference.engines.scripted.mentions.numerals import Numeral, find_numerals
from inference.engines.scripted.mentions.text import LEFT, RIGHT, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words
from inference.engines.scripted.values import Expectation, Mention

_AMOUNT = r"\d{1,3}(?:[.,' ]\d{3}){1,3}(?:[.,]\d{1,2})?(?!\d)|\d{1,9}(?:[.,]\d{1,2})?(?!\d)"
_DECIMAL = re.compile(r"(?<![\w.,\-])(?:\d{1,3}(?:[.,]\d{3}){0,3}|\d{1,9})[.,]\d{1,2}(?![\w\-]|[.,]\d)")


_Add = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class _Words:
    written: re.Pattern[str]
    currency: re.Pattern[str]
    cents: re.Pattern[str]
    joint: re.Pattern[str]
    decimal: re.Pattern[str]
    codes: dict[str, str]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each).money for each in languages_of(language)]
    codes = {fold(word): code for each in tables for word, code in each.currencies.items()}
    signs = [word for word in codes if not word[0].isalpha()]
    names = alternation(word for word in codes if word[0].isalpha())
    cents = alternation(word for each in tables for word in each.cents)
    joint = alternation(word for each in tables for word in each.joints)
    sign = alternation(signs)
    before = alternation([*signs, "rs", "rs.", "eur", "usd", "gbp", "inr", "chf"])
    return _Words(
        re.compile(
            rf"(?:(?<![a-z])(?P<before>{before}) ?(?P<first>{_AMOUNT}))"
            rf"|(?<![\w.,])(?P<second>{_AMOUNT}) ?(?P<after>{sign}|{names}{RIGHT})(?: (?P<minor>\d\d)(?![\w.,]))?"
        ),
        re.compile(rf" ?(?P<currency>{sign}|{names}{RIGHT})"),
        re.compile(rf" ?{cents}{RIGHT}"),
        re.compile(rf" (?:{joint} )?|{LEFT}{joint} "),
        re.compile(rf"[ -]|,? {alternation(word for each in tables for word in each.decimals)} "),
        codes,
    )


def find_money(said: Utterance, language: str, fields: Fields, expected: Expectation) -> list[Mention]:
    """The amounts, as "49.90 EUR"; without a currency only if an amount was asked for."""
    words = _words(language)
    found: list[Mention] = []

    def add(start: int, end: int, value: str) -> None:
        if said.is_free(start, end):
            said.claim(start, end)
            field = fields.assign("money", said.folded, start, end, expected)
            found.append(Mention("money", value, *said.span(start, end), field))

    numerals = find_numerals(said.folded, language)
    for match in words.written.finditer(said.folded):
        sign = match["before"] or match["after"]
        amount = _written(match["first"] or match["second"])
        minor, end = _minor(said.folded, match.end(), numerals, words)
        if match["minor"] and amount.endswith(".00"):
            amount = f"{amount[:-2]}{match['minor']}"
        elif minor and amount.endswith(".00"):
            amount = f"{amount[:-2]}{minor}"
        else:
            end = match.end()
        add(match.start(), end if minor else match.end(), f"{amount} {words.codes[sign.rstrip('.')]}")
    for at, numeral in enumerate(numerals):
        if not said.is_free(numeral.start, numeral.end):
            continue
        currency = words.currency.match(said.folded, numeral.end)
        cents = words.cents.match(said.folded, numeral.end)
        if currency and (not numeral.weak or numeral.digits == "1000"):
            start, amount = _with_hundredths(numerals, at, said.folded, words)
            minor, end = _minor(said.folded, currency.end(), numerals, words)
            if minor:
                amount = f"{amount[:-2]}{minor}"
            add(start, end if minor else currency.end(), f"{amount} {words.codes[currency['currency']]}")
        elif cents and len(numeral.digits) <= 2:
            add(numeral.start, cents.end(), f"0.{numeral.digits:0>2}")
    _decimals(said, numerals, expected, add)
    return found


def _written(amount: str) -> str:
    """An amount with two decimals. The last separator is a decimal point unless three digits follow."""
    digits = re.sub(r"[' ]", "", amount)
    whole, separator, part = digits.rpartition(max(".", ",", key=digits.rfind))
    if not separator or len(part) == 3:
        return f"{re.sub(r'[.,]', '', digits)}.00"
    return f"{re.sub(r'[.,]', '', whole)}.{part:0<2}"


def _with_hundredths(numerals: list[Numeral], at: int, folded: str, words: _Words) -> tuple[int, str]:
    """The amount of a numeral before a currency; "forty nine ninety dollars", "con noventa euros" are two numerals."""
    numeral = numerals[at]
    before = numerals[at - 1] if at else None
    joined = before and before.spoken and not before.weak and words.decimal.fullmatch(folded, before.end, numeral.start)
    if before and joined and numeral.spoken and len(numeral.digits) == 2 and len(before.digits) <= 3:
        return before.start, f"{before.digits}.{numeral.digits}"
    return numeral.start, f"{numeral.digits}.00"


def _minor(folded: str, at: int, numerals: list[Numeral], words: _Words) -> tuple[str | None, int]:
    """The cents behind a currency: "euros ninety", "dollars and 90 cents"."""
    joint = words.joint.match(folded, at)
    if joint is None:
        return None, at
    numeral = next((each for each in numerals if each.start == joint.end()), None)
    if numeral is None or len(numeral.digits) > 2 or numeral.weak:
        return None, at
    cents = words.cents.match(folded, numeral.end)
    if not cents and (len(numeral.digits) < 2 or not numeral.spoken):
        return None, at
    return f"{numeral.digits:0>2}", cents.end() if cents else numeral.end


def _decimals(said: Utterance, numerals: list[Numeral], expected: Expectation, add: _Add) -> None:
    """Numbers with decimals are amounts if one was asked for; else they are kept for ``find_decimals``."""
    if "money" not in expected.formats:
        return
    for match in _DECIMAL.finditer(said.folded):
        add(match.start(), match.end(), _written(match.group()))
    free = [each for each in numerals if said.is_free(each.start, each.end) and not each.weak]
    if len(free) == 1 and len(free[0].digits) <= 6:
        add(free[0].start, free[0].end, f"{free[0].digits}.00")
    elif len(free) == 2 and len(free[1].digits) == 2 and said.folded[free[0].end : free[1].start] in {" ", "-"}:
        add(free[0].start, free[1].end, f"{free[0].digits}.{free[1].digits}")


def find_decimals(said: Utterance, is_identifier: Callable[[int, int], bool]) -> list[Mention]:
    """Numbers with decimals that are nothing else. ``is_identifier``: whether the span of the folded text is an account
    or phone number in groups: speech recognition writes "vierundzwanzig siebzehn" as "24,17".
    """
    found = []
    for match in _DECIMAL.finditer(said.folded):
        if said.is_free(match.start(), match.end()) and not is_identifier(*match.span()):
            said.claim(match.start(), match.end())
            found.append(Mention("number", match.group(), *said.span(match.start(), match.end())))
    return found
