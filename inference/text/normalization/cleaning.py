"""Removes Markdown, HTML tags, emoji and control characters from text before it is normalized."""

from __future__ import annotations

import re
import unicodedata

#: Characters of a text; the rest is cut. This many take half an hour to speak.
_MAX_CHARACTERS = 20_000

_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}\)")
_FENCE = re.compile(r"```[a-zA-Z]*|[`*]+|~~|(?<!\w)_+|_+(?!\w)")
_LINE_START = re.compile(r"(?m)^[ \t]*(?:#{1,6}|>+|[-+•–]|\d{1,3}\))[ \t]+")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>")
_REPEATED = re.compile(r"([^\w\s.])\1{2,}")
#: A no-break space that groups thousands, or an ordinary space in a number before a currency sign.
_GROUPING = re.compile(
    r"(?<=\d)[\u00a0\u202f](?=\d{3}(?!\d))|(?<=(?<!\d)\d) (?=\d{3}(?:[.,]\d\d?)?\s?[€$£])"
    r"|(?<=(?<!\d)\d\d) (?=\d{3}(?:[.,]\d\d?)?\s?[€$£])"
)
_SPACE = re.compile(r"\s+")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "−": "-"})

#: Unicode categories without a pronunciation: control, format, unassigned, private, surrogate, symbols (emoji).
_UNSPOKEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "So", "Sk"})
#: Zero-width joiners: Indic scripts need them.
_JOINERS = frozenset("\u200c\u200d")


def clean(text: str) -> str:
    """The text on one line, in Unicode NFC, with straight quotes and ASCII for full-width forms."""
    text = unicodedata.normalize("NFC", text[:_MAX_CHARACTERS])
    text = _GROUPING.sub("", text.translate(_QUOTES))
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub(" ", text)
    text = _LINE_START.sub("", text)
    text = _FENCE.sub("", text)
    text = "".join(_character(c) for c in text)
    text = _REPEATED.sub(r"\1", text)
    return _SPACE.sub(" ", text).strip()


def _character(c: str) -> str:
    if c.isascii() and c.isprintable():
        return c
    if c.isspace():
        return " "
    if c.isdecimal():  # digits of any script
        return str(unicodedata.decimal(c))
    if "\uff01" <= c <= "\uff5e":  # full-width Latin and digits
        return unicodedata.normalize("NFKC", c)
    if c in _JOINERS:
        return c
    if c == "°":
        return c
    return " " if unicodedata.category(c) in _UNSPOKEN or "\ufe00" <= c <= "\ufe0f" else c
