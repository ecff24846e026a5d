"""What is said to a customer whose language the agent does not speak: in English, and in theirs."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

_UNKNOWN = "I am sorry, I cannot answer in your language."


@cache
def _table() -> dict[str, dict[str, str]]:
    text = (files("inference.engines.scripted") / "languages" / "unsupported.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def notice(language: str, spoken: Sequence[str]) -> str:
    """The notice for a language, ISO 639-1. ``spoken``: the languages that the agent speaks."""
    table = _table()
    names = [table["spoken"].get(each, each) for each in spoken]
    entry = table.get(language)
    known = f"I am sorry, I cannot answer in {entry['name']}." if entry else _UNKNOWN
    english = f"{known} I understand {', '.join(names[:-1])} and {names[-1]}." if len(names) > 1 else known
    if len(names) == 1:
        english = f"{known} I understand {names[0]} only."
    return f"{english} {entry['sentence']}" if entry else english
