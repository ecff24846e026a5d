"""Tells account numbers, phone numbers and other numbers apart: by the words around, the open question, the shape."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import phonenumbers

from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.mentions.fields import Fields
from inference.engines.scripted.mentions.other_records import is_of_a_record, is_suspect
from inference.engines.scripted.mentions.runs import Run, find_runs
from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, Utterance
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words
from inference.engines.scripted.values import Expectation, Mention

_MAX_BETWEEN = 70
#: Cues before a number that are looked at: the last may be a word of "by the way".
_MAX_CUES = 2
_MAX_OR = 16
_OR = re.compile(rf"{LEFT}(?:or|oder|o|ou|ya|या|یا){RIGHT}")
_MAX_CLAUSE = 120
#: Words around a number that is the whole answer.
_FEW_WORDS = 3
#: More numbers of an utterance are not read.
_MAX_RUNS = 60
_BREAK = re.compile(r"[,.;:!?\n()]")
_WORD = re.compile(rf"{LETTER}+")
#: Printed codes that are account numbers without a word that says so: "AC-20417", "KD88213", "TK-5508-1".
_ACCOUNT_CODE = re.compile(r"[a-z]{2,5}-?\d{4,12}(?:-\d{1,6})*|[a-z]{2,5}-\d{2,12}(?:-\d{1,6})*")
_NUMBER_FOLLOWS = re.compile(r"[ ,:#.]*(?:[^\s,.]{1,8} ){0,2}\d")
#: "number", as a word or a part of one, in all languages.
_NUMBER_WORD = re.compile(r"num[eb]|numm|nr|n[°º]|नंबर|नम्बर|संख्या|نمبر")
_DIGIT_BEFORE = re.compile(r"\d[ ,.\-]*$")
_YEAR = re.compile(r"(?:19|20)\d\d")


class _Cues:
    def __init__(self, language: str) -> None:
        own = [mention_words(each).numbers for each in languages_of(language)]
        every = [mention_words(each).numbers for each in LANGUAGES]
        account = alternation(word for each in every for word in each.account)
        phone = alternation(word for each in every for word in each.phone)
        other = alternation(word for each in own for word in each.other)
        fillers = alternation(word for each in own for word in each.fillers)
        after = alternation(word for each in own for word in each.after)
        units = alternation(word for each in own for word in each.units)
        named = f"(?P<account>{account})|(?P<phone>{phone})|(?P<other>{other})"
        self.all = re.compile(f"{LEFT}(?:{named}){RIGHT}")
        leads = alternation(
            word
            for each in languages_of(language)
            for word in (*mention_words(each).names.leads, *mention_words(each).names.trails)
        )
        fixes = [mention_words(each).corrections for each in languages_of(language)]
        wrong = alternation(word for each in fixes for word in (*each.wrong, *each.markers))
        self.between = re.compile(rf"(?:'s(?= )|[ ,:;#.?!\"'(\-=°]|{LEFT}(?:{fillers}|{wrong}|{leads}){RIGHT})*")
        self.filler = re.compile(rf"{LEFT}(?:{fillers}|{account}|{phone}){RIGHT}")
        self.after = re.compile(rf" {{1,2}}(?:{LEFT}{after}{RIGHT}[ ,]{{0,2}}){{1,4}}(?:{named}){RIGHT}")
        self.units = re.compile(rf" ?(?:%|{LEFT}{units}{RIGHT}|(?:a|an|per|pro|par|por|al|im|le|la|el) {units}{RIGHT})")
        self.polite = re.compile(rf"{LEFT}{leads}{RIGHT}")
        self.regions = [region for each in languages_of(language) for region in mention_words(each).regions]


@cache
def _cues(language: str) -> _Cues:
    return _Cues(language)


class _Cue(NamedTuple):
    """A cue that ends at ``folded[end]``. ``named``: 1 if it is the name of a field, which goes before others."""

    end: int
    named: int
    kind: str


@dataclass(slots=True)
class _Reading:
    run: Run
    kind: str
    cued: bool


def find_numbers(said: Utterance, language: str, fields: Fields, expected: Expectation) -> list[Mention]:
    """Account numbers, phone numbers and other numbers among the free numerals."""
    cues = _cues(language)
    runs = find_runs(said, language)[:_MAX_RUNS]
    found_cues = _find_cues(said.folded, cues, fields)
    readings: list[_Reading] = []
    for run in runs:
        reading = _read(said, run, language, found_cues, expected=expected, fields=fields)
        last = readings[-1] if readings else None
        # "the PIN was 4471, or maybe 4417": the second is what the first is.
        between = said.folded[last.run.end : run.start] if last else ""
        if last and not reading.cued and not run.weak and len(between) <= _MAX_OR and _OR.search(between):
            reading = _Reading(run, last.kind, last.cued)
        readings.append(reading)
    found: list[Mention] = []
    for reading in readings:
        mention = _mention(said, reading, fields, expected)
        if mention is not None:
            found.append(mention)
    return found


def _read(
    said: Utterance, run: Run, language: str, found_cues: list[_Cue], *, expected: Expectation, fields: Fields
) -> _Reading:
    if run.code and fields.prefixes and run.code.startswith(tuple(fields.prefixes)):
        return _Reading(run, "account_id", False)
    cues = _cues(language)
    kind = _cued(said.folded, run, cues, found_cues)
    if kind == "account" and _fits_account(run, cues, said.folded):
        return _Reading(run, "account_id", True)
    if kind == "phone" and _fits_phone(run):
        return _Reading(run, "phone", True)
    start = run.letters_start if run.letters else run.start
    if kind is None and is_of_a_record(said.folded, start, language):
        kind = "other"
    if kind is not None or cues.units.match(said.folded, run.end):
        return _Reading(run, "number", False)
    suspect = is_suspect(said.folded, start, language)
    kind = _uncued(said, run, cues, fields.asked(expected) - ({"account_id"} if suspect else set()))
    if suspect:
        return _Reading(run, "phone" if kind == "phone" else "number", False)
    # To who asks for something else in words, or for no account ever, a bare code is none.
    if kind == "account_id" and not fields.may_be_account(expected):
        kind = "number"
    return _Reading(run, kind, False)


def _uncued(said: Utterance, run: Run, cues: _Cues, asked: frozenset[str]) -> str:
    """The format of a run that no words around name: by the open question, then by its shape."""
    plain = not run.letters and not run.code
    possible = _is_phone(run, cues.regions)
    formatted = possible and len(run.digits) >= 7 and bool(run.gaps or run.plus)
    if "phone" in asked and plain and 7 <= len(run.digits) <= 15 and ("account_id" not in asked or possible):
        return "phone"
    alone = (run.letters and run.upper) or _stands_alone(said.folded, run, cues)
    if "account_id" in asked and len(run.digits) >= 3 and alone and not (formatted and len(run.digits) >= 9):
        return "account_id"
    if plain and (formatted or (possible and len(run.digits) in {10, 11, 12})):
        return "phone"
    code = run.code or (f"{run.letters}{run.digits}".lower() if run.upper else "")
    return "account_id" if run.upper and _ACCOUNT_CODE.fullmatch(code) else "number"


def _find_cues(folded: str, cues: _Cues, fields: Fields) -> list[_Cue]:
    """Words that say what a number is, by their ends: those of the language, and names of the agent's fields."""
    kinds = {"account_id": "account", "phone": "phone", "number": "other"}
    found = [_Cue(match.end(), 0, match.lastgroup or "other") for match in cues.all.finditer(folded)]
    for form, kind in kinds.items():
        for slot in fields.of_format(form):
            found += [_Cue(each.end(), 1, kind) for each in (slot.names.finditer(folded) if slot.names else ())]
    return sorted(found)


