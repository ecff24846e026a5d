"""Words in a script that the voice of a language cannot read: named as such, for left out they would not be missed."""

from __future__ import annotations

import re
import unicodedata

from inference.text.normalization.locale import Language

_LETTERS = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u200c\u200d])*")


def other_scripts(text: str, language: Language) -> str:
    """Runs of words in other scripts become one phrase; a lone Greek letter its name. Latin letters stay."""
    text = _LETTERS.sub(lambda match: _said(match[0], language), text)
    phrase = re.escape(language.other_script)
    return re.sub(rf"(?:{phrase}[\s\-·・,]*)+(?={phrase})", "", text)


def _said(word: str, language: Language) -> str:
    if word.isascii() or all(_latin(each) for each in word):
        return word
    name = unicodedata.name(word, "") if len(word) == 1 else ""
    if name.startswith("GREEK"):
        return name.split()[3 if "LETTER" in name else -1].lower()
    latin = "".join(each if _latin(each) else " " for each in word).split()
    return f" {language.other_script} " if not latin else f" {' '.join(latin)} {language.other_script} "


def _latin(character: str) -> bool:
    name = unicodedata.name(character, "")
    return character.isascii() or name.startswith(("LATIN", "MICRO", "FEMININE", "MASCULINE", "COMBINING"))
