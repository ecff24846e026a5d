"""Hindi grapheme-to-phoneme (G2P) rules for Devanagari, with the symbols of espeak's voice "hi".

Devanagari writes every sound but the dropped schwa: the vowel that a consonant without a vowel sign has is silent at
the end of a word, and within it between a vowel and a consonant with a vowel (Narasimhan, Sproat and Kiraz,
"Schwa-deletion in Hindi text-to-speech synthesis", 2004).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from inference.engines.kokoro.latin_in_hindi import devanagari_of
from inference.engines.kokoro.tokens import phonemize_words

_CONSONANTS = {
    **{"क": "k", "ख": "kʰ", "ग": "ɡ", "घ": "ɡʰ", "ङ": "ŋ", "च": "ʧ", "छ": "ʧʰ", "ज": "ʤ", "झ": "ʤʰ", "ञ": "ɲ"},
    **{"ट": "ʈ", "ठ": "ʈʰ", "ड": "ɖ", "ढ": "ɖʰ", "ण": "ɳ", "त": "t", "थ": "tʰ", "द": "d", "ध": "dʰ", "न": "n"},
    **{"प": "p", "फ": "pʰ", "ब": "b", "भ": "bʰ", "म": "m", "य": "j", "र": "ɾ", "ल": "l", "ळ": "l", "व": "ʋ"},
    **{"श": "ʃ", "ष": "ʃ", "स": "s", "ह": "h"},
}
#: Consonants with a dot below (nukta).
_DOTTED = {"क": "k", "ख": "x", "ग": "ɣ", "ज": "z", "ड": "ɽ", "ढ": "ɽʰ", "फ": "f", "झ": "ʒ", "र": "ɾ"}
_VOWELS = {
    **{"अ": "ə", "आ": "aː", "इ": "ɪ", "ई": "iː", "उ": "ʊ", "ऊ": "uː", "ऋ": "ɾɪ", "ए": "eː", "ऐ": "ɛː"},
    **{"ओ": "oː", "औ": "ɔː", "ऑ": "ɔː", "ऍ": "ɛː", "ऎ": "eː", "ऒ": "oː"},
}
_VOWEL_SIGNS = {
    **{"ा": "aː", "ि": "ɪ", "ी": "iː", "ु": "ʊ", "ू": "uː", "ृ": "ɾɪ", "े": "eː", "ै": "ɛː"},
    **{"ो": "oː", "ौ": "ɔː", "ॉ": "ɔː", "ॅ": "ɛː", "ॆ": "eː", "ॊ": "oː"},
}
_NUKTA, _VIRAMA, _VISARGA = "\u093c", "\u094d", "\u0903"
_NASALS = "\u0901\u0902"
_SCHWA = "ə"
_TILDE = "\u0303"
#: The nasal consonant before a consonant of the same place.
_HOMORGANIC = {
    **dict.fromkeys("kɡ", "ŋ"),
    **dict.fromkeys("ʧʤ", "ɲ"),
    **dict.fromkeys("ʈɖ", "ɳ"),
    **dict.fromkeys("tdszʃ", "n"),
    **dict.fromkeys("pb", "m"),
}
#: Words whose sound is not their spelling: they, that, this, one's own.
_WORDS = {"यह": "jeː", "वह": "ʋoː", "ये": "jeː", "वे": "ʋeː", "कि": "kɪ", "न": "nə", "व": "ʋə", "रुपये": "ɾʊpˈeː"}


@dataclass(slots=True)
class _Syllable:
    """An akshara: consonants before a vowel. ``vowel``: "" where a virama or schwa deletion took it.

    ``inherent``: whether the vowel is the unwritten schwa.
    """

    onset: str
    vowel: str
    inherent: bool = False
    nasal: bool = False
    breath: bool = False


def hindi(text: str) -> str:
    """Kokoro's symbols of a spoken form. Words in Latin letters are read as in Indian English."""
    return phonemize_words(text, "hi", hindi_word)