def is_identifier(folded: str, language: str, asked: frozenset[str], start: int, end: int) -> bool:
    """Whether a number with decimals is one of an account or phone in groups: its number was asked for or is announced
    as one ("Kundennummer 24,17"), and no unit follows. ``asked``: formats of the fields that were asked for.
    """
    if _cues(language).units.match(folded, end) or _DIGIT_BEFORE.search(folded, max(0, start - _MAX_OR), start):
        return False  # "4, 9,06": some of its digits were not heard
    announced = _NUMBER_WORD.search(folded, max(0, start - _MAX_BETWEEN), start) and is_number(folded, start, language)
    alone = len(_WORD.findall(folded)) <= _FEW_WORDS and not asked.isdisjoint({"account_id", "phone"})
    return bool(announced) or alone


def between_name_and_value(language: str) -> re.Pattern[str]:
    """What may stand between a field's name and its value: "is", "lautet", a colon."""
    return _cues(language).between


def is_number(folded: str, start: int, language: str) -> bool:
    """Whether the words before ``start`` announce an account or phone number: "my account is | PL 7782"."""
    cues = _cues(language)
    first = max(0, start - _MAX_BETWEEN)
    found = [match for match in cues.all.finditer(folded, first, start) if match.lastgroup in {"account", "phone"}]
    return any(cues.between.fullmatch(folded, match.end(), start) for match in found[-_MAX_CUES:])


