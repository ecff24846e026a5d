"""Cue words of the dialogue in a language, read from ``languages/<code>/dialogue.toml``."""

from __future__ import annotations

import re
from functools import cache

from pydantic import BaseModel, ConfigDict

from inference.engines.scripted.lexicon import phrases, read_table


class _CuesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    region: str
    another: list[str]
    added: list[str]
    instead: list[str]
    recall: dict[str, list[str]]


class Cues:
    """``region``: whose phone numbers are expected, ISO 3166-1. ``another``: words for a further matter of the
    same kind. ``added``: words that add a matter. ``instead``: words that put a new wish in the place of what
    was wanted. ``recall``: words for each standard field, in a question about what was said.
    """

    def __init__(self, language: str) -> None:
        table = _CuesFile.model_validate(read_table(language, "dialogue"))
        self.region = table.region
        self.another = phrases(table.another)
        self.added = phrases(table.added)
        self.instead = phrases(table.instead)
        self.recall: dict[str, re.Pattern[str]] = {name: phrases(words) for name, words in table.recall.items()}


@cache
def cues(language: str) -> Cues:
    """The cues of one of LANGUAGES, cached."""
    return Cues(language)
