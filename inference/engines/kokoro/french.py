"""French grapheme-to-phoneme (G2P): words by g2p2's model (MIT), then elision, liaison and the stress of groups.

The symbols are those of espeak's voice "fr", which Kokoro was trained on. g2p2 reads one word at a time, without the
apostrophe of an elision and without the words beside it.
"""

from __future__ import annotations

import lzma
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from inference.engines.kokoro.tokens import Phonemize, tokens
from inference.weights.cache import PackageFile

#: g2p2's model of French: 220 MB in memory.
SOURCE = PackageFile(
    "g2p2-group-romance",
    "g2p2_group_romance/fr.g2p.xz",
    "4214afa02721d99d457341e1ea27667311e818bebca6715dc3769e56778b7c56",
)

#: Words before an apostrophe.
_ELIDED = {
    **{"l": "l", "d": "d", "j": "ʒ", "n": "n", "m": "m", "t": "t", "s": "s", "c": "s", "qu": "k"},
    **{"jusqu": "ʒysk", "lorsqu": "lɔʁsk", "puisqu": "pɥisk", "quelqu": "kɛlk", "presqu": "pʁɛsk"},
}
#: Words that the model gets wrong, or right only by the words beside them.
_WORDS = {
    **{"est": "ɛ", "et": "e", "a": "a", "à": "a", "y": "i", "où": "u", "ou": "u", "es": "ɛ", "ai": "ɛ", "as": "a"},
    **{"les": "le", "des": "de", "mes": "me", "tes": "te", "ses": "se", "ces": "se", "aux": "o", "eux": "ø"},
    **{"que": "kə", "de": "də", "le": "lə", "je": "ʒə", "me": "mə", "te": "tə", "se": "sə", "ce": "sə", "ne": "nə"},
    **{"tous": "tus", "plus": "ply", "six": "sis", "dix": "dis", "huit": "ɥit", "cinq": "sɛ̃k", "sept": "sɛt"},
    **{"monsieur": "məsjø", "messieurs": "mesjø", "madame": "madam", "femme": "fam", "oignon": "ɔɲɔ̃"},
    **{"aujourd'hui": "oʒuʁdɥi", "euro": "øʁo", "euros": "øʁo", "eu": "y", "août": "ut", "second": "səɡɔ̃"},
    **{"internet": "ɛ̃tɛʁnɛt", "email": "imɛl", "mail": "mɛl", "wifi": "wifi", "web": "wɛb", "sms": "ɛsɛmɛs"},
    **{"igrec": "iɡʁɛk", "doublevé": "dubləve", "cu": "ky", "bé": "be", "cé": "se", "dé": "de", "gé": "ʒe", "ji": "ʒi"},
    **{"ache": "aʃ", "pé": "pe", "té": "te", "vé": "ve", "ka": "ka", "zède": "zɛd", "e": "ə"},
    **{"vingt": "vɛ̃", "cent": "sɑ̃", "cents": "sɑ̃", "mille": "mil", "un": "œ̃", "une": "yn", "deux": "dø"},
    **{"quatre": "katʁə", "ils": "il", "elles": "ɛl", "nous": "nu", "vous": "vu", "dans": "dɑ̃", "chez": "ʃe"},
}
#: Words whose last consonant is heard before a vowel, and how (liaisons that are always made).
_LIAISON = {
    **dict.fromkeys(("les", "des", "mes", "tes", "ses", "ces", "nos", "vos", "leurs", "aux", "quelques"), "z"),
    **dict.fromkeys(("nous", "vous", "ils", "elles", "deux", "trois", "dans", "sans", "chez", "très", "plus"), "z"),
    **dict.fromkeys(("plusieurs", "certains", "certaines", "quels", "quelles", "autres", "petits", "grands"), "z"),
    **dict.fromkeys(("un", "en", "on", "mon", "ton", "son", "aucun"), "n"),
    **dict.fromkeys(("est", "sont", "tout", "quand", "petit", "grand", "vingt", "cent"), "t"),
    **dict.fromkeys(("vingts", "cents"), "z"),
}
#: Numbers whose last consonant is silent before a consonant and another one before a vowel.
_BEFORE_CONSONANT = {"six": "si", "dix": "di", "huit": "ɥi", "tous": "tu"}
_BEFORE_VOWEL = {"six": "siz", "dix": "diz"}
#: Words that sound otherwise before certain ones: neuf heures, vingt-deux.
_BEFORE = {
    **{("neuf", word): "nœv" for word in ("heures", "ans", "heure")},
    **{("vingt", word): "vɛ̃t" for word in ("deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf")},
    **{("cent", word): "sɑ̃" for word in ("un", "une", "onze")},
}
#: Words before which there is no liaison: those with an aspirated h, some numbers, conjunctions.
_NOT_LINKED = re.compile(r"h(?:a(?!bi|bo|le|rm)|éros|e[ru]rt|ibou|o(?:ck|ll|nt|rs|rd)|uit|ut)|onz|oui|et$|ou$|à$")
_UNSTRESSED = frozenset(
    (
        *("le", "la", "les", "un", "une", "des", "du", "de", "au", "aux", "et", "ou", "à", "en", "dans", "par", "pour"),
        *(
            "entre",
            "sur",
            "avec",
            "sans",
            "chez",
            "que",
            "qui",
            "je",
            "tu",
            "il",
            "elle",
            "on",
            "nous",
            "vous",
            "ils",
            "elles",
        ),
        *("me", "te", "se", "ne", "ce", "ces", "mon", "ma", "mes", "ton", "ta", "tes", "son", "sa", "ses", "notre"),
        *("votre", "nos", "vos", "leur", "leurs", "est", "y", "si", "mais"),
    )
)
_VOWELS = "aeiouyɑɔəɛœøɐ"
_STARTS_WITH_VOWEL = re.compile(rf"[{_VOWELS}]|ɥ")
#: g2p2's tie bars and non-syllabic marks have no symbol in Kokoro.
_DROPPED = dict.fromkeys(map(ord, "\u0361\u032f\u203f.ˈˌ"))


