"""The sound of Hindi words in Devanagari and in Urdu script, for words that speech recognition spells by ear."""

from __future__ import annotations

import re

#: Consonants by their sound: aspirated, retroflex and dental ones count as one, as recognition confuses them.
_SOUNDS = {
    "k": "कखکخق",
    "g": "गघگغ",
    "c": "चछچ",
    "j": "जझجزذظض",
    "t": "टठतथٹتط",
    "d": "डढदधڈد",
    "n": "नणङञंنں",
    "p": "पफپف",
    "b": "बभب",
    "m": "मم",
    "r": "रرڑ",
    "l": "लل",
    "s": "शषसشسصث",
    "h": "हہح",
}
_SOUND = {letter: sound for sound, letters in _SOUNDS.items() for letter in letters}
#: A nasal before another consonant is written or left out.
_NASAL = re.compile(r"n(?=[cjtdpbkg])")


def sound_of(word: str) -> str:
    """The consonants of a folded word in Devanagari or Arabic script: "शून्य" and "شونے" are "sn". Empty for others.

    An h at the end is none: Urdu writes a final "a" so.
    """
    return _NASAL.sub("", "".join(_SOUND.get(ch, "") for ch in word)).rstrip("h")
