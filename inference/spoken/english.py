"""English as spoken on an American phone line."""

from __future__ import annotations

from inference.spoken.language import Currency, Language
from inference.spoken.numbers import cardinal, ordinal, year


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    named, numbered = ENGLISH.months[month - 1], ordinal(day, ENGLISH)
    words = f"{numbered} of {named}" if before == "the" else f"{named} {numbered}"
    return f"{words}, {year(in_year, ENGLISH)}" if in_year is not None else words


def _time(hour: int, minute: int, half: str | None) -> str:
    words = cardinal(hour, ENGLISH)
    if minute:
        words += " " + ("oh " if minute < 10 else "") + cardinal(minute, ENGLISH)
    elif not half:
        words += " o'clock" if 0 < hour <= 12 else " hundred hours"
    return f"{words} {'A.M.' if half == 'am' else 'P.M.'}" if half else words


ENGLISH = Language(
    numbers="en",
    decimal_sign=".",
    point="point",
    minus="minus",
    plus="plus",
    percent="percent",
    to="to",
    at="at",
    dot="dot",
    dash="dash",
    underscore="underscore",
    slash="slash",
    number="number",
    and_="and",
    million=("million", "million"),
    billion=("billion", "billion"),
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    months_short=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept?", "Oct", "Nov", "Dec"),
    date=_date,
    time=_time,
    day_first=False,
    day_suffix="st|nd|rd|th",
    ordinal_suffix="st|nd|rd|th",
    year_after=frozenset({"in", "since", "until", "till", "by", "year", "during", "from", "before", "after", "of"}),
    currencies={
        "USD": Currency("dollar", "dollars", "cent", "cents"),
        "EUR": Currency("euro", "euros", "cent", "cents"),
        "GBP": Currency("pound", "pounds", "penny", "pence"),
        "INR": Currency("rupee", "rupees", "paisa", "paise"),
        "CHF": Currency("Swiss franc", "Swiss francs", "centime", "centimes"),
        "JPY": Currency("yen", "yen", "sen", "sen"),
    },
    money_joint=" and ",
    names_cents=True,
    units={
        "GB": ("gigabyte", "gigabytes"),
        "MB": ("megabyte", "megabytes"),
        "KB": ("kilobyte", "kilobytes"),
        "TB": ("terabyte", "terabytes"),
        "Gbps": ("gigabit per second", "gigabits per second"),
        "Mbps": ("megabit per second", "megabits per second"),
        "Kbps": ("kilobit per second", "kilobits per second"),
        "Gbit/s": ("gigabit per second", "gigabits per second"),
        "Mbit/s": ("megabit per second", "megabits per second"),
        "MB/s": ("megabyte per second", "megabytes per second"),
        "GHz": ("gigahertz", "gigahertz"),
        "MHz": ("megahertz", "megahertz"),
        "kWh": ("kilowatt hour", "kilowatt hours"),
        "km": ("kilometer", "kilometers"),
        "cm": ("centimeter", "centimeters"),
        "mm": ("millimeter", "millimeters"),
        "kg": ("kilogram", "kilograms"),
        "ms": ("millisecond", "milliseconds"),
        "sec": ("second", "seconds"),
        "secs": ("second", "seconds"),
        "min": ("minute", "minutes"),
        "mins": ("minute", "minutes"),
        "hr": ("hour", "hours"),
        "hrs": ("hour", "hours"),
        "h": ("hour", "hours"),
        "°C": ("degree Celsius", "degrees Celsius"),
        "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    },
    abbreviations={
        "Mr.": "Mister",
        "Mrs.": "Missus",
        "Ms.": "Miz",
        "Dr.": "Doctor",
        "Prof.": "Professor",
        "St.": "Saint",
        "e.g.": "for example",
        "i.e.": "that is",
        "etc.": "et cetera",
        "vs.": "versus",
        "approx.": "approximately",
        "appt.": "appointment",
        "acct.": "account",
        "Acct.": "Account",
        "ext.": "extension",
        "Ext.": "Extension",
        "ref.": "reference",
        "Ref.": "Reference",
        "dept.": "department",
        "Dept.": "Department",
        "tel.": "telephone",
        "Tel.": "Telephone",
        "24/7": "twenty-four seven",
        "1/2": "one half",
        "1/4": "one quarter",
        "3/4": "three quarters",
        "½": "one half",
        "¼": "one quarter",
        "¾": "three quarters",
        "w/o": "without",
        "w/": "with",
        "FAQ": "F.A.Q.",
        "ASAP": "as soon as possible",
    },
    dotted_letters=True,
)
