"""English text to the symbols that the voice "joe" was trained on: espeak's en-us, without espeak, which is GPL.

hibari's grapheme-to-phoneme (Apache-2.0, the rules and dictionaries of misaki) writes one letter a phoneme; here
each becomes what espeak writes for the same sound. What differs by place in the word is listed below with its rule.
"""

from __future__ import annotations

import re
import unicodedata

#: A symbol that is not here is the same in both alphabets.
_SYMBOLS = {
    "A": "eɪ",
    "I": "aɪ",
    "O": "oʊ",
    "Q": "əʊ",
    "W": "aʊ",
    "Y": "ɔɪ",
    "ʤ": "dʒ",
    "ʧ": "tʃ",
    "ᵊ": "ə",
    "T": "ɾ",
    "g": "ɡ",
    "“": "",
    "”": "",
    "—": ",",
    "…": ".",
}
_VOWELS = "aeiouæɑɐɒɔəɚɛɜɪʊʌᵻ"

#: Applied in order to one word, stress marks included.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"əw(?=[ˈˌə])", "u"),  # January, usual
        (r"^(ɹ|d|b)ə(?=[^ˈ]+ˈ|ˈ)", r"\1ᵻ"),  # receive, decide, because
        (rf"(?<=[^{_VOWELS}ˈˌ])əɹə", "ɹə"),  # several, different
        # A coloured vowel keeps its r only before a vowel: bird, hurry; sooner, memory.
        (rf"ɜɹ(?=[{_VOWELS}])", "ɜːɹ"),
        (r"ɜɹ", "ɜː"),
        (rf"əɹ(?=[{_VOWELS}])", "ɚɹ"),
        (r"əɹ(?![ˈˌ])", "ɚ"),
        (r"^ə(?!$)", "ɐ"),  # about, account
        (r"ɔ(?=[fsθŋ])", "O"),  # off, cost, cloth, long stay short; O is free again here
        (r"ɔ(?!ɪ)", "ɔː"),
        (r"O", "ɔ"),
        (r"ɑ", "ɑː"),
        (r"u", "uː"),
    )
)
_STRESSED_I = re.compile(rf"[ˈˌ][^{_VOWELS}ˈˌ]*i")
_OPEN_I = re.compile(rf"i(?=$|[{_VOWELS}ˈˌ])")
#: Words that espeak says in full where misaki has them weak.
_WORDS = {"ənd": "ænd", "ði": "ðɪ"}


def to_espeak(phonemes: str) -> str:
    """misaki's phonemes of one sentence as espeak's en-us would be."""
    return re.sub(r"[^\s.,;:!?()]+", lambda word: _word(word.group()), phonemes)


def _word(word: str) -> str:
    if word in _WORDS:
        return _WORDS[word]
    word = "".join(_SYMBOLS.get(symbol, symbol) for symbol in word)
    for pattern, replacement in _RULES:
        word = pattern.sub(replacement, word)
    return _long_i(word)


def _long_i(word: str) -> str:
    """The vowel of *happy* and *area* is short, those of *see*, *agree* and *we* are long."""
    syllables = len(re.findall(rf"[{_VOWELS}]+", word))
    stressed = {match.end() - 1 for match in _STRESSED_I.finditer(word)}
    short = set() if syllables == 1 else {match.start() for match in _OPEN_I.finditer(word)} - stressed
    return "".join("iː" if c == "i" and i not in short else c for i, c in enumerate(word))


def to_tokens(phonemes: str, known: frozenset[str]) -> str:
    """Symbols as the voice's ESPnet tokenizer reads them: parted by spaces, a pad after each, between start and end.

    What the voice has no symbol for is left out.
    """
    symbols = ["<space>" if c == " " else c for c in unicodedata.normalize("NFD", phonemes)]
    spoken = [part for symbol in symbols if symbol in known for part in (symbol, "_")]
    return " ".join(("^", "_", *spoken, "$"))
