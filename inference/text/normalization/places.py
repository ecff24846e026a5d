"""Normalizes postal addresses: street abbreviations, house numbers, US states, postal codes."""

from __future__ import annotations

import re

from inference.text.normalization.locale import Locale
from inference.text.normalization.numbers import cardinal, digits

_STREETS = {
    "St": "Street",
    "Dr": "Drive",
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "Rd": "Road",
    "Ln": "Lane",
    "Ct": "Court",
    "Pl": "Place",
    "Hwy": "Highway",
    "Pkwy": "Parkway",
    "Sq": "Square",
    "Ter": "Terrace",
}
_TITLES = {"St": "Saint", "Dr": "Doctor"}
_DIRECTIONS = {
    **{"N": "North", "S": "South", "E": "East", "W": "West"},
    **{"NE": "Northeast", "NW": "Northwest", "SE": "Southeast", "SW": "Southwest"},
}
_UNITS = {"Apt": "Apartment", "Ste": "Suite", "Bldg": "Building", "Fl": "Floor", "Rm": "Room"}
_STATES = {
    **{"AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California"},
    **{"CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia"},
    **{"HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas"},
    **{"KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts"},
    **{"MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana"},
    **{"NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico"},
    **{"NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma"},
    **{"OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina"},
    **{"SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia"},
    **{"WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming"},
    **{"DC": "District of Columbia"},
}

_NAME = r"(?:[A-Z][\w'-]{0,30}|\d{1,3}(?:st|nd|rd|th))"
#: A house number and a street's name, before the abbreviation of the street type.
_HOUSE = re.compile(rf"(?<![\w.])\d{{1,5}}[A-Za-z]?\s+(?:[NSEW]{{1,2}}\.?\s+)?{_NAME}(?:\s+{_NAME}){{0,2}}\s+$")
_NAMED = re.compile(rf"(?<![\w.]){_NAME}\s+$")
_STREET = re.compile(rf"(?<![\w.])({'|'.join(_STREETS)})(\.|(?!\w))(?=(\s+[A-Z])?)")
_DIRECTION_BEFORE = re.compile(rf"(?<=\d\s)([NSEW]{{1,2}})\.?(?=\s+{_NAME})")
_DIRECTION_BEHIND = re.compile(rf"(?<!\w)({'|'.join(_STREETS.values())})\s+([NS][EW]|[NSEW])(?!\w)\.?(?=[\s,.]|$)")
_UNIT = re.compile(rf"(?<!\w)({'|'.join(_UNITS)})\.?\s+(?=#?\d|[A-Z](?!\w))")
_HOUSE_NUMBER = re.compile(
    rf"(?<![\w.,$€£#-])([1-9]\d{{2,4}})(?=\s+(?:(?:{'|'.join(_DIRECTIONS.values())})\s+)?(?:{_NAME}\s+){{1,3}}"
    rf"(?:{'|'.join(_STREETS.values())})(?!\w))"
)
_ROAD_NUMBER = re.compile(r"(?<!\w)((?:Highway|Route|Interstate|Hwy)\s+)([1-9]\d{2})(?!\w)")
_STATE_ZIP = re.compile(rf"(?<!\w)({'|'.join(_STATES)})\s+(\d{{5}})(?:-(\d{{4}}))?(?![\w-])")
_BOX = re.compile(r"(?<!\w)(?:P\.\s?O\.|PO)\s+(Box)\s+(\d{1,6})(?!\w)")
_POSTAL_CUE = re.compile(
    r"(?i)(?<!\w)(zip|zip code|postal code|postcode|código postal|postleitzahl|code postal)"
    r"((?:\s+(?:is|es|ist|lautet|est))?\s{0,2}:?\s+)(\d{4,5})(?:-(\d{4}))?(?![\w-])"
)
#: Before a town. Not round numbers: German capitalizes all nouns, as in "in 80000 Haushalten".
_POSTAL_TOWN = re.compile(
    r"(?:(?<=\bin )|(?<=\bnach )|(?<=\bà )|(?<=, ))(\d{2}(?!000)\d{3})(?=\s[A-ZÄÖÜÉ][a-zäöüßéè]+)"
)


def streets(text: str, locale: Locale) -> str:
    """English only: expands "12 Main St." to Street, "St. Mary's" to Saint, "Dr. Smith" to Doctor."""
    if locale.code != "en":
        return text
    text = _STREET.sub(_street, text)
    text = _DIRECTION_BEFORE.sub(lambda m: _DIRECTIONS.get(m[1], m[0]), text)
    text = _DIRECTION_BEHIND.sub(lambda m: f"{m[1]} {_DIRECTIONS[m[2]]}" + _stop(m), text)
    text = _UNIT.sub(lambda m: f"{_UNITS[m[1]]} ", text)
    text = _HOUSE_NUMBER.sub(lambda m: _by_hundreds(m[1], locale), text)
    text = _ROAD_NUMBER.sub(lambda m: m[1] + _by_hundreds(m[2], locale), text)
    return _BOX.sub(lambda m: f"P.O. {m[1]} {digits(m[2], locale)}", text)


def _street(match: re.Match[str]) -> str:
    short, text = match[1], match.string
    before = text[max(0, match.start() - 120) : match.start()]
    named = _NAMED.search(before) is not None
    if _HOUSE.search(before) or (named and not match[3]):
        return _STREETS[short] + _stop(match)
    if short in _TITLES and match[2]:
        return _TITLES[short]
    return match[0]


def _stop(match: re.Match[str]) -> str:
    """A period if the abbreviation's own ends the text, and so the sentence."""
    return "." if match[0].endswith(".") and match.end() == len(match.string) else ""


def _by_hundreds(number: str, locale: Locale) -> str:
    """House numbers: 1207 "twelve oh seven", 1600 "sixteen hundred", 440 "four forty", five digits one by one."""
    if len(number) > 4 or number.endswith("000"):
        return digits(number, locale) if len(number) > 4 else cardinal(int(number), locale)
    first, last = cardinal(int(number[:-2]), locale), int(number[-2:])
    if not last:
        return f"{first} hundred"
    return f"{first} {'oh ' if last < 10 else ''}{cardinal(last, locale)}"


def postal_codes(text: str, locale: Locale) -> str:
    """Reads postal codes digit by digit: TX 78701, ZIP 90210, 80331 München."""

    def say(code: str, more: str | None) -> str:
        return digits(code, locale) + (f", {digits(more, locale)}" if more else "")

    if locale.code == "en":
        text = _STATE_ZIP.sub(lambda m: f"{_STATES[m[1]]} {say(m[2], m[3])}", text)
    else:
        text = _POSTAL_TOWN.sub(lambda m: say(m[1], None), text)
    return _POSTAL_CUE.sub(lambda m: f"{m[1]}{m[2]}{say(m[3], m[4])}", text)