def _cued(folded: str, run: Run, cues: _Cues, found_cues: list[_Cue]) -> str | None:
    """What the words before or after a run say that it is: "account", "phone", "other"; None if they do not."""
    start = run.letters_start if run.letters else run.start
    before = [cue for cue in found_cues if start - _MAX_BETWEEN <= cue.end <= start]
    spans = (start, run.start) if run.letters else (start,)
    for cue in reversed(before[-_MAX_CUES:]):
        if any(cues.between.fullmatch(folded, cue.end, at) for at in spans):
            return cue.kind
    after = cues.after.match(folded, run.end)
    # "987 is my phone" and "987, account 345": what another number follows is that one's.
    return after.lastgroup if after and not _NUMBER_FOLLOWS.match(folded, after.end()) else None


def _fits_account(run: Run, cues: _Cues, folded: str) -> bool:
    size = max(len(run.digits) + len(run.letters), len(run.code))
    if cues.units.match(folded, run.end) or run.weak or not 2 <= size <= 32 or run.plus:
        return False
    return len(run.digits) >= 3 or bool(run.letters or run.code) or not run.spoken


def _fits_phone(run: Run) -> bool:
    return 6 <= len(run.digits) <= 15 and not run.letters and not run.code


def _is_phone(run: Run, regions: list[str]) -> bool:
    """Whether it is possible as a phone number of one of the regions or, with a plus, of any."""
    possible = (phonenumbers.ValidationResult.IS_POSSIBLE, phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY)
    for region in regions:
        try:
            parsed = phonenumbers.parse(("+" if run.plus else "") + run.digits, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number_with_reason(parsed) in possible:
            return True
    return False


def _stands_alone(folded: str, run: Run, cues: _Cues) -> bool:
    """Whether little else is said in the clause of a run, so that it may be the answer to a question."""
    start = run.letters_start if run.letters else run.start
    first, last = max(0, start - _MAX_CLAUSE), min(len(folded), run.end + _MAX_CLAUSE)
    breaks = [match.end() for match in _BREAK.finditer(folded, first, start)]
    first = breaks[-1] if breaks else first
    stop = _BREAK.search(folded, run.end, last)
    last = stop.start() if stop else last
    rest = cues.polite.sub(" ", cues.filler.sub(" ", f"{folded[first:start]} . {folded[run.end : last]}"))
    others = len(_WORD.findall(rest))
    return others == 0 or (len(run.digits) >= 4 and others <= 3 and not _YEAR.fullmatch(run.digits))


def _mention(said: Utterance, reading: _Reading, fields: Fields, expected: Expectation) -> Mention | None:
    run = reading.run
    with_letters = run.letters and (reading.kind == "account_id" or run.upper)
    start = run.letters_start if with_letters else run.start
    if reading.kind == "account_id":
        value = _account_value(run)
    elif reading.kind == "phone":
        value = _phone_value(run, said)
    else:
        value = _number_value(run, said, bool(with_letters))
    field = fields.assign(reading.kind, said.folded, start, run.end, expected, cued=reading.cued)
    if reading.kind == "number":
        field = _number_field(said, run, fields, expected)
        if field is None and run.spoken and len(run.numerals) == 1 and int(run.digits) < 10:
            return None  # "one", "two": not worth a placeholder
    if not said.is_free(start, run.end):
        return None
    said.claim(start, run.end)
    return Mention(reading.kind, value, *said.span(start, run.end), field)


def _number_field(said: Utterance, run: Run, fields: Fields, expected: Expectation) -> str | None:
    if run.code or run.letters or len(run.digits) > 6:
        return None
    named = fields.named("number", said.folded, run.start, run.end)
    candidates = {slot.name for slot in fields.of_format("number")}
    return named or next((name for name in expected.fields if name in candidates), None)


def _account_value(run: Run) -> str:
    if run.code:
        rest = "".join(each.digits for each in run.numerals if each.start >= run.start + len(run.code))
        return (run.code + rest).upper()
    return run.letters + _joined(run)


def _joined(run: Run) -> str:
    if run.singles:
        return run.digits
    pieces = [run.numerals[0].digits]
    for gap, numeral in zip(run.gaps, run.numerals[1:], strict=True):
        pieces += ["-" if gap in {"-", "/"} else "", numeral.digits]
    return "".join(pieces)


def _phone_value(run: Run, said: Utterance) -> str:
    plus = "+" if run.plus else ""
    if not run.spoken and not run.singles and "," not in run.gaps:
        return said.said(run.start, run.end)
    groups = [run.numerals[0].digits]
    for gap, numeral in zip(run.gaps, run.numerals[1:], strict=True):
        if gap == ",":
            groups.append("")
        groups[-1] += numeral.digits
    return plus + ("-" if min(map(len, groups)) > 1 else "").join(groups)


def _number_value(run: Run, said: Utterance, with_letters: bool) -> str:
    if run.code:
        return said.said(run.start, run.end)
    return (run.letters if with_letters else "") + _joined(run)
