"""Locale of German."""

from __future__ import annotations

from inference.text.normalization.locale import Currency, Locale
from inference.text.normalization.numbers import before_noun, cardinal, ordinal, year

#: Words after which an ordinal ends in -n, and after which it ends in -e.
_DATIVE = frozenset({"am", "dem", "den", "vom", "zum", "bis", "ab", "seit", "im", "beim", "diesem", "jedem"})
_WEAK = frozenset({"der", "die", "das"})


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    ending = "n" if before in _DATIVE else "" if before in _WEAK else "r"
    words = f"{ordinal(day, GERMAN)}{ending} {GERMAN.months[month - 1]}"
    return f"{words} {year(in_year, GERMAN)}" if in_year is not None else words


def _time(hour: int, minute: int, half: str | None) -> str:
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    words = f"{before_noun(cardinal(hour, GERMAN), GERMAN)} Uhr"
    return f"{words} {cardinal(minute, GERMAN)}" if minute else words


GERMAN = Locale(
    code="de",
    decimal_sign=",",
    point="Komma",
    minus="minus",
    plus="plus",
    percent="Prozent",
    to="bis",
    at="at",
    dot="Punkt",
    dash="Bindestrich",
    underscore="Unterstrich",
    slash="Schrägstrich",
    number="Nummer",
    and_="und",
    million=("Million", "Millionen"),
    billion=("Milliarde", "Milliarden"),
    months=(
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    months_short=("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sept?", "Okt", "Nov", "Dez"),
    date=_date,
    time=_time,
    day_suffix=r"\.",
    year_cues=frozenset({"jahr", "seit", "bis", "ab", "jahre"}),
    currencies={
        "USD": Currency("Dollar", "Dollar", "Cent", "Cent"),
        "EUR": Currency("Euro", "Euro", "Cent", "Cent"),
        "GBP": Currency("Pfund", "Pfund", "Penny", "Pence"),
        "INR": Currency("Rupie", "Rupien", "Paisa", "Paise", feminine=True),
        "CHF": Currency("Franken", "Franken", "Rappen", "Rappen"),
    },
    money_conjunction=" ",
    says_cents=False,
    feminine_million=True,
    before_noun_forms=(("eins", "ein", "eine"),),
    units={
        "GB": ("Gigabyte", "Gigabyte"),
        "MB": ("Megabyte", "Megabyte"),
        "Mbps": ("Megabit pro Sekunde", "Megabit pro Sekunde"),
        "Mbit/s": ("Megabit pro Sekunde", "Megabit pro Sekunde"),
        "Gbps": ("Gigabit pro Sekunde", "Gigabit pro Sekunde"),
        "kWh": ("Kilowattstunde", "Kilowattstunden"),
        "km": ("Kilometer", "Kilometer"),
        "m": ("Meter", "Meter"),
        "cm": ("Zentimeter", "Zentimeter"),
        "mm": ("Millimeter", "Millimeter"),
        "m²": ("Quadratmeter", "Quadratmeter"),
        "kg": ("Kilogramm", "Kilogramm"),
        "g": ("Gramm", "Gramm"),
        "l": ("Liter", "Liter"),
        "ml": ("Milliliter", "Milliliter"),
        "W": ("Watt", "Watt"),
        "V": ("Volt", "Volt"),
        "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"),
        "°C": ("Grad Celsius", "Grad Celsius"),
        "Std.": ("Stunde", "Stunden"),
        "Min.": ("Minute", "Minuten"),
        "Sek.": ("Sekunde", "Sekunden"),
        "min": ("Minute", "Minuten"),
    },
    abbreviations={
        "z. B.": "zum Beispiel",
        "z.B.": "zum Beispiel",
        "d. h.": "das heißt",
        "d.h.": "das heißt",
        "usw.": "und so weiter",
        "bzw.": "beziehungsweise",
        "ca.": "circa",
        "Nr.": "Nummer",
        "Tel.": "Telefon",
        "Hr.": "Herr",
        "Fr.": "Frau",
        "Dr.": "Doktor",
        "inkl.": "inklusive",
        "zzgl.": "zuzüglich",
        "MwSt.": "Mehrwertsteuer",
        "max.": "maximal",
        "Max.": "Maximal",
        "mind.": "mindestens",
        "Mind.": "Mindestens",
        "zw.": "zwischen",
        "evtl.": "eventuell",
        "ggf.": "gegebenenfalls",
        "PLZ": "Postleitzahl",
        "Str.": "Straße",
    },
    contextual_abbreviations=(
        (r"(?<=[a-zäöüß])str\.(?=\s\d)", "straße"),
        (r"(?<=[a-zäöüß])nr\.(?=\s?\d)", "nummer"),
    ),
    weekdays={
        **{"Mo": "Montag", "Di": "Dienstag", "Mi": "Mittwoch", "Do": "Donnerstag", "Fr": "Freitag"},
        **{"Sa": "Samstag", "So": "Sonntag"},
    },
    per={
        **{"Monat": "pro Monat", "Jahr": "pro Jahr", "Tag": "pro Tag", "Woche": "pro Woche"},
        **{"Stunde": "pro Stunde", "Std.": "pro Stunde", "h": "pro Stunde", "Min.": "pro Minute"},
        **{"Minute": "pro Minute", "Person": "pro Person", "Nacht": "pro Nacht", "kWh": "pro Kilowattstunde"},
    },
    fractions={2: ("ein halb", "halbe"), 3: ("ein Drittel", "Drittel"), 4: ("ein Viertel", "Viertel")},
    of="von",
    by="mal",
    times="mal",
    about="etwa",
    version="Version",
    port="Port",
    other_script="ein Wort in anderer Schrift",
    dial_cues=r"wählen Sie(?: die)?|rufen Sie(?: die)?|Notruf|unter der|anrufen unter",
    last_digits_cues=r"Endung|endet auf|endend auf|Endziffern",
)
