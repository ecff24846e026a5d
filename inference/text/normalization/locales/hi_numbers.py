"""Hindi number words: 0 to 99 have names of their own; above them thousands, lakhs (10^5) and crores (10^7)."""

from __future__ import annotations

import re

_BELOW_HUNDRED: tuple[str, ...] = tuple(
    re.findall(
        r"\S+",
        "शून्य एक दो तीन चार पाँच छह सात आठ नौ "
        "दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस "
        "बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस "
        "तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस "
        "चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास "
        "पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ "
        "साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर "
        "सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी "
        "अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी "
        "नब्बे इक्यानवे बानवे तिरानवे चौरानवे पंचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे",
    )
)
_UNITS = (
    *((10**13, "नील"), (10**11, "खरब"), (10**9, "अरब"), (10**7, "करोड़")),
    *((10**5, "लाख"), (10**3, "हज़ार"), (100, "सौ")),
)
_ORDINALS = {1: "पहला", 2: "दूसरा", 3: "तीसरा", 4: "चौथा", 6: "छठा"}


def hindi_cardinal(value: int) -> str:
    """ "पच्चीस"; below 10^15."""
    if value < 0:
        return f"ऋण {hindi_cardinal(-value)}"
    if value < 100:
        return _BELOW_HUNDRED[value]
    for size, name in _UNITS:
        if value >= size:
            count, rest = divmod(value, size)
            words = f"{hindi_cardinal(count)} {name}"
            return f"{words} {hindi_cardinal(rest)}" if rest else words
    raise AssertionError("unreachable")


def hindi_ordinal(value: int) -> str:
    """ "पच्चीसवाँ"."""
    return _ORDINALS.get(value) or f"{hindi_cardinal(value)}वाँ"


def hindi_year(value: int) -> str:
    """Years of four digits by hundreds up to 1999: "उन्नीस सौ निन्यानवे"; "दो हज़ार छब्बीस"."""
    if 1100 <= value < 2000:
        hundreds, rest = divmod(value, 100)
        words = f"{hindi_cardinal(hundreds)} सौ"
        return f"{words} {hindi_cardinal(rest)}" if rest else words
    return hindi_cardinal(value)
