"""Words in Latin letters within Hindi: English words and names, written in Devanagari by rule."""

from __future__ import annotations

import re
import unicodedata

#: Frequent words whose English spelling is far from their sound.
_WORDS = {
    **{"email": "ईमेल", "mail": "मेल", "wifi": "वाई फ़ाई", "whatsapp": "व्हाट्सऐप", "online": "ऑनलाइन", "app": "ऐप"},
    **{"internet": "इंटरनेट", "mobile": "मोबाइल", "phone": "फ़ोन", "call": "कॉल", "website": "वेबसाइट", "data": "डेटा"},
    **{"google": "गूगल", "service": "सर्विस", "customer": "कस्टमर", "number": "नंबर", "code": "कोड", "please": "प्लीज़"},
    **{"the": "द", "of": "ऑफ़", "and": "ऐंड", "you": "यू", "one": "वन", "two": "टू", "three": "थ्री", "thank": "थैंक"},
}
#: Applied at each position in order; the first that matches gives the consonants or the vowel.
_RULES = tuple(
    (re.compile(pattern), kind, said)
    for pattern, kind, said in (
        (r"tion\b|sion\b", "C", "शन"),
        (r"ough", "V", "ओ"),
        (r"igh", "V", "आई"),
        (r"sch", "C", "स्क"),
        (r"sh", "C", "श"),
        (r"ch", "C", "च"),
        (r"ph", "C", "फ़"),
        (r"th", "C", "थ"),
        (r"kh", "C", "ख"),
        (r"gh", "C", "घ"),
        (r"bh", "C", "भ"),
        (r"dh", "C", "ध"),
        (r"wh", "C", "व"),
        (r"ck", "C", "क"),
        (r"qu", "C", "क्व"),
        (r"q", "C", "क"),
        (r"x", "C", "क्स"),
        (r"c(?=[eiy])", "C", "स"),
        (r"[ck]", "C", "क"),
        (r"g(?=[ei])", "C", "ज"),
        (r"(?:ee|ea|ie)(?!\b.)", "V", "ई"),
        (r"oo", "V", "ऊ"),
        (r"ou|ow", "V", "आउ"),
        (r"ai|ay", "V", "ए"),
        (r"au|aw", "V", "ऑ"),
        (r"oa", "V", "ओ"),
        (r"aa", "V", "आ"),
        (r"(?<=[bcdfghjklmnpqrstvwxz])e\b", "", ""),
        (r"a(?=[bcdfghjklmnpqrstvwxz]e\b)", "V", "ए"),
        (r"i(?=[bcdfghjklmnpqrstvwxz]e\b)", "V", "आई"),
        (r"o(?=[bcdfghjklmnpqrstvwxz]e\b)", "V", "ओ"),
        (r"a\b", "V", "आ"),
        (r"[iy]\b", "V", "ई"),
        (r"o\b", "V", "ओ"),
        (r"y(?=[aeiou])", "C", "य"),
        (r"a", "V", "अ"),
        (r"e", "V", "ए"),
        (r"[iy]", "V", "इ"),
        (r"o", "V", "ऑ"),
        (r"u", "V", "अ"),
        (r"(.)\1", "C", None),
        (r"[a-z]", "C", None),
    )
)
_LETTERS = {
    **{"b": "ब", "d": "ड", "f": "फ़", "g": "ग", "h": "ह", "j": "ज", "l": "ल", "m": "म", "n": "न", "p": "प"},
    **{"r": "र", "s": "स", "t": "ट", "v": "व", "w": "व", "z": "ज़"},
}
_SIGNS = {
    **{"अ": "", "आ": "ा", "इ": "ि", "ई": "ी", "उ": "ु", "ऊ": "ू", "ए": "े", "ऐ": "ै", "ओ": "ो", "औ": "ौ", "ऑ": "ॉ"},
    **{"आई": "ाई", "आउ": "ाउ"},
}
_VIRAMA = "\u094d"


def devanagari_of(word: str) -> str:
    """The word in Devanagari, about as Indian English says it. Letters that are not Latin are dropped."""
    plain = unicodedata.normalize("NFD", word.casefold())
    plain = "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
    if plain in _WORDS:
        return _WORDS[plain]
    said, open_consonant, at = "", False, 0
    while at < len(plain):
        match, kind, fixed = next(
            (match, kind, fixed) for pattern, kind, fixed in _RULES if (match := pattern.match(plain, at))
        )
        at = match.end()
        text = _LETTERS.get(match[0][0], "") if fixed is None else fixed
        if kind == "C" and text:
            said += (_VIRAMA if open_consonant else "") + text
            open_consonant = True
        elif kind == "V":
            said += _SIGNS[text] if open_consonant else text
            open_consonant = False
    return said