def hindi_word(word: str) -> str:
    """The symbols of one word, with its stress mark."""
    if word.isascii() or not any("\u0900" <= letter <= "\u097f" for letter in word):
        word = devanagari_of(word)
    word = unicodedata.normalize("NFC", word)
    if word in _WORDS:
        return _WORDS[word]
    syllables = _syllables(unicodedata.normalize("NFD", word))
    _drop_schwas(syllables)
    stressed = _stressed(syllables)
    return "".join(
        _said(syllable, syllables[index + 1] if index + 1 < len(syllables) else None, stressed=index == stressed)
        for index, syllable in enumerate(syllables)
    )


def _syllables(word: str) -> list[_Syllable]:
    """Of a word in NFD, where a nukta is a sign of its own."""
    found: list[_Syllable] = []
    at = 0
    while at < len(word):
        letter = word[at]
        at += 1
        if letter in _CONSONANTS:
            dotted = word[at : at + 1] == _NUKTA
            at += dotted
            sound = _DOTTED.get(letter, _CONSONANTS[letter]) if dotted else _CONSONANTS[letter]
            sign = word[at : at + 1]
            if sign == _VIRAMA:
                found.append(_Syllable(sound, ""))
            elif sign in _VOWEL_SIGNS and sign:
                found.append(_Syllable(sound, _VOWEL_SIGNS[sign]))
            else:
                found.append(_Syllable(sound, _SCHWA, inherent=True))
                continue
            at += 1
        elif letter in _VOWELS:
            found.append(_Syllable("", _VOWELS[letter]))
        elif letter in _NASALS and found:
            found[-1].nasal = True
        elif letter == _VISARGA and found:
            found[-1].breath = True
    return found


def _drop_schwas(syllables: list[_Syllable]) -> None:
    """Takes the silent schwas away, from the end of the word to its beginning."""
    last = len(syllables) - 1
    if last > 0 and syllables[last].inherent and not syllables[last].nasal:
        cluster = not syllables[last - 1].vowel
        sonorant = syllables[last].onset in {"j", "ʋ"}  # the schwa of "वाक्य" is heard a little
        if not (cluster and sonorant):
            syllables[last].vowel = ""
    for index in range(last - 1, 0, -1):
        syllable, before, after = syllables[index], syllables[index - 1], syllables[index + 1]
        if not syllable.inherent or syllable.nasal or not syllable.onset or not after.onset:
            continue
        if before.vowel and after.vowel:
            syllable.vowel = ""


def _stressed(syllables: list[_Syllable]) -> int | None:
    """The index of the stressed syllable: the last heavy one before the last vowel, else the first."""
    voiced = [index for index, syllable in enumerate(syllables) if syllable.vowel]
    if not voiced:
        return None
    heavy = [index for index in voiced[:-1] if _is_heavy(syllables, index)]
    if heavy:
        return heavy[-1]
    closed_end = voiced[-1] < len(syllables) - 1 and "ː" in syllables[voiced[-1]].vowel
    return voiced[-1] if closed_end else voiced[0]


def _is_heavy(syllables: list[_Syllable], index: int) -> bool:
    closed = index + 1 < len(syllables) and not syllables[index + 1].vowel
    return "ː" in syllables[index].vowel or closed or syllables[index].nasal


def _said(syllable: _Syllable, following: _Syllable | None, *, stressed: bool) -> str:
    vowel = syllable.vowel
    if not vowel:
        return syllable.onset
    if stressed:
        vowel = "ˈ" + ("ʌ" if vowel == _SCHWA else vowel)
    if syllable.nasal:
        consonant = _HOMORGANIC.get(following.onset[:1]) if following is not None and following.onset else None
        long = "ː" in vowel
        if consonant and not (long and following is not None and following.onset[:1] in "szʃ"):
            vowel += consonant
        else:
            vowel = vowel.replace("ː", "") + _TILDE + ("ː" if long else "")
    return syllable.onset + vowel + ("h" if syllable.breath else "")
