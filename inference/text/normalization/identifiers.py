"""What is spelled out: e-mail addresses, web addresses, telephone numbers, account ids and references."""

from __future__ import annotations

import re

from inference.text.normalization.locale import Language
from inference.text.normalization.numbers import cardinal, digits

_EMAIL = re.compile(r"(?<![\w.+@-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_URL = re.compile(r"(?i)(?<![\w@.])(?:https?://|www\.)[^\s<>()\"']{1,2000}")
_DOMAIN = re.compile(
    r"(?i)(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,4}(?:com|org|net|io|dev|app|de|es|fr|eu|co\.uk|in|info)(?:/[\w./-]{0,200})?(?![\w@-])"
)
_PHONE = re.compile(
    r"(?<![\w.,-])(?P<plus>\+|00)?(?P<body>\(?\d{1,5}\)?(?:[ ./-]{1,2}\(?\d{2,5}\)?){1,5}|\d{7,15})(?![\w]|[.,-]\d)"
)
_CUES = (
    "account|acct|number|no|reference|ref|id|pin|code|extension|ext|ending in|ends in|ticket|case|order|invoice|"
    "cuenta|número|referencia|código|factura|pedido|kontonummer|nummer|kundennummer|referenz|konto|rechnung|"
    "compte|numéro|référence|facture|dossier"
)
_CUED = re.compile(
    rf"(?i)\b({_CUES})((?:\s{{1,3}}(?:is|number|no|id|ist|es|est|lautet|code)){{0,3}}"
    r"\s{0,3}[.:#]?\s{0,3}#?\s{0,3})(\d{3,40}|(?<=[Ee]xtension )\d{1,2})(?![\w]|[.,:/-]\d)"
)
_REFERENCE = re.compile(
    r"(?<![\w.@/-])(?=[\w/.-]{0,60}?\d)(?=[\w/.-]{0,60}?[A-Za-z])[A-Za-z0-9]{1,40}(?:[-_/.][A-Za-z0-9]{1,40}){0,8}(?![\w@])"
)
#: Words that are written in capitals beside a number and are no code: ORDER-1234.
_CAPITAL_WORDS = frozenset(
    (
        *("ACCOUNT", "CASE", "CODE", "COVID", "INVOICE", "ORDER", "TICKET", "CUENTA", "FACTURA", "PEDIDO"),
        *("RECHNUNG", "KONTO", "KUNDE", "AUFTRAG", "FACTURE", "COMPTE", "DOSSIER", "COMMANDE"),
    )
)
#: Codes of letters alone are told from words in capitals by the word before them, others from quantities.
_CODE_CUES = (
    "reference|ref|code|request|ticket|case|referencia|código|solicitud|referenz|anliegen|kennung|référence|"
    "dossier|demande"
)
_CUED_CODE = re.compile(
    rf"(?i:(?<!\w)(?:{_CODE_CUES})(?:\s{{1,3}}(?:is|number|no|ist|lautet|nummer|es|número|est|numéro)){{0,3}}"
    r"\s{0,3}[.:#]?\s{1,3})(?P<code>(?=\d{0,11}[A-Z])[A-Z0-9]{4,12})(?![\w@-])"
)
#: A pause before a code: "is R" is heard as "are".
_BEFORE_CODE = re.compile(r"(?<!\w)(is|ist|lautet|es|est)\s(?=[A-Z]\d{3}[A-Z]\d{3}(?!\w))")
_IP = re.compile(r"(?<![\w.])(?P<octets>\d{1,3}(?:\.\d{1,3}){3})(?::(?P<port>\d{2,5}))?(?![\w]|\.\d)")
_SPELLED = frozenset(
    ("ID", "IDs", "VAT", "IP", "URL", "USB", "API", "UK", "EU", "US", "ATM", "CEO", "UPS", "IVA", "AGB")
)
_NOT_SPELLED = frozenset(("MR", "MRS", "DR", "ST", "HMM", "SHH"))
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Za-z][a-z]+|[a-z]+|[A-Z]|\d+|[^\W_]|[._/+-]")
_VOWEL = re.compile(r"(?i)[aeiouy]")


def emails(text: str, language: Language) -> str:
    """jane.doe@example.com: jane dot doe at example dot com."""

    def say(match: re.Match[str]) -> str:
        name, _, domain = match[0].rstrip(".-").partition("@")
        return f"{_spell(name, language)} {language.at} {_spell(domain, language)}" + _tail(match[0])

    return _EMAIL.sub(say, text)


def addresses(text: str, language: Language) -> str:
    """https://www.example.com/help?id=1: example dot com slash help. The query is not for the ear."""

    def say(match: re.Match[str]) -> str:
        shown = re.sub(r"(?i)^(?:https?://)?(?:www\.)?|[?#].*$", "", match[0]).rstrip("/.,;:!?-")
        return _spell(shown[:120], language) + _tail(match[0])

    return _DOMAIN.sub(say, _URL.sub(say, text))


def network_addresses(text: str, language: Language) -> str:
    """192.168.1.1:8080 and v2.4.1: octets of three digits one by one, shorter ones as numbers."""

    def octet(part: str) -> str:
        return digits(part, language) if len(part) > 2 else cardinal(int(part), language)

    def say(match: re.Match[str]) -> str:
        octets = match["octets"].split(".")
        if any(int(each) > 255 for each in octets):
            return match[0]
        words = f" {language.dot} ".join(octet(each) for each in octets)
        return words + (f" {language.port} {digits(match['port'], language)}" if match["port"] else "")

    text = _IP.sub(say, text)
    return re.sub(r"(?<!\w)v(?=\d{1,4}\.\d)", f"{language.version} ", text)


def dialled(text: str, language: Language) -> str:
    """Short numbers behind a word for calling, and the last digits of a card: 911, "ending in 4242"."""

    def say(match: re.Match[str]) -> str:
        return match[1] + re.sub(r"\d+", lambda m: digits(m[0], language), match[2])

    follow = r"(?=[.,;:!?)]|$|\s(?:for|or|if|now|to|from|and|at|today|an(?!\w)|in|si|y|ou|et|pour|para|oder|und)(?!\w))"
    text = re.sub(
        rf"(?i:(?<!\w)((?:{language.dial})\s))(\d{{3,6}}(?:\s(?:or|o|oder|ou)\s\d{{3,6}})?){follow}", say, text
    )
    return re.sub(rf"(?i)(?<!\w)((?:{language.ending})\s)(\d{{2,6}})(?!\w)", say, text)


def acronyms(text: str, language: Language) -> str:
    """Letters that make no word: DNS, VAT, ID."""

    def say(match: re.Match[str]) -> str:
        plural = "s" if match["plural"] else ""
        return letters(match["caps"], language) + plural if _is_acronym(match["caps"]) else match[0]

    return re.sub(r"(?<![\w.])(?P<caps>[A-Z]{2,5})(?P<plural>s?)(?![\w.]\w|\w)", say, text)


def _is_acronym(word: str) -> bool:
    return word in _SPELLED or not (_VOWEL.search(word) or word in _NOT_SPELLED)


def phones(text: str, language: Language) -> str:
    """Telephone numbers in the groups they were written in, and digits behind "account number" and its like."""
    text = _CUED.sub(lambda m: f"{m[1]}{m[2]}{digits(m[3], language)}", text)
    return _PHONE.sub(lambda m: _phone(m, language), text)


def _phone(match: re.Match[str], language: Language) -> str:
    groups = re.findall(r"\d+", match["body"])
    if not 7 <= sum(map(len, groups)) <= 15:
        return match[0]
    international = match["plus"] == "+"
    if match["plus"] == "00":
        groups.insert(0, "00")
    words = ", ".join(digits(group, language) for group in groups)
    return f"{language.plus} {words}" if international else words


def cued_codes(text: str, language: Language) -> str:
    """Codes behind a word such as "reference": FEJNEX, which would else be a word, and 84621V, a quantity."""
    text = _BEFORE_CODE.sub(r"\1, ", text)
    return _CUED_CODE.sub(lambda m: m[0][: m.start("code") - m.start()] + _spell(m["code"], language, code=True), text)


def references(text: str, language: Language) -> str:
    """ACC-12345, K472R819: letters by name, digits one by one, a short pause at each hyphen."""

    def say(match: re.Match[str]) -> str:
        token = match[0]
        capital = any(c.isupper() for c in token)
        turns = len(re.findall(r"[A-Za-z](?=[-_./]?\d)|\d(?=[-_./]?[A-Za-z])", token))
        if not capital and turns < 2 and not re.fullmatch(r"[a-z]{1,5}[-_]\d{3,}", token):
            return token
        if word := re.fullmatch(r"([a-z]*[A-Z][a-z]{3,})(\d{1,3})", token):  # iPhone15, Windows11
            return f"{word[1]} {cardinal(int(word[2]), language)}"
        groups = [group for group in re.split(r"[-_/]", token) if group]
        return ", ".join(_spell(group, language, code=not _holds_word(group)) for group in groups)

    return _REFERENCE.sub(say, text)


def _holds_word(group: str) -> bool:
    """Whether the letters of a token are one word beside its number: iPhone15, Windows11, ORDER."""
    runs = re.findall(r"[A-Za-z]+", group)
    return len(runs) == 1 and (runs[0] in _CAPITAL_WORDS or (len(runs[0]) > 3 and not runs[0].isupper()))


def _spell(text: str, language: Language, *, code: bool = False) -> str:
    """Signs by name, digits one by one, and letters by name where they make no word or are a ``code``."""
    signs = {
        ".": language.dot,
        "-": language.dash,
        "_": language.underscore,
        "/": language.slash,
        "+": language.plus,
    }
    words = []
    for part in _PARTS.findall(text):
        if part in signs:
            words.append(signs[part])
        elif part.isascii() and part.isdigit():
            words.append(digits(part, language))
        elif not code and len(part) > (2 if part.islower() else 3) and _VOWEL.search(part):
            words.append(part)
        else:
            words.append(letters(part, language))
    return " ".join(words)


def letters(part: str, language: Language) -> str:
    """Letters by name."""
    if language.dotted_letters:
        return "".join(f"{letter.upper()}." for letter in part)
    return " ".join(part.upper())


def _tail(written: str) -> str:
    """The sentence's own punctuation, which the address took along."""
    end = written[len(written.rstrip(".,;:!?-")) :]
    return end[:1] if end[:1] in ".,;:!?" else ""


def number_signs(text: str, language: Language) -> str:
    """#7 and No. 7."""
    return re.sub(r"(?<![\w&])(?:#|No\.|Nr\.|N[º°]\.?|n[º°]\.?)\s?(?=\d)", f"{language.number} ", text)
