"""Locale of French."""

from __future__ import annotations

from inference.text.normalization.locale import Currency, Locale
from inference.text.normalization.numbers import before_noun, cardinal, year


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    words = f"{'premier' if day == 1 else cardinal(day, FRENCH)} {FRENCH.months[month - 1]}"
    return f"{words} {year(in_year, FRENCH)}" if in_year is not None else words


def _time(hour: int, minute: int, half: str | None) -> str:
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    words = f"{before_noun(cardinal(hour, FRENCH), FRENCH, feminine=True)} {'heure' if hour < 2 else 'heures'}"
    return f"{words} {before_noun(cardinal(minute, FRENCH), FRENCH, feminine=True)}" if minute else words


FRENCH = Locale(
    code="fr",
    decimal_sign=",",
    point="virgule",
    minus="moins",
    plus="plus",
    percent="pour cent",
    to="à",
    at="arobase",
    dot="point",
    dash="tiret",
    underscore="tiret bas",
    slash="barre oblique",
    number="numéro",
    and_="et",
    million=("million de", "millions de"),
    billion=("milliard de", "milliards de"),
    months=(
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    months_short=("janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc"),
    date=_date,
    time=_time,
    day_suffix="er",
    year_cues=frozenset({"en", "depuis", "jusqu'en", "année"}),
    currencies={
        "USD": Currency("dollar", "dollars", "centime", "centimes"),
        "EUR": Currency("euro", "euros", "centime", "centimes"),
        "GBP": Currency("livre", "livres", "penny", "pence", feminine=True),
        "INR": Currency("roupie", "roupies", "paisa", "paise", feminine=True),
        "CHF": Currency("franc suisse", "francs suisses", "centime", "centimes"),
    },
    money_conjunction=" ",
    says_cents=False,
    before_noun_forms=(("un", "un", "une"),),
    units={
        "Go": ("gigaoctet", "gigaoctets"),
        "Mo": ("mégaoctet", "mégaoctets"),
        "GB": ("gigaoctet", "gigaoctets"),
        "MB": ("mégaoctet", "mégaoctets"),
        "Mbps": ("mégabit par seconde", "mégabits par seconde"),
        "Mbit/s": ("mégabit par seconde", "mégabits par seconde"),
        "Gbps": ("gigabit par seconde", "gigabits par seconde"),
        "kWh": ("kilowattheure", "kilowattheures"),
        "km": ("kilomètre", "kilomètres"),
        "m": ("mètre", "mètres"),
        "cm": ("centimètre", "centimètres"),
        "mm": ("millimètre", "millimètres"),
        "m²": ("mètre carré", "mètres carrés"),
        "kg": ("kilogramme", "kilogrammes"),
        "g": ("gramme", "grammes"),
        "l": ("litre", "litres"),
        "ml": ("millilitre", "millilitres"),
        "W": ("watt", "watts"),
        "V": ("volt", "volts"),
        "km/h": ("kilomètre par heure", "kilomètres par heure"),
        "°C": ("degré Celsius", "degrés Celsius"),
        "min": ("minute", "minutes"),
    },
    abbreviations={
        "M.": "monsieur",
        "Mme": "madame",
        "Mlle": "mademoiselle",
        "p. ex.": "par exemple",
        "etc.": "et cetera",
        "tél.": "téléphone",
        "Tél.": "Téléphone",
        "n°": "numéro",
        "N°": "Numéro",
        "Dr": "docteur",
        "av.": "avenue",
        "bd": "boulevard",
        "Bd": "Boulevard",
        "env.": "environ",
        "max": "maximum",
        "max.": "maximum",
        "TTC": "toutes taxes comprises",
        "HT": "hors taxes",
    },
    contextual_abbreviations=((r"(?<!\w)[Mm]in\.\s(?=\d)", "minimum "),),
    weekdays={
        **{"lun": "lundi", "mar": "mardi", "mer": "mercredi", "jeu": "jeudi", "ven": "vendredi"},
        **{"sam": "samedi", "dim": "dimanche"},
    },
    per={
        **{"mois": "par mois", "an": "par an", "jour": "par jour", "semaine": "par semaine", "h": "par heure"},
        **{"heure": "par heure", "min": "par minute", "minute": "par minute", "nuit": "par nuit"},
        **{"personne": "par personne", "kWh": "par kilowattheure", "Go": "par gigaoctet"},
    },
    fractions={2: ("un demi", "demis"), 3: ("un tiers", "tiers"), 4: ("un quart", "quarts")},
    of="sur",
    by="par",
    times="fois",
    about="environ",
    other_script="un mot dans une autre écriture",
    dial_cues=r"appelez le|appeler le|composez le|composer le|faites le",
    last_digits_cues=r"finissant par|se terminant par|se termine par|finit par",
)
