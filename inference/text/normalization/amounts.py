"""Normalizes money, percentages, measures with a unit, ordinals, years and plain numbers."""

from __future__ import annotations

import re

from inference.text.normalization.locale import Currency, Locale
from inference.text.normalization.numbers import cardinal, digits, number, ordinal, quantity, split_number, year

_SIGNS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "Rs.": "INR", "Rs": "INR", "¥": "JPY"}
#: A number, grouped or decimal. At most 15 digits, so that no pattern backtracks far. Lakhs are groups of two digits.
_LAKHS = r"\d{1,2}(?:,\d{2}){1,5},\d{3}(?:\.\d{1,2})?(?!\d)"
_THOUSANDS_GROUPED = r"\d{1,3}(?:[.,'\u00a0\u202f]\d{3}){1,4}(?:[.,]\d{1,2})?(?!\d)"
NUMBER = rf"{_LAKHS}|{_THOUSANDS_GROUPED}|\d{{1,15}}(?:[.,]\d{{1,6}})?"
_BIG_NAMES = r"millions?|billions?|mio\.?|mrd\.?|millionen|milliarden?|millones|millón|milliards?|bn|[mk]"
_BIG = rf"(?:\s?(?P<big>{_BIG_NAMES})(?!\w))?"
_CODE = "|".join(sorted((re.escape(sign) for sign in _SIGNS), key=len, reverse=True)) + "|USD|EUR|GBP|INR|CHF|JPY"
_MONEY_BEFORE = re.compile(
    rf"(?<![\w.,])(?P<minus>-\s?)?(?P<sign>{_CODE})\s?(?P<minus2>-)?(?P<number>{NUMBER}){_BIG}(?![\w])", re.I
)
_MONEY_BEHIND = re.compile(
    rf"(?<![\w.,])(?P<minus>-\s?)?(?P<number>{NUMBER}){_BIG}\s?(?P<sign>{_CODE}|euros?|dollars?)(?!\w)", re.I
)
_PERCENT = re.compile(rf"(?<![\w.,])(?P<minus>[-+]\s?)?(?P<number>{NUMBER})\s?%")
_NUMBER = re.compile(rf"(?<![\w.,])(?P<minus>[-+])?(?P<number>{NUMBER})(?![\w])")
_ANY_DIGITS = re.compile(r"[0-9]+")
_OTHER_DIGITS = re.compile(r"[^\W\D]+")
_RANGE = re.compile(r"(?<![\w.,/-])(\d{1,6})\s?[-–—]\s?(?=\d{1,6}(?![\w/-]))")
_DECADE = re.compile(r"(?<![\w.,])(1[1-9]\d0|20\d0)s(?!\w)")
_DOTTED = re.compile(r"(?<![\w.,])\d{1,6}(?:\.\d{1,6}){2,8}(?![\w])")
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")
_ORDER = re.compile(r"(?<![\w.,])(\d{1,6})(?:\.º|º|ª|\.ª)")


def money(text: str, locale: Locale) -> str:
    """$12.50, 12,50 €, £3, EUR 1.200, $1.5 million."""
    text = _MONEY_BEFORE.sub(lambda match: _money(match, locale), text)
    return _MONEY_BEHIND.sub(lambda match: _money(match, locale), text)


def _money(match: re.Match[str], locale: Locale) -> str:
    sign = match["sign"]
    code = _SIGNS.get(sign, sign.upper())
    if sign.lower().rstrip("s") in {"euro", "dollar"}:
        code = {"euro": "EUR", "dollar": "USD"}[sign.lower().rstrip("s")]
    currency = locale.currencies.get(code)
    if currency is None:
        return match[0]
    negative = match["minus"] or match.groupdict().get("minus2")
    words = _sum(match["number"], (match["big"] or "").lower(), currency, locale)
    return f"{locale.minus} {words}" if negative else words


