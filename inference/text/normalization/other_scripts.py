"""Replaces words in non-Latin scripts, which the voice cannot read, by a phrase: listeners would not miss them."""

from __future__ import annotations

import re
import unicodedata

from inference.text.normalization.locale import Locale

_LETTERS = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0963\u0966-\u0dff\u200c\u200d])*")


def replace_other_scripts(text: str, locale: Locale) -> str:
    """Replaces each run of words in other scripts by one phrase, and a single Greek letter by its name."""
    text = _LETTERS.sub(lambda match: _replacement(match[0], locale), text)
    phrase = re.escape(locale.other_script)
    return re.sub(rf"(?:{phrase}[\s\-·・,]*)+(?={phrase})", "", text)


def _replacement(word: str, locale: Locale) -> str:
    if word.isascii() or all(_readable(each, locale) for each in word):
        return word
    name = unicodedata.name(word, "") if len(word) == 1 else ""
    if name.startswith("GREEK"):
        return name.split()[3 if "LETTER" in name else -1].lower()
    kept = "".join(each if _readable(each, locale) else " " for each in word).split()
    return f" {locale.other_script} " if not kept else f" {' '.join(kept)} {locale.other_script} "


def _readable(character: str, locale: Locale) -> bool:
    name = unicodedata.name(character, "")
    if character in "\u200c\u200d":  # joiners within a word
        return True
    return character.isascii() or name.startswith((*locale.scripts, "MICRO", "FEMININE", "MASCULINE", "COMBINING"))
