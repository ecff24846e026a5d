"""The language of an utterance: by its script and its frequent words; the language before it holds when in doubt."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from inference.engines.scripted.lexicon import LANGUAGES, WORD, phrases
from inference.engines.scripted.mentions.text import fold
from inference.engines.scripted.mentions.words import known_names
from inference.engines.scripted.understanding.names_aside import is_only_name, without_names
from inference.engines.scripted.understanding.normalized import normalized
from inference.engines.scripted.understanding.urdu import is_written_in_urdu

#: Languages by the name of their script, as Unicode's character names begin.
_SCRIPTS = {
    "CYRILLIC": "ru",
    "GREEK": "el",
    "HEBREW": "he",
    "THAI": "th",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CJK": "zh",
    "BENGALI": "bn",
    "TAMIL": "ta",
    "TELUGU": "te",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "MALAYALAM": "ml",
    "KANNADA": "kn",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "ETHIOPIC": "am",
    "DEVANAGARI": "hi",
    "ARABIC": "ar",
}
#: Evidence that another language than the one before needs, and by how much it must be ahead of it.
_MIN_EVIDENCE, _MIN_LEAD = 1.0, 0.9
#: A language that the agent lacks needs more of both: a wrong notice is worse than a misunderstanding.
_MIN_FOREIGN_EVIDENCE, _MIN_FOREIGN_LEAD = 2.0, 1.0
#: Evidence of a letter that only some languages have.
_OF_A_MARK = 0.7
#: Letters that only some languages have.
_MARKS = {
    letter: language
    for language, letters in {
        "es": "ñ¿¡", "de": "ß", "fr": "œ", "pl": "łąę", "tr": "ğış", "pt": "ãõ", "hu": "őű", "cs": "řů", "ro": "șț",
        "sv": "å",
    }.items()
    for letter in letters
}  # fmt: skip
#: Words that names have too: "de los Santos", "van der Velde", "Nguyen Thi Anh", "Amit Das".
_OF_NAMES = frozenset({
    "der", "den", "des", "del", "los", "las", "le", "la", "du", "zu", "van", "von", "di", "da", "dos", "das", "ben",
    "sen", "can", "thi", "anh", "chi", "em", "bao", "han", "min",
})  # fmt: skip
_WEIGHT_OF_NAMES = 0.3
#: Of a word of the agent's examples.
_WEIGHT_OF_EXAMPLES = 0.5
#: Words of a name in Arabic letters.
_MAX_NAME = 4
_MAX_CHARS = 600


def language_of(
    text: str,
    before: str,
    spoken: Sequence[str],
    vocabulary: Mapping[str, Sequence[str]] | None = None,
    *,
    name_asked: bool = False,
) -> tuple[str, str | None]:
    """The language to understand a text in, and the language that it is in, if that is clearly none of ``spoken``.

    ``before``: the language of the messages before it or of the session. ``spoken``: the agent's languages.
    ``vocabulary``: languages of the words of its examples, normalized. ``name_asked``: whether the last reply asked
    for the customer's name.
    """
    text = unicodedata.normalize("NFC", text[:_MAX_CHARS])
    able = [language for language in spoken if language in LANGUAGES] or [LANGUAGES[0]]
    before = before if before in able else able[0]
    by_script = _by_script(text)
    if by_script == "ar" and before == "hi" and _is_name_in_urdu(text):
        return before, None
    if by_script is not None and by_script not in able:
        return before, None if name_asked and is_only_name(text) else by_script
    if by_script is not None:
        return by_script, None
    evidence = _evidence(without_names(text, _languages_of_words(), before, _OF_NAMES), vocabulary or {})
    if any(language == before and mark in text.lower() for mark, language in _MARKS.items()):
        evidence[before] = max(evidence.get(before, 0.0), _OF_A_MARK)  # "Grüß Gott" is no name
    whole = fold(text)
    for code, phrase in _introductions().items():
        if phrase.search(whole):
            evidence[code] = max(evidence.get(code, 0.0), _MIN_FOREIGN_EVIDENCE)
    if not evidence:
        return before, None
    own = evidence.get(before, 0.0)
    best = max(able, key=lambda language: (evidence.get(language, 0.0), language == before))
    known = evidence.get(best, 0.0)
    foreign = max((each for each in evidence if each not in able), key=lambda each: evidence[each], default=None)
    if foreign is not None:
        found = evidence[foreign]
        if found >= _MIN_FOREIGN_EVIDENCE and found >= known + _MIN_FOREIGN_LEAD:
            return before, foreign
    if best != before and known >= _MIN_EVIDENCE and known >= own + _MIN_LEAD:
        return best, None
    return before, None


def _by_script(text: str) -> str | None:
    """The language of a script that is not Latin, if most letters are in it."""
    counts: Counter[str] = Counter()
    for ch in text:
        if ch.isalpha():
            script = unicodedata.name(ch, "").split(" ")[0]
            counts[_SCRIPTS.get(script, "")] += 1
    total = counts.total()
    if counts["ja"] and counts["ja"] + counts["zh"] > total / 2:
        return "ja"
    language, count = max(counts.items(), key=lambda item: item[1], default=("", 0))
    if not language or count * 2 < total:
        return None
    if language == "ar":
        return "hi" if is_written_in_urdu(text) else "ar"
    if language == "ru" and any(ch in "іїєґІЇЄҐ" for ch in text):
        return "uk"
    return language


def _is_name_in_urdu(text: str) -> bool:
    """Whether a few words are a name as Urdu has them, though all their letters are Arabic too: "احمد خان"."""
    words = text.split()
    return len(words) <= _MAX_NAME and words[0] in known_names("hi").given.split()


def _evidence(text: str, vocabulary: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Evidence for languages written in Latin letters: a word counts by the number of languages that have it."""
    found: dict[str, float] = {}
    words = {match.group() for match in WORD.finditer(fold(normalized(text).text))}
    table = _languages_of_words()
    for word in words:
        for part in {word, *word.split("-")}:
            languages = table.get(part, ())
            weight = _WEIGHT_OF_NAMES if part in _OF_NAMES else 1.0
            if not languages:
                languages, weight = tuple(vocabulary.get(part, ())), _WEIGHT_OF_EXAMPLES
            for language in languages:
                found[language] = found.get(language, 0.0) + weight / len(languages)
    for mark, language in _MARKS.items():
        if mark in text.lower():
            found[language] = found.get(language, 0.0) + _OF_A_MARK
    if "sí" in text.lower().replace(",", " ").split():
        found["es"] = found.get("es", 0.0) + 1
    return found


@cache
def _introductions() -> Mapping[str, re.Pattern[str]]:
    """What introduces one's own name in languages that are not supported: "mi chiamo"."""
    table = tomllib.loads((files(__package__) / "introductions.toml").read_text(encoding="utf-8"))
    return {language: phrases(items) for language, items in table.items()}


@cache
def _languages_of_words() -> Mapping[str, tuple[str, ...]]:
    lists = tomllib.loads((files(__package__) / "function_words.toml").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for language, words in lists.items():
        for word in dict.fromkeys(words.split()):
            found.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}
