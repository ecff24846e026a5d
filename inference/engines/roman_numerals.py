"""Keeps hibari's grapheme-to-phoneme conversion from reading Roman numerals of no letters into names.

hibari 0.2.1 says "Peter Collins" as "Peter the zeroth Collins", "Mark Lewis" as "Mark zero Lewis": its pattern for a
numeral behind "Peter" or "Mark" also matches nothing, before a word that begins with one of a numeral's letters.
"""

from __future__ import annotations

import re

#: Words that hibari expects a numeral behind.
_BEFORE = (
    "Pope|King|Queen|Henry|Louis|Edward|George|William|Charles|James|Richard|Elizabeth|Napoleon|Pius|Benedict|Leo|"
    "John Paul|Ramses|Frederick|Philip|Alexander|Nicholas|Peter|Catherine|Ivan|Umberto|Victor Emmanuel|Gustav|"
    "Christian|Ferdinand|[Cc]hapter|[Pp]art|Act|Scene|[Ss]ection|[Vv]olume|[Bb]ook|[Pp]hase|[Aa]rticle|World War|Mark|"
    "[Tt]ype|[Ll]evel|[Ss]tage|[Cc]lass|[Gg]rade|Super Bowl|Apollo|Gemini|Final Fantasy|Episode|[Rr]ound|Rocky"
)
_NAME = re.compile(rf"\b((?:{_BEFORE})\s+)([IVXLC])(?=[A-Za-z]*[a-z])")


def without_empty_numerals(text: str) -> str:
    """The text with a small initial in each word that a numeral would be read before; it is spoken the same."""
    return _NAME.sub(lambda match: match[1] + match[2].lower(), text)