@dataclass(slots=True)
class _Word:
    """A word by its spelling in lower case and its symbols; ``elided`` before the next word."""

    spelling: str
    symbols: str
    elided: bool = False


def load_french() -> Phonemize:
    """The G2P: takes a spoken form, gives Kokoro's symbols. Raises EngineUnavailable if the model is missing."""
    from g2p2 import Model  # noqa: PLC0415  found missing here, not when the worker starts

    model: Any = Model.from_bytes(lzma.decompress(SOURCE.verified().read_bytes()))

    @lru_cache(maxsize=4096)
    def sounds(word: str) -> str:
        return _cleaned(model.phonemize(word))

    return lambda text: french(text, sounds)


def french(text: str, sounds: Phonemize) -> str:
    """Kokoro's symbols of a spoken form. ``sounds``: the G2P of one word in lower case."""
    said, group = "", list[_Word]()
    for token, is_word in tokens(text, "fr"):
        if is_word:
            group += _words(token, sounds)
            continue
        said += _group(group) + token
        group = []
    return (said + _group(group)).strip()


def _words(token: str, sounds: Phonemize) -> list[_Word]:
    token = unicodedata.normalize("NFC", token.casefold()).replace("’", "'")
    if token in _WORDS:
        return [_Word(token, _WORDS[token])]
    head, _, tail = token.partition("'")
    if tail and head in _ELIDED:
        return [_Word(head, _ELIDED[head], elided=True), *_words(tail, sounds)]
    if tail:
        return [*_words(head, sounds), *_words(tail, sounds)]
    return [_Word(token, sounds(token))]


def _group(words: list[_Word]) -> str:
    """The symbols of the words up to a punctuation mark, each preceded by a space."""
    said = ""
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else None
        symbols = _linked(word, following)
        said += "" if index and words[index - 1].elided else " "
        said += symbols if word.spelling in _UNSTRESSED and following is not None else _stress(symbols)
    return said


def _linked(word: _Word, following: _Word | None) -> str:
    """The word as it sounds before the following one."""
    if following is None or word.elided:
        return word.symbols
    if (word.spelling, following.spelling) in _BEFORE:
        return _BEFORE[word.spelling, following.spelling]
    vowel = bool(_STARTS_WITH_VOWEL.match(following.symbols)) and not _NOT_LINKED.match(following.spelling)
    if not vowel:
        return _BEFORE_CONSONANT.get(word.spelling, word.symbols)
    if word.spelling in _BEFORE_VOWEL:
        return _BEFORE_VOWEL[word.spelling]
    return word.symbols + _LIAISON.get(word.spelling, "")


def _stress(symbols: str) -> str:
    """Marks the last vowel that is not a schwa."""
    vowels = [at for at, symbol in enumerate(symbols) if symbol in _VOWELS]
    full = [at for at in vowels if symbols[at] != "ə"] or vowels
    if not full:
        return symbols
    return f"{symbols[: full[-1]]}ˈ{symbols[full[-1] :]}"


def _cleaned(symbols: str) -> str:
    """Decomposed, since Kokoro has nasal vowels as a vowel and a tilde; without marks that it does not know."""
    plain = unicodedata.normalize("NFD", symbols).translate(_DROPPED).replace("g", "ɡ")
    return re.sub(r"ɑ(?!\u0303)", "a", plain)