def _sum(written: str, big: str, currency: Currency, locale: Locale) -> str:
    if big == "k":
        whole, decimals = split_number(written, locale)
        return f"{cardinal(int((whole or '0') + decimals[:3].ljust(3, '0')), locale)} {currency.plural}"
    if big:
        names = locale.billion if big.startswith(("b", "mrd", "milliard")) else locale.million
        return quantity(written, *names, locale, feminine=locale.feminine_million) + f" {currency.plural}"
    whole, decimals = split_number(written, locale)
    if len(decimals) > 2:
        return f"{number(written, locale)} {currency.plural}"
    units = quantity(whole or "0", currency.singular, currency.plural, locale, feminine=currency.feminine)
    cents = int(decimals.ljust(2, "0")) if decimals else 0
    if not cents:
        return units
    named = quantity(str(cents), currency.minor_singular, currency.minor_plural, locale)
    if not int(whole or "0"):
        return named
    return units + locale.money_conjunction + (named if locale.says_cents else cardinal(cents, locale))


def percentages(text: str, locale: Locale) -> str:
    """20%, -3.5 %."""
    return _PERCENT.sub(lambda m: f"{_sign(m['minus'], locale)}{number(m['number'], locale)} {locale.percent}", text)


def quantities(text: str, locale: Locale) -> str:
    """Measures, as 20 GB and 100Mbps, and generations of mobile networks, as 5G."""
    text = re.sub(r"(?<![\w.,])([2-6])G(?!\w)", lambda m: f"{cardinal(int(m[1]), locale)} G", text)
    units = "|".join(sorted((re.escape(unit) for unit in locale.units), key=len, reverse=True))
    pattern = rf"(?<![\w.,-])(?P<minus>-)?(?P<number>{NUMBER})\s?(?P<unit>{units})(?![\w/])(?:\.(?=\s+[a-z]))?"

    def say(match: re.Match[str]) -> str:
        return _sign(match["minus"], locale) + quantity(match["number"], *locale.units[match["unit"]], locale)

    return re.sub(pattern, say, text)


def ordinals(text: str, locale: Locale) -> str:
    """1st, 22nd, 3.º."""
    text = _ORDER.sub(lambda m: ordinal(int(m[1]), locale), text)
    if locale.ordinal_suffix is None:
        return text
    pattern = rf"(?<![\w.,])(\d{{1,6}})(?:{locale.ordinal_suffix})(?!\w)"
    return re.sub(pattern, lambda m: ordinal(int(m[1]), locale), text, flags=re.I)


def years(text: str, locale: Locale) -> str:
    """Years 1100 to 2099 after a cue word, as in "since 1999", and decades in English, as 1990s."""
    words = "|".join(re.escape(word) for word in sorted(locale.year_cues))
    pattern = rf"(?i)(?<!\w)({words})(\s)(1[1-9]\d\d|20\d\d)(?![\w%]|[.,]\d|\s?[-/–])"
    text = re.sub(pattern, lambda m: f"{m[1]}{m[2]}{year(int(m[3]), locale)}", text)
    return _DECADE.sub(lambda m: _decade(year(int(m[1]), locale)), text) if locale.code == "en" else text


def _decade(words: str) -> str:
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def numbers(text: str, locale: Locale) -> str:
    """All remaining numbers: ranges, signed, grouped, decimal, digits of any script. Reads long runs digit by digit."""
    text = _DOTTED.sub(lambda m: _dotted(m[0], locale), text)
    text = _RANGE.sub(lambda m: f"{m[1]} {locale.to} ", text)
    text = _NUMBER.sub(lambda m: _plain(m, locale), text)
    text = _ANY_DIGITS.sub(lambda m: f" {_run(m[0], locale)} ", text)
    return _OTHER_DIGITS.sub(lambda m: f" {_run(_ascii(m[0]), locale)} ", text)


def _dotted(written: str, locale: Locale) -> str:
    """A dotted version number; grouped thousands are left to the number rule."""
    if _THOUSANDS.fullmatch(written):
        return written
    return f" {locale.dot} ".join(number(part, locale) for part in written.split("."))


def _plain(match: re.Match[str], locale: Locale) -> str:
    written = match["number"]
    sign = _sign(match["minus"], locale)
    if written.isdigit() and (len(written) > 6 or (len(written) > 1 and written[0] == "0")):
        return sign + digits(written, locale)
    return sign + number(written, locale)


def _run(run: str, locale: Locale) -> str:
    return digits(run, locale) if len(run) > 4 or run[0] == "0" else cardinal(int(run), locale)


def _ascii(run: str) -> str:
    return "".join(str(int(digit)) for digit in run)


def _sign(written: str | None, locale: Locale) -> str:
    if not written:
        return ""
    return f"{locale.minus if written.strip() == '-' else locale.plus} "
