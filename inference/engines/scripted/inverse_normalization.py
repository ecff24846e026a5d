"""Inverse text normalization: turns transcribed speech into written form (digits, e-mail addresses, codes)."""

from __future__ import annotations

import re
import unicodedata

from inference.engines.scripted.lexicon import WORD, Lexicon, fold

_SPACES = re.compile(r"\s+")
_SINGLES = re.compile(r"(?<![\w.])\d(?:[ \-,]{1,2}\d){3,}(?![\w])")
_LOCAL = r"[A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*"
#: Fewer digit words in a row are ordinary words: "one moment", "two three days".
_MIN_DIGIT_WORDS = 3


def inverse_normalize(text: str, words: Lexicon) -> str:
    """Writes spoken numbers as digits and spoken e-mail addresses as addresses. The rest is unchanged, in NFC."""
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip().replace("’", "'")
    text = "".join(str(unicodedata.digit(ch)) if unicodedata.category(ch) == "Nd" else ch for ch in text)
    text = _email(_digits(text, words), words)
    return _SINGLES.sub(lambda match: re.sub(r"\D", "", match.group()), text)


def _digits(text: str, words: Lexicon) -> str:
    """Writes runs of digit words ("five five double two") as digits, and a spoken dash before a digit as a hyphen."""
    pieces: list[str] = []
    at = 0
    run: list[re.Match[str]] = []

    def close(end: int) -> None:
        nonlocal at
        digits, count = _value(run, words)
        if count >= _MIN_DIGIT_WORDS and any(not match.group().isdigit() for match in run):
            pieces.append(text[at : run[0].start()])
            pieces.append(digits)
            at = run[-1].end()
        run.clear()

    for match in WORD.finditer(text):
        word = fold(match.group())
        numeric = word in words.digits or word in words.repeats or (len(word) <= 4 and word.isdigit())
        if run and (not numeric or not re.fullmatch(r"[ ,\-]{1,2}", text[run[-1].end() : match.start()])):
            close(match.start())
        if numeric:
            run.append(match)
    if run:
        close(len(text))
    pieces.append(text[at:])
    joined = "".join(pieces)
    return re.sub(rf" ?(?:{words.dash.pattern}) ?(?=[A-Za-z]?\d)", "-", joined, flags=re.IGNORECASE)


def _value(run: list[re.Match[str]], words: Lexicon) -> tuple[str, int]:
    """The digits of a run and its number of words. A trailing "double" without a digit is dropped."""
    digits = ""
    times = 1
    for match in run:
        word = fold(match.group())
        if word in words.repeats:
            times = words.repeats[word]
            continue
        digits += words.digits.get(word, word) * times
        times = 1
    return digits, len(run)


def _email(text: str, words: Lexicon) -> str:
    """ "jane at example dot com" becomes jane@example.com; requires both words, so that "at six" is kept."""
    at, dot = words.at.pattern, words.dot.pattern
    spoken = re.compile(
        rf"({_LOCAL}(?: (?:{dot}) {_LOCAL})*) (?:{at}) ({_LOCAL}(?: (?:{dot}) {_LOCAL})+|{_LOCAL}\.[A-Za-z]{{2,}})"
        rf"(?![A-Za-z0-9])(?! (?:{at}) )",
        re.IGNORECASE,
    )
    dots = re.compile(rf" (?:{dot}) ", re.IGNORECASE)

    def join(match: re.Match[str]) -> str:
        return f"{dots.sub('.', match.group(1))}@{dots.sub('.', match.group(2))}"

    return spoken.sub(join, text)
