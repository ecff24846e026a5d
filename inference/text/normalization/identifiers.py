"""Spells out e-mail addresses, URLs, IP addresses, telephone numbers, account numbers, reference codes and acronyms."""

from __future__ import annotations

import re

from inference.text.normalization.locale import Locale
from inference.text.normalization.numbers import cardinal, digits

_EMAIL = re.compile(r"(?<![\w.+@-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_URL = re.compile(r"(?i)(?<![\w@.])(?:https?://|www\.)[^\s<>()\"']{1,2000}")
_DOMAIN = re.compile(
    r"(?i)(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,4}(?:com|org|net|io|dev|app|de|es|fr|eu|co\.uk|in|info)(?:/[\w./-]{0,200})?(?![\w@-])"
)
_PHONE = re.compile(
    r"(?<![\w.,-])(?:(?P<international>\+\d{1,3}(?:[ ./-]{1,2}\(?\d{1,8}\)?){1,6})"
    r"|(?P<plus>\+|00)?(?P<body>\(?\d{1,5}\)?(?:[ ./-]{1,2}\(?\d{2,8}\)?){1,5}|\d{7,15}))(?![\w]|[.,-]\d)"
)
_CUES = (
    "account|acct|number|no|reference|ref|id|pin|otp|code|extension|ext|ending in|ends in|ticket|case|order|invoice|"
    "cuenta|número|referencia|código|factura|pedido|solicitud|kontonummer|nummer|kundennummer|referenz|konto|rechnung|"
    "auftrag|auftragsnummer|rechnungsnummer|vorgang|vorgangsnummer|kennung|"
    "compte|numéro|référence|facture|dossier|commande|संख्या|नंबर|संदर्भ|खाता|कोड|आईडी|पिन"
)
_CUED = re.compile(
    rf"(?i)\b({_CUES})((?:\s{{1,3}}(?:is|number|no|id|ist|es|est|lautet|code|संख्या|नंबर|है)){{0,3}}"
    r"\s{0,3}[.:#]?\s{0,3}#?\s{0,3})(\d{3,40}|(?<=[Ee]xtension )\d{1,2})(?![\w]|[.,:/-]\d)"
)
_REFERENCE = re.compile(
    r"(?<![\w.@/-])(?=[\w/.-]{0,60}?\d)(?=[\w/.-]{0,60}?[A-Za-z])[A-Za-z0-9]{1,40}(?:[-_/.][A-Za-z0-9]{1,40}){0,8}(?![\w@])"
)
#: Words in capitals that stand beside a number and are not codes: ORDER-1234.
_CAPITAL_WORDS = frozenset(
    (
        *("ACCOUNT", "CASE", "CODE", "COVID", "INVOICE", "ORDER", "TICKET", "CUENTA", "FACTURA", "PEDIDO"),
        *("RECHNUNG", "KONTO", "KUNDE", "AUFTRAG", "FACTURE", "COMPTE", "DOSSIER", "COMMANDE"),
    )
)
#: Cue words: the code after them might otherwise be read as a word in capitals, or as a quantity.
_CODE_CUES = (
    "reference|ref|code|request|ticket|case|referencia|código|solicitud|referenz|anliegen|kennung|référence|"
    "dossier|demande|संदर्भ|कोड|शिकायत"
)
_CUED_CODE = re.compile(
    rf"(?i:(?<!\w)(?:{_CODE_CUES})(?:\s{{1,3}}(?:is|number|no|ist|lautet|nummer|es|número|est|numéro|संख्या|नंबर|है)){{0,3}}"
    r"\s{0,3}[.:#]?\s{1,3})(?P<code>(?=\d{0,11}[A-Z])[A-Z0-9]{4,12})(?![\w@-])"
)
#: Gets a comma after it: without a pause, "is R" sounds like "are".
_BEFORE_CODE = re.compile(r"(?<!\w)(is|ist|lautet|es|est)\s(?=[A-Z]\d{3}[A-Z]\d{3}(?!\w))")
_IP = re.compile(r"(?<![\w.])(?P<octets>\d{1,3}(?:\.\d{1,3}){3})(?::(?P<port>\d{2,5}))?(?![\w]|\.\d)")
_SPELLED = frozenset(
    (
        *("ID", "IDs", "VAT", "IP", "URL", "USB", "API", "UK", "EU", "US", "ATM", "CEO", "UPS", "IVA", "AGB"),
        *("OTP", "UPI", "TVA", "DNI", "LTE", "FAQ"),
    )
)
_NOT_SPELLED = frozenset(("MR", "MRS", "DR", "ST", "HMM", "SHH"))
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Za-z][a-z]+|[a-z]+|[A-Z]|\d+|[^\W_]|[._/+-]")
_VOWEL = re.compile(r"(?i)[aeiouy]")


def emails(text: str, locale: Locale) -> str:
    """jane.doe@example.com becomes "jane dot doe at example dot com"."""

    def say(match: re.Match[str]) -> str:
        name, _, domain = match[0].rstrip(".-").partition("@")
        return f"{_spell(name, locale)} {locale.at} {_spell(domain, locale)}" + _sentence_end(match[0])

    return _EMAIL.sub(say, text)


def urls(text: str, locale: Locale) -> str:
    """https://www.example.com/help?id=1 becomes "example dot com slash help": without scheme, www and query."""

    def say(match: re.Match[str]) -> str:
        shown = re.sub(r"(?i)^(?:https?://)?(?:www\.)?|[?#].*$", "", match[0]).rstrip("/.,;:!?-")
        return _spell(shown[:120], locale) + _sentence_end(match[0])

    return _DOMAIN.sub(say, _URL.sub(say, text))


def ip_addresses(text: str, locale: Locale) -> str:
    """192.168.1.1:8080 and v2.4.1. Reads octets of three digits digit by digit, shorter ones as numbers."""

    def octet(part: str) -> str:
        return digits(part, locale) if len(part) > 2 else cardinal(int(part), locale)

    def say(match: re.Match[str]) -> str:
        octets = match["octets"].split(".")
        if any(int(each) > 255 for each in octets):
            return match[0]
        words = f" {locale.dot} ".join(octet(each) for each in octets)
        return words + (f" {locale.port} {digits(match['port'], locale)}" if match["port"] else "")

    text = _IP.sub(say, text)
    return re.sub(r"(?<!\w)v(?=\d{1,4}\.\d)", f"{locale.version} ", text)


def short_numbers(text: str, locale: Locale) -> str:
    """Short numbers after a word for calling ("dial 911") and last digits of a card ("ending in 4242")."""

    def say(match: re.Match[str]) -> str:
        return match[1] + re.sub(r"\d+", lambda m: digits(m[0], locale), match[2])

    follow = r"(?=[.,;:!?)]|$|\s(?:for|or|if|now|to|from|and|at|today|an(?!\w)|in|si|y|ou|et|pour|para|oder|und)(?!\w))"
    text = re.sub(
        rf"(?i:(?<!\w)((?:{locale.dial_cues})\s))(\d{{3,6}}(?:\s(?:or|o|oder|ou)\s\d{{3,6}})?){follow}", say, text
    )
    return re.sub(rf"(?i)(?<!\w)((?:{locale.last_digits_cues})\s)(\d{{2,6}})(?!\w)", say, text)


def acronyms(text: str, locale: Locale) -> str:
    """Spells acronyms that cannot be read as a word: DNS, VAT, ID."""

    def say(match: re.Match[str]) -> str:
        plural = "s" if match["plural"] else ""
        return letters(match["caps"], locale) + plural if _is_acronym(match["caps"]) else match[0]

    return re.sub(r"(?<![\w.])(?P<caps>[A-Z]{2,5})(?P<plural>s?)(?![\w.]\w|\w)", say, text)


def _is_acronym(word: str) -> bool:
    return word in _SPELLED or not (_VOWEL.search(word) or word in _NOT_SPELLED)


def phone_numbers(text: str, locale: Locale) -> str:
    """Telephone numbers in their written groups, and digits after cues as "account number", digit by digit."""
    text = _CUED.sub(lambda m: f"{m[1]}{m[2]}{digits(m[3], locale)}", text)
    return _PHONE.sub(lambda m: _phone(m, locale), text)


def _phone(match: re.Match[str], locale: Locale) -> str:
    groups = re.findall(r"\d+", match["international"] or match["body"])
    if not 7 <= sum(map(len, groups)) <= 15:
        return match[0]
    international = match["international"] is not None or match["plus"] == "+"
    if match["plus"] == "00":
        groups.insert(0, "00")
    words = ", ".join(digits(group, locale) for group in groups)
    return f"{locale.plus} {words}" if international else words


def cued_codes(text: str, locale: Locale) -> str:
    """Spells codes after a cue such as "reference": FEJNEX might be read as a word, 84621V as volts."""
    text = _BEFORE_CODE.sub(r"\1, ", text)
    return _CUED_CODE.sub(lambda m: m[0][: m.start("code") - m.start()] + _spell(m["code"], locale, code=True), text)


def references(text: str, locale: Locale) -> str:
    """ACC-12345, K472R819: spells letters and digits, with a comma for each hyphen."""

    def say(match: re.Match[str]) -> str:
        token = match[0]
        capital = any(c.isupper() for c in token)
        turns = len(re.findall(r"[A-Za-z](?=[-_./]?\d)|\d(?=[-_./]?[A-Za-z])", token))
        if not capital and turns < 2 and not re.fullmatch(r"[a-z]{1,5}[-_]\d{3,}", token):
            return token
        if word := re.fullmatch(r"([a-z]*[A-Z][a-z]{3,})(\d{1,3})", token):  # iPhone15, Windows11
            return f"{word[1]} {cardinal(int(word[2]), locale)}"
        groups = [group for group in re.split(r"[-_/]", token) if group]
        return ", ".join(_spell(group, locale, code=not _holds_word(group)) for group in groups)

    return _REFERENCE.sub(say, text)


def _holds_word(group: str) -> bool:
    """Whether the letters of a token form one word: iPhone15, Windows11, ORDER."""
    runs = re.findall(r"[A-Za-z]+", group)
    return len(runs) == 1 and (runs[0] in _CAPITAL_WORDS or (len(runs[0]) > 3 and not runs[0].isupper()))


def _spell(text: str, locale: Locale, *, code: bool = False) -> str:
    """Names punctuation, reads digits one by one, and spells letters that are not a word or belong to a ``code``."""
    signs = {
        ".": locale.dot,
        "-": locale.dash,
        "_": locale.underscore,
        "/": locale.slash,
        "+": locale.plus,
    }
    words = []
    for part in _PARTS.findall(text):
        if part in signs:
            words.append(signs[part])
        elif part.isascii() and part.isdigit():
            words.append(digits(part, locale))
        elif not code and len(part) > (2 if part.islower() else 3) and _VOWEL.search(part):
            words.append(part)
        else:
            words.append(letters(part, locale))
    return " ".join(words)


def letters(part: str, locale: Locale) -> str:
    """Letters to be read by name: "A.B." or "A B"."""
    if locale.dotted_letters:
        return "".join(f"{letter.upper()}." for letter in part)
    return " ".join(part.upper())


def _sentence_end(written: str) -> str:
    """The sentence punctuation at the end of a match, which is not part of the address."""
    end = written[len(written.rstrip(".,;:!?-")) :]
    return end[:1] if end[:1] in ".,;:!?" else ""


def number_signs(text: str, locale: Locale) -> str:
    """#7 and No. 7."""
    return re.sub(r"(?<![\w&])(?:#|No\.|Nr\.|N[º°]\.?|n[º°]\.?)\s?(?=\d)", f"{locale.number} ", text)
