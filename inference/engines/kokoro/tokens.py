"""Tokens of a spoken form: words and punctuation, for the grapheme-to-phoneme (G2P) rules of each language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from inference.engines.kokoro.letters import letter_name

#: From a spoken form (``inference.text.normalization``) to Kokoro's symbols: IPA with stress marks before vowels,
#: words separated by spaces, punctuation kept.
Phonemize = Callable[[str], str]

#: A word with its combining marks and inner apostrophes; or a punctuation mark that Kokoro knows as a pause.
_TOKEN = re.compile(r"(?P<word>[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0963]|['’](?=[^\W\d_]))*)|[,.;:!?…—।॥]")
#: More of the same letter are not heard, and could make a word of minutes.
_REPEATED = re.compile(r"(.)\1{3,}")
_SIGNS = {"।": ".", "॥": ".", "—": ","}


def tokens(text: str, language: str) -> Iterator[tuple[str, bool]]:
    """Each token in order, and whether it is a word; letters that stand alone are words by their names in
    ``language``. Drops all other characters."""
    found = list(_TOKEN.finditer(_REPEATED.sub(r"\1\1\1", text)))
    for match, following in zip(found, [*found[1:], None], strict=False):
        if match["word"]:
            name = letter_name(match["word"], None if following is None else following[0], language)
            yield name or match["word"], True
        else:
            yield _SIGNS.get(match[0], match[0]), False


def phonemize_words(text: str, language: str, word: Callable[[str], str]) -> str:
    """Applies ``word`` to each word by itself. ``language``: ISO 639-1, of the names of letters."""
    said = ""
    for token, is_word in tokens(text, language):
        said += f" {word(token)}" if is_word else token
    return said.strip()
