"""Spanish grapheme-to-phoneme (G2P) rules, Castilian, with the symbols of espeak's voice "es".

Spanish spelling gives the sounds and the stressed syllable (Ortografía de la lengua española, RAE 2010), so that rules
are enough; frequent loan words are respelled first.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from inference.engines.kokoro.tokens import phonemize_words

#: Loan words, and words of which the spelling is not the sound, in Spanish spelling.
_RESPELLED = {
    **{"wifi": "güifi", "router": "rúter", "routers": "rúters", "email": "imeil", "online": "onlain"},
    **{"software": "sófgüer", "hardware": "járgüer", "streaming": "estrímin", "app": "ap", "apps": "aps"},
    **{"smartphone": "esmarfón", "whatsapp": "guasap", "roaming": "róamin", "bluetooth": "blutuz"},
    **{"google": "gúguel", "facebook": "féisbuk", "youtube": "yutub", "netflix": "nétflics", "gmail": "yimeil"},
    **{"méxico": "méjico", "mexicano": "mejicano", "mexicana": "mejicana", "texas": "tejas", "oaxaca": "oajaca"},
    **{"hobby": "jobi", "hall": "jol", "check": "chek", "ticket": "tíquet", "web": "güeb", "webs": "güebs"},
}
#: Words without stress of their own: articles, prepositions, conjunctions, weak pronouns.
_UNSTRESSED = frozenset(
    (
        *("a", "al", "ante", "aunque", "como", "con", "cuando", "cuyo", "de", "del", "desde", "donde", "e", "el", "en"),
        *("entre", "hacia", "hasta", "la", "las", "le", "les", "lo", "los", "mas", "me", "mi", "mis", "ni", "nos"),
        *("nuestra", "nuestras", "nuestro", "nuestros", "o", "os", "para", "pero", "por", "porque", "pues", "que"),
        *("se", "si", "sin", "sobre", "su", "sus", "te", "tu", "tus", "u", "un", "y"),
    )
)

_VOWELS = "aeiouáéíóúü"
_STRONG = "aeoáéíóú"
_PLAIN = str.maketrans("áéíóúü", "aeiouu")
_ONSET, _OFFSET = {"i": "j", "u": "w"}, {"i": "ɪ", "u": "ʊ"}
_ACCENTS = "áéíóú"

#: Applied at each position in order; the first that matches gives the symbols. Vowels are left to the syllables.
_CONSONANTS = tuple(
    (re.compile(pattern), symbols)
    for pattern, symbols in (
        (r"ch", "ʧ"),
        (r"ll", "ʎ"),
        (r"rr", "r"),
        (r"ph", "f"),
        (r"sh", "ʃ"),
        (r"th", "t"),
        (r"ck", "k"),
        (r"cc(?![eiéí])", "k"),
        (r"qu(?=[eiéí])", "k"),
        (r"q", "k"),
        (r"gu(?=[eiéí])", "G"),
        (r"g(?=[eiéí])", "x"),
        (r"j", "x"),
        (r"hi(?=[eé])", "ʝ"),
        (r"h", ""),
        (r"c(?=[eiéí])|z", "θ"),
        (r"c|k", "k"),
        (r"ñ", "ɲ"),
        (r"(?<=[aeiouáéíóú])r(?=[^nls]|$)|(?<=[bcdfgkptv])r", "ɾ"),
        (r"r", "r"),
        (r"^x", "s"),
        (r"x", "ks"),
        (r"^ps(?=[aeiouáéíóú])", "s"),
        (r"(?<=[nm])v|^v|b(?<=^b)|(?<=[nm])b", "b"),
        (r"b|v", "β"),
        (r"^d|(?<=[nl])d", "d"),
        (r"d", "ð"),
        (r"^g|(?<=n)g", "ɡ"),
        (r"g", "ɣ"),
        (r"n(?=[bpvm])", "m"),
        (r"n(?=c[^eiéíh]|[gjkq])", "ŋ"),
        (r"(.)\1", r"\1"),
        (r"[a-z]", r"\g<0>"),
    )
)


@dataclass(slots=True)
class _Sound:
    """A consonant, or one vowel of the spelling: ``letter``."""

    symbols: str
    letter: str = ""


def spanish(text: str) -> str:
    """Kokoro's symbols of a spoken form."""
    return phonemize_words(text, "es", spanish_word)


def spanish_word(word: str) -> str:
    """The symbols of one word, with its stress mark."""
    word = unicodedata.normalize("NFC", word.casefold())
    word = _RESPELLED.get(word, word)
    sounds = _sounds(_latin(word))
    nuclei = _nuclei(sounds)
    stressed = None if word in _UNSTRESSED else _stressed(sounds, nuclei)
    said = ""
    for index, sound in enumerate(sounds):
        if not sound.letter:
            said += sound.symbols
        elif index in nuclei:
            said += ("ˈ" if index == stressed else "") + sound.letter.translate(_PLAIN)
        else:
            glides = _ONSET if index + 1 < len(sounds) and sounds[index + 1].letter else _OFFSET
            said += glides[sound.letter.translate(_PLAIN)]
    return said


def _latin(word: str) -> str:
    """Letters of other languages as the nearest Spanish ones; others are dropped."""
    word = word.replace("ç", "s").replace("ß", "s")
    kept = ""
    for letter in word:
        if letter in _VOWELS or letter == "ñ":
            kept += letter
        else:
            base = unicodedata.normalize("NFD", letter)[0]
            kept += base if base.isascii() and base.isalpha() else ""
    return re.sub(r"y(?![aeiouáéíóú])", "i", re.sub(r"(?<![aeiouáéíóú])w|w(?=[aeiouáéíóú])", "gü", kept))


def _sounds(word: str) -> list[_Sound]:
    sounds: list[_Sound] = []
    at = 0
    while at < len(word):
        if word[at] in _VOWELS:
            sounds.append(_Sound("", word[at]))
            at += 1
            continue
        if word[at] == "y":
            sounds.append(_Sound("ʝ"))
            at += 1
            continue
        for pattern, symbols in _CONSONANTS:
            match = pattern.match(word, at)
            if match:
                sounds += _consonant(match.expand(symbols), word, at)
                at = match.end()
                break
        else:
            at += 1
    return sounds


def _consonant(symbols: str, word: str, at: int) -> list[_Sound]:
    if symbols == "G":
        return [_Sound("ɡ" if at == 0 or word[at - 1] == "n" else "ɣ")]
    return [_Sound(symbols)] if symbols else []


def _nuclei(sounds: list[_Sound]) -> list[int]:
    """The indices of the vowels that carry a syllable: of each diphthong the strong vowel, else the last one."""
    nuclei: list[int] = []
    start = 0
    while start < len(sounds):
        end = start
        while end < len(sounds) and sounds[end].letter:
            end += 1
        run = [index for index in range(start, end) if sounds[index].letter in _STRONG]
        if end > start and not run:
            run = [end - 1]
        nuclei += run
        start = end + 1
    return nuclei


def _stressed(sounds: list[_Sound], nuclei: list[int]) -> int | None:
    if not nuclei:
        return None
    accented = [index for index in nuclei if sounds[index].letter in _ACCENTS]
    if accented:
        return accented[0]
    last = sounds[-1]
    early = last.letter in _STRONG if last.letter else last.symbols in {"n", "s"}
    if last.letter and last.letter not in _STRONG:  # a final diphthong, as in "hablasteis", or i, u, as in "taxi"
        early = len(sounds) - 1 in nuclei
    return nuclei[-2] if early and len(nuclei) > 1 else nuclei[-1]
