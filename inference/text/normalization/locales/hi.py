"""Locale of Hindi."""

from __future__ import annotations

from inference.text.normalization.locale import Currency, Locale
from inference.text.normalization.locales.hi_numbers import hindi_cardinal, hindi_ordinal, hindi_year
from inference.text.normalization.numbers import cardinal, year

#: Half past one and half past two have names of their own.
_HALF_PAST = {1: "डेढ़", 2: "ढाई"}
_MAX_HOUR_OF_CLOCK = 12


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    words = f"{cardinal(day, HINDI)} {HINDI.months[month - 1]}"
    return f"{words} {year(in_year, HINDI)}" if in_year is not None else words


def _time(hour: int, minute: int, half: str | None) -> str:
    name = cardinal(hour, HINDI)
    if not minute:
        words = f"{name} बजे"
    elif minute == 30 and hour <= _MAX_HOUR_OF_CLOCK:
        words = f"{_HALF_PAST.get(hour, f'साढ़े {name}')} बजे"
    elif minute == 15 and hour <= _MAX_HOUR_OF_CLOCK:
        words = f"सवा {name} बजे"
    else:
        words = f"{name} बजकर {cardinal(minute, HINDI)} मिनट"
    return f"{'सुबह' if half == 'am' else 'शाम'} {words}" if half else words


HINDI = Locale(
    code="hi",
    cardinal=hindi_cardinal,
    ordinal=hindi_ordinal,
    year=hindi_year,
    scripts=("LATIN", "DEVANAGARI"),
    decimal_sign=".",
    point="दशमलव",
    minus="माइनस",
    plus="प्लस",
    percent="प्रतिशत",
    to="से",
    at="ऐट",
    dot="डॉट",
    dash="डैश",
    underscore="अंडरस्कोर",
    slash="स्लैश",
    number="नंबर",
    and_="और",
    million=("मिलियन", "मिलियन"),
    billion=("अरब", "अरब"),
    months=(
        *("जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून"),
        *("जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"),
    ),
    months_short=(
        *("जन", "फरवरी", "मार्च", "अप्रेल", "मई", "जून"),
        *("जुल", "अग", "सितम्बर", "अक्तूबर", "नवम्बर", "दिसम्बर"),
    ),
    date=_date,
    time=_time,
    year_cues=frozenset({"सन्", "सन", "वर्ष", "साल"}),
    currencies={
        "INR": Currency("रुपया", "रुपये", "पैसा", "पैसे"),
        "USD": Currency("डॉलर", "डॉलर", "सेंट", "सेंट"),
        "EUR": Currency("यूरो", "यूरो", "सेंट", "सेंट"),
        "GBP": Currency("पाउंड", "पाउंड", "पेनी", "पेंस"),
        "CHF": Currency("स्विस फ़्रैंक", "स्विस फ़्रैंक", "सेंटीम", "सेंटीम"),
    },
    money_conjunction=" ",
    says_cents=True,
    units={
        "GB": ("जीबी", "जीबी"),
        "MB": ("एमबी", "एमबी"),
        "Mbps": ("एमबीपीएस", "एमबीपीएस"),
        "Gbps": ("जीबीपीएस", "जीबीपीएस"),
        "kWh": ("किलोवाट घंटा", "किलोवाट घंटे"),
        "km": ("किलोमीटर", "किलोमीटर"),
        "m": ("मीटर", "मीटर"),
        "cm": ("सेंटीमीटर", "सेंटीमीटर"),
        "mm": ("मिलीमीटर", "मिलीमीटर"),
        "kg": ("किलोग्राम", "किलोग्राम"),
        "g": ("ग्राम", "ग्राम"),
        "l": ("लीटर", "लीटर"),
        "ml": ("मिलीलीटर", "मिलीलीटर"),
        "W": ("वाट", "वाट"),
        "V": ("वोल्ट", "वोल्ट"),
        "km/h": ("किलोमीटर प्रति घंटा", "किलोमीटर प्रति घंटा"),
        "°C": ("डिग्री सेल्सियस", "डिग्री सेल्सियस"),
        "min": ("मिनट", "मिनट"),
        "h": ("घंटा", "घंटे"),
        "कि.मी.": ("किलोमीटर", "किलोमीटर"),
        "किमी": ("किलोमीटर", "किलोमीटर"),
        "कि.ग्रा.": ("किलोग्राम", "किलोग्राम"),
    },
    abbreviations={
        "डॉ.": "डॉक्टर",
        "नं.": "नंबर",
        "सं.": "संख्या",
        "प्रो.": "प्रोफ़ेसर",
        "लि.": "लिमिटेड",
        "उदा.": "उदाहरण के लिए",
        "Mr.": "मिस्टर",
        "Mrs.": "मिसेज़",
        "Dr.": "डॉक्टर",
    },
    contextual_abbreviations=(
        (r"(?<!\w)(?:रु|रू)\.\s?(?=\d)", "₹"),
        (r"₹\s?(\d[\d,.]{0,15})\s?(हज़ार|हजार|लाख|करोड़|करोड़|अरब)(?!\w)", r"\1 \2 रुपये"),
        (r"(?<![\d.,])1\.5\s(?=(?:हज़ार|हजार|लाख|करोड़|करोड़|अरब)(?!\w))", "डेढ़ "),
        (r"(?<![\d.,])2\.5\s(?=(?:हज़ार|हजार|लाख|करोड़|करोड़|अरब)(?!\w))", "ढाई "),
        (r"(?<=\d)/-", ""),
        (r"(?<!\d)(\d{1,2})\s?[-–]\s?(?=\d{1,2}(?::\d\d)?\s?बजे)", r"\1 से "),
        (r"(?<=\d)\s?बजे", ":00 बजे"),
        (r"(?<=:\d\d):00 बजे", " बजे"),
    ),
    per={
        **{"माह": "प्रति माह", "महीना": "प्रति महीना", "महीने": "प्रति महीने", "दिन": "प्रति दिन", "वर्ष": "प्रति वर्ष"},
        **{"साल": "प्रति साल", "घंटा": "प्रति घंटा", "व्यक्ति": "प्रति व्यक्ति", "month": "प्रति माह", "day": "प्रति दिन"},
    },
    fractions={2: ("आधा", "आधे"), 3: ("एक तिहाई", "तिहाई"), 4: ("एक चौथाई", "चौथाई")},
    of="में से",
    by="गुणा",
    times="गुना",
    about="लगभग",
    version="संस्करण",
    port="पोर्ट",
    other_script="दूसरी लिपि का एक शब्द",
    last_digits_cues=r"आख़िरी अंक|आखिरी अंक|अंतिम अंक",
)
