"""Money, percentages, quantities with a unit, and plain numbers."""

from __future__ import annotations

import re

from inference.text.normalization.locale import Currency, Language
from inference.text.normalization.numbers import cardinal, counted, digits, number, ordinal, split_number, year

_SIGNS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "Rs.": "INR", "Rs": "INR", "¥": "JPY"}
#: A number as people write it; at most 15 digits with their separators, so that no pattern backtracks far.
NUMBER = r"\d{1,3}(?:[.,'\u00a0\u202f]\d{3}){1,4}(?:[.,]\d{1,2})?(?!\d)|\d{1,15}(?:[.,]\d{1,6})?"
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


def money(text: str, language: Language) -> str:
    """$12.50, 12,50 €, £3, EUR 1.200, $1.5 million."""
    text = _MONEY_BEFORE.sub(lambda match: _money(match, language), text)
    return _MONEY_BEHIND.sub(lambda match: _money(match, language), text)


def _money(match: re.Match[str], language: Language) -> str:
    sign = match["sign"]
    code = _SIGNS.get(sign, sign.upper())
    if sign.lower().rstrip("s") in {"euro", "dollar"}:
        code = {"euro": "EUR", "dollar": "USD"}[sign.lower().rstrip("s")]
    currency = language.currencies.get(code)
    if currency is None:
        return match[0]
    negative = match["minus"] or match.groupdict().get("minus2")
    words = _sum(match["number"], (match["big"] or "").lower(), currency, language)
    return f"{language.minus} {words}" if negative else words


def _sum(written: str, big: str, currency: Currency, language: Language) -> str:
    if big == "k":
        whole, decimals = split_number(written, language)
        return f"{cardinal(int((whole or '0') + decimals[:3].ljust(3, '0')), language)} {currency.many}"
    if big:
        names = language.billion if big.startswith(("b", "mrd", "milliard")) else language.million
        return counted(written, *names, language, feminine=language.feminine_million) + f" {currency.many}"
    whole, decimals = split_number(written, language)
    if len(decimals) > 2:
        return f"{number(written, language)} {currency.many}"
    units = counted(whole or "0", currency.one, currency.many, language, feminine=currency.feminine)
    cents = int(decimals.ljust(2, "0")) if decimals else 0
    if not cents:
        return units
    named = counted(str(cents), currency.cent, currency.cents, language)
    if not int(whole or "0"):
        return named
    return units + language.money_joint + (named if language.names_cents else cardinal(cents, language))


def percentages(text: str, language: Language) -> str:
    """20%, -3.5 %."""
    return _PERCENT.sub(
        lambda m: f"{_sign(m['minus'], language)}{number(m['number'], language)} {language.percent}", text
    )


def quantities(text: str, language: Language) -> str:
    """20 GB, 100Mbps, and the generations of mobile networks, 5G."""
    text = re.sub(r"(?<![\w.,])([2-6])G(?!\w)", lambda m: f"{cardinal(int(m[1]), language)} G", text)
    units = "|".join(sorted((re.escape(unit) for unit in language.units), key=len, reverse=True))
    pattern = rf"(?<![\w.,-])(?P<minus>-)?(?P<number>{NUMBER})\s?(?P<unit>{units})(?![\w/])(?:\.(?=\s+[a-z]))?"

    def say(match: re.Match[str]) -> str:
        return _sign(match["minus"], language) + counted(match["number"], *language.units[match["unit"]], language)

    return re.sub(pattern, say, text)


def ordinals(text: str, language: Language) -> str:
    """1st, 22nd, 3.º."""
    text = _ORDER.sub(lambda m: ordinal(int(m[1]), language), text)
    if language.ordinal_suffix is None:
        return text
    pattern = rf"(?<![\w.,])(\d{{1,6}})(?:{language.ordinal_suffix})(?!\w)"
    return re.sub(pattern, lambda m: ordinal(int(m[1]), language), text, flags=re.I)


def years(text: str, language: Language) -> str:
    """Four digits of 1100 to 2099 behind a word that a year follows: since 1999."""
    words = "|".join(re.escape(word) for word in sorted(language.year_after))
    pattern = rf"(?i)(?<!\w)({words})(\s)(1[1-9]\d\d|20\d\d)(?![\w%]|[.,]\d|\s?[-/–])"
    text = re.sub(pattern, lambda m: f"{m[1]}{m[2]}{year(int(m[3]), language)}", text)
    return _DECADE.sub(lambda m: _decade(year(int(m[1]), language)), text) if language.numbers == "en" else text


def _decade(words: str) -> str:
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def numbers(text: str, language: Language) -> str:
    """Every number that is left: ranges, signed, grouped, decimal, and digits of any script, one by one if long."""
    text = _DOTTED.sub(lambda m: _dotted(m[0], language), text)
    text = _RANGE.sub(lambda m: f"{m[1]} {language.to} ", text)
    text = _NUMBER.sub(lambda m: _plain(m, language), text)
    text = _ANY_DIGITS.sub(lambda m: f" {_run(m[0], language)} ", text)
    return _OTHER_DIGITS.sub(lambda m: f" {_run(_ascii(m[0]), language)} ", text)


def _dotted(written: str, language: Language) -> str:
    """A version or an address on the net; grouped thousands are a number."""
    if _THOUSANDS.fullmatch(written):
        return written
    return f" {language.dot} ".join(number(part, language) for part in written.split("."))


def _plain(match: re.Match[str], language: Language) -> str:
    written = match["number"]
    sign = _sign(match["minus"], language)
    if written.isdigit() and (len(written) > 6 or (len(written) > 1 and written[0] == "0")):
        return sign + digits(written, language)
    return sign + number(written, language)


def _run(run: str, language: Language) -> str:
    return digits(run, language) if len(run) > 4 or run[0] == "0" else cardinal(int(run), language)


def _ascii(run: str) -> str:
    return "".join(str(int(digit)) for digit in run)


def _sign(written: str | None, language: Language) -> str:
    if not written:
        return ""
    return f"{language.minus if written.strip() == '-' else language.plus} "
