"""Cue words and phrases of a language for the rules, read from ``languages/<code>/lexicon.toml``."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from db.json_value import Json

#: The supported languages, ISO 639-1. Each has a folder in ``languages``.
LANGUAGES = ("en", "es", "de", "fr", "hi")

# Python's \w lacks Devanagari vowel signs, so \b does not find the boundaries of Hindi words.
_LETTER = r"[\w\u0900-\u0963\u0966-\u097F]"
_LEFT = rf"(?<!{_LETTER})"
_RIGHT = rf"(?!{_LETTER})"
WORD = re.compile(rf"{_LETTER}(?:{_LETTER}|['’\-](?={_LETTER}))*")


def read_table(language: str, name: str) -> dict[str, Json]:
    """The TOML file ``name`` of a language's folder."""
    text = (files(__package__) / "languages" / language / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(unicodedata.normalize("NFC", text))


def phrases(items: Iterable[str]) -> re.Pattern[str]:
    """A pattern that matches any of the phrases as whole words, the longest first."""
    ordered = sorted({fold(item) for item in items}, key=len, reverse=True)
    body = "|".join(re.escape(item).replace(r"\ ", r"\s+") for item in ordered)
    return re.compile(f"{_LEFT}(?:{body}){_RIGHT}", re.IGNORECASE)


def fold(text: str) -> str:
    """Folds spelling variants of a word: lower case, Unicode NFC, straight apostrophes."""
    return unicodedata.normalize("NFC", text).replace("’", "'").lower()


class _LexiconFile(BaseModel):
    """Schema of ``lexicon.toml``; a missing or misspelt key fails at load."""

    model_config = ConfigDict(extra="forbid")

    digits: dict[str, str]
    repeats: dict[str, int]
    at: list[str]
    dot: list[str]
    dash: list[str]
    yes: list[str]
    no: list[str]


class Lexicon:
    """A lexicon as compiled patterns and folded words: digits and signs in words, yes and no."""

    def __init__(self, language: str) -> None:
        words = _LexiconFile.model_validate(read_table(language, "lexicon"))
        self.language = language
        self.digits = {fold(word): digit for word, digit in words.digits.items()}
        self.repeats = {fold(word): count for word, count in words.repeats.items()}
        self.at = phrases(words.at)
        self.dot = phrases(words.dot)
        self.dash = phrases(words.dash)
        self.yes = phrases(words.yes)
        self.no = phrases(words.no)
        self.plain_answers = frozenset(map(fold, (*words.yes, *words.no)))


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of one of LANGUAGES, cached."""
    return Lexicon(language)
