"""Grapheme-to-phoneme (G2P) for the voice "joe": maps misaki's phonemes to espeak's en-us, which joe was trained on.

espeak itself is GPL. hibari's G2P (Apache-2.0, the rules and dictionaries of misaki) writes one letter for each
phoneme; here each becomes espeak's symbol. ``_RULES`` has the phonemes that depend on their place in the word.
"""

from __future__ import annotations

import re
import unicodedata

#: misaki -> espeak. Other symbols are the same in both.
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
        # An r-colored vowel keeps its r only before a vowel: hurry, memory, but not bird, sooner.
        (rf"ɜɹ(?=[{_VOWELS}])", "ɜːɹ"),
        (r"ɜɹ", "ɜː"),
        (rf"əɹ(?=[{_VOWELS}])", "ɚɹ"),
        (r"əɹ(?![ˈˌ])", "ɚ"),
        (r"^ə(?!$)", "ɐ"),  # about, account
        (r"ɔ(?=[fsθŋ])", "O"),  # off, cost, cloth, long stay short; O is a temporary symbol
        (r"ɔ(?!ɪ)", "ɔː"),
        (r"O", "ɔ"),
        (r"ɑ", "ɑː"),
        (r"u", "uː"),
    )
)
_STRESSED_I = re.compile(rf"[ˈˌ][^{_VOWELS}ˈˌ]*i")
_OPEN_I = re.compile(rf"i(?=$|[{_VOWELS}ˈˌ])")
#: Words with a strong form in espeak and a weak form in misaki.
_WORDS = {"ənd": "ænd", "ði": "ðɪ"}


def to_espeak(phonemes: str) -> str:
    """Maps misaki's phonemes of a sentence to espeak's en-us."""
    return re.sub(r"[^\s.,;:!?()]+", lambda word: _word(word.group()), phonemes)


def _word(word: str) -> str:
    if word in _WORDS:
        return _WORDS[word]
    word = "".join(_SYMBOLS.get(symbol, symbol) for symbol in word)
    for pattern, replacement in _RULES:
        word = pattern.sub(replacement, word)
    return _long_i(word)


def _long_i(word: str) -> str:
    """Marks the long i of *see*, *agree* and *we*, not the short one of *happy* and *area*."""
    syllables = len(re.findall(rf"[{_VOWELS}]+", word))
    stressed = {match.end() - 1 for match in _STRESSED_I.finditer(word)}
    short = set() if syllables == 1 else {match.start() for match in _OPEN_I.finditer(word)} - stressed
    return "".join("iː" if c == "i" and i not in short else c for i, c in enumerate(word))


def to_tokens(phonemes: str, known: frozenset[str]) -> str:
    """Input of ESPnet's tokenizer: symbols separated by spaces, each followed by a pad, between start and end symbols.

    ``known``: the voice's symbols; others are dropped.
    """
    symbols = ["<space>" if c == " " else c for c in unicodedata.normalize("NFD", phonemes)]
    spoken = [part for symbol in symbols if symbol in known for part in (symbol, "_")]
    return " ".join(("^", "_", *spoken, "$"))
