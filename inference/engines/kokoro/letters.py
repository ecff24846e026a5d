"""Names of the letters, for letters that stand alone: a spoken form has codes as "K 4 R" with digits in words."""

from __future__ import annotations

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_NAMES = {
    "es": ("a be ce de e efe ge hache i jota ka ele eme ene o pe cu erre ese te u uve uvedoble equis igriega zeta"),
    "fr": "a bé cé dé e effe gé ache i ji ka elle emme enne o pé cu erre esse té u vé doublevé ixe igrec zède",
    "hi": "ए बी सी डी ई एफ़ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू एक्स वाई ज़ेड",
}
_BY_LANGUAGE = {
    language: dict(zip(_ALPHABET, names.split(), strict=True)) | ({"ñ": "eñe"} if language == "es" else {})
    for language, names in _NAMES.items()
}


def letter_name(word: str, following: str | None, language: str) -> str | None:
    """The name of a capital letter that stands alone; None for all other tokens.

    ``following``: the next token. Before a word in small letters the Spanish and French words "Y", "A", "O" begin a
    sentence.
    """
    if len(word) != 1 or not word.isupper():
        return None
    if word in "AEOUY" and following is not None and following[:1].islower() and language != "hi":
        return None
    return _BY_LANGUAGE[language].get(word.lower())
