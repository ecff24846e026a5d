"""Replaces words in non-Latin scripts, which the voices cannot read, by a phrase: listeners would not miss them."""

from __future__ import annotations

import re
import unicodedata

from inference.text.normalization.locale import Locale

_LETTERS = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u200c\u200d])*")


def replace_other_scripts(text: str, locale: Locale) -> str:
    """Replaces each run of words in other scripts by one phrase, and a single Greek letter by its name."""
    text = _LETTERS.sub(lambda match: _replacement(match[0], locale), text)
    phrase = re.escape(locale.other_script)
    return re.sub(rf"(?:{phrase}[\s\-·・,]*)+(?={phrase})", "", text)


def _replacement(word: str, locale: Locale) -> str:
    if word.isascii() or all(_latin(each) for each in word):
        return word
    name = unicodedata.name(word, "") if len(word) == 1 else ""
    if name.startswith("GREEK"):
        return name.split()[3 if "LETTER" in name else -1].lower()
    latin = "".join(each if _latin(each) else " " for each in word).split()
    return f" {locale.other_script} " if not latin else f" {' '.join(latin)} {locale.other_script} "


def _latin(character: str) -> bool:
    name = unicodedata.name(character, "")
    return character.isascii() or name.startswith(("LATIN", "MICRO", "FEMININE", "MASCULINE", "COMBINING"))
