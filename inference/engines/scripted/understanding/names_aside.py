"""What tells nothing about the language of an utterance: names, whose words are of anywhere, and spelled letters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from inference.engines.scripted.lexicon import LANGUAGES, WORD
from inference.engines.scripted.mentions.name_reader import JOINTS
from inference.engines.scripted.mentions.text import fold
from inference.engines.scripted.mentions.words import known_names

#: Between two words of a name: spaces, and the full stop of an initial.
_GAP = re.compile(r"\.? +")
_SENTENCE_END = re.compile(r"[.!?;:…\n]\s*[¿¡\"'«„“(]*$|^\W*$")
#: Three letters or more, each by itself: "S Z C", "S-Z-C", "S, Z, C".
_SPELLED = re.compile(r"(?<![^\W\d_'’])[^\W\d_](?:[ .,\-]{1,3}[^\W\d_](?![^\W\d_'’])){2,}")
#: Least words of a name that stands without a cue, and most.
_MIN_WORDS, _MAX_WORDS = 2, 6
#: Least frequent words of one language that make words with capitals a phrase, if they are half of them.
_MIN_FREQUENT = 2


def without_names(text: str, languages: Mapping[str, Sequence[str]], before: str, also_names: frozenset[str]) -> str:
    """The text without spelled letters and names. ``languages``: of frequent words. ``before``: the language whose
    words stay. ``also_names``: frequent words that names have too.
    """
    text = _SPELLED.sub(lambda match: "," * len(match.group()), text)
    if text.isupper():
        return text  # capitals tell nothing
    kept = [*text]
    for run in _runs(text):
        if not _is_name(run, languages, also_names):
            continue
        for word in run:
            known = languages.get(_plain(word), ())
            begins = _SENTENCE_END.search(text[: word.start()]) and known and _plain(word) not in also_names
            if not begins and before not in known:
                kept[word.start() : word.end()] = "," * len(word.group())
    return "".join(kept)


def is_only_name(text: str) -> bool:
    """Whether a text is some words with capitals and nothing else: "Олена Шевченко"."""
    runs = list(_runs(text))
    return len(runs) == 1 and len(runs[0]) == len(WORD.findall(text)) and len(runs[0]) <= _MAX_WORDS


def _runs(text: str) -> list[list[re.Match[str]]]:
    """Two words or more with a capital each, with particles between them."""
    found: list[list[re.Match[str]]] = []
    run: list[re.Match[str]] = []
    held: list[re.Match[str]] = []
    for word in WORD.finditer(text):
        last = held[-1] if held else run[-1] if run else None
        if last is not None and not _GAP.fullmatch(text, last.end(), word.start()):
            found.append(run)
            run, held = [], []
        if _has_capital(word.group()):
            run += [*held, word]
            held = []
        elif run and _plain(word) in _particles():
            held.append(word)
        else:
            found.append(run)
            run, held = [], []
    return [each for each in [*found, run] if len(each) >= _MIN_WORDS]


def _has_capital(word: str) -> bool:
    """Whether a word begins with a capital or has one inside: "d'Aubigny". "I'm" has one anywhere."""
    capital = any(ch.isupper() for ch in word) and not word.isupper()
    return (capital or (len(word) == 1 and word.isupper())) and not re.match(r"I(?:$|['’])", word)


def _is_name(run: Sequence[re.Match[str]], languages: Mapping[str, Sequence[str]], also_names: frozenset[str]) -> bool:
    """Whether words with capitals are a name: most are no frequent words of one language, as "Guten Tag" is."""
    words = [_plain(word) for word in run]
    own = [word for word in words if word not in _particles()]
    frequent = Counter(each for word in own if word not in also_names for each in languages.get(word, ()))
    most = max(frequent.values(), default=0)
    return most < _MIN_FREQUENT or most * 2 < len(own)


def _plain(word: re.Match[str]) -> str:
    return fold(word.group())


@cache
def _particles() -> frozenset[str]:
    """Particles of names in all languages: "de", "van", "bin"."""
    known = [known_names(each).particles for each in LANGUAGES]
    return JOINTS | {fold(unicodedata.normalize("NFC", word)) for words in known for word in words.split()}
