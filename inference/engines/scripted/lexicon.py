"""Cue words and phrases of a language for the rules, read from ``languages/<code>/lexicon.toml``."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
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

    region: str
    digits: dict[str, str]
    repeats: dict[str, int]
    at: list[str]
    dot: list[str]
    dash: list[str]
    currency: list[str]
    name_cues: list[str]
    weak_name_cues: list[str]
    name_tails: list[str]
    name_stops: list[str]
    not_names: list[str]
    account_cues: list[str]
    code_fillers: list[str]
    phone_cues: list[str]
    address_cues: list[str]
    plan_patterns: list[str]
    not_plans: list[str]
    reason_cues: list[str]
    outcome_cues: list[str]
    yes: list[str]
    no: list[str]
    decline: list[str]
    correction: list[str]
    replaces: list[str]
    joins: list[str]
    priority: dict[str, list[str]]
    recall: dict[str, list[str]]
    scenario_words: dict[str, list[str]]


class Lexicon:
    """A lexicon as compiled patterns and sets of folded words."""

    def __init__(self, language: str) -> None:
        words = _LexiconFile.model_validate(read_table(language, "lexicon"))
        self.language = language
        self.region = words.region
        self.digits = {fold(word): digit for word, digit in words.digits.items()}
        self.repeats = {fold(word): count for word, count in words.repeats.items()}
        self.at = phrases(words.at)
        self.dot = phrases(words.dot)
        self.dash = phrases(words.dash)
        self.currency = phrases(words.currency)
        self.name_cues = phrases(words.name_cues)
        self.weak_name_cues = phrases(words.weak_name_cues)
        self.name_tails = phrases(words.name_tails)
        self.name_stops = frozenset(fold(word) for word in words.name_stops)
        self.not_names = frozenset(fold(word) for word in words.not_names)
        self.account_cues = phrases(words.account_cues)
        self.code_fillers = frozenset(fold(word) for word in words.code_fillers)
        self.phone_cues = phrases(words.phone_cues)
        self.address_cues = phrases(words.address_cues)
        self.plan_patterns = tuple(re.compile(pattern, re.IGNORECASE) for pattern in words.plan_patterns)
        self.not_plans = frozenset(fold(word) for word in words.not_plans)
        self.reason_cues = phrases(words.reason_cues)
        self.outcome_cues = phrases(words.outcome_cues)
        self.yes = phrases(words.yes)
        self.no = phrases(words.no)
        self.decline = phrases(words.decline)
        self.correction = phrases(words.correction)
        self.replaces = phrases(words.replaces)
        self.joins = phrases(words.joins)
        # Tried in this order: "not urgent" must match before "urgent".
        self.priority: Mapping[str, re.Pattern[str]] = {
            level: phrases(words.priority[level]) for level in ("LOW", "URGENT", "HIGH")
        }
        self.recall = {slot: phrases(words.recall[slot]) for slot in ("account_id", "phone", "name")}
        self.scenario_words = {name: phrases(items) for name, items in words.scenario_words.items()}


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of one of LANGUAGES, cached."""
    return Lexicon(language)
