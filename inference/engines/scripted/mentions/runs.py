"""Joins numerals and spelled letters to runs: account numbers, phone numbers and codes as people say and write them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from inference.engines.scripted.mentions.misheard import find_heard_numerals
from inference.engines.scripted.mentions.numerals import Numeral
from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, known_names, languages_of, mention_words

_CODE = re.compile(r"(?<![\w@.\-/'])(?=[a-z\-/]*\d)[a-z0-9]+(?:[-/][a-z0-9]+)*(?![\w@'])")
_PLAIN_GAP = re.compile(r" {1,2}|[-/.]|\) ?-?|")
#: Abbreviations of floors in addresses.
_FLOORS = frozenset({"og", "eg", "ug", "dg"})
#: So many letters before a comma are a name that was spelled, not the beginning of a number.
_SPELLED_NAME = 3
#: Most digits of a group that a comma without a space joins to the next: "24,17".
_GROUP = 3
_COMMA_GAP = re.compile(r" ?, ?| ?\. ?")


@dataclass(slots=True)
class Run:
    """Numerals that belong together. ``gaps``: what stands between them: "", " ", "-", ",". ``letters``: before them,
    in capitals, with a hyphen if one was said; they begin at ``letters_start``. ``code``: a printed word of letters and
    digits that the run begins with. ``upper``: whether the letters are capitals in the text.
    """

    start: int
    end: int
    numerals: list[Numeral] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    letters: str = ""
    letters_start: int = -1
    code: str = ""
    plus: bool = False
    upper: bool = False

    @property
    def digits(self) -> str:
        return "".join(each.digits for each in self.numerals)

    @property
    def spoken(self) -> bool:
        return any(each.spoken for each in self.numerals)

    @property
    def singles(self) -> bool:
        """Whether every numeral is one digit: "4 1 5"."""
        return len(self.numerals) > 1 and all(len(each.digits) == 1 for each in self.numerals)

    @property
    def weak(self) -> bool:
        """Whether it is one word that may be no number."""
        return len(self.numerals) == 1 and self.numerals[0].weak and not self.letters


class _Patterns:
    def __init__(self, language: str) -> None:
        tables = [mention_words(each) for each in languages_of(language)]
        dash = alternation(word for each in tables for word in each.numerals.dash)
        joins = alternation(word for each in tables for word in each.numerals.joins)
        plus = alternation(word for each in tables for word in each.numerals.plus)
        as_in = alternation(word for each in tables for word in each.letters.as_in)
        self.names = {fold(k): v for each in tables for k, v in each.letters.names.items()}
        self.alphabet = {fold(k): v for each in tables for k, v in each.letters.alphabet.items()}
        self.dash = re.compile(rf"[ ,]{{0,2}}{LEFT}{dash}{RIGHT}[ ,]{{0,2}}")
        self.joins = re.compile(rf"[ ,]{{1,2}}{joins}[ ,]{{1,2}}")
        self.plus = re.compile(rf"(?:{LEFT}{plus} |\+ ?)\(?$")
        repeats = {fold(word): count for each in tables for word, count in each.numerals.repeats.items()}
        self.repeats = repeats
        words = {fold(word) for each in languages_of(language) for word in known_names(each).common.split()}
        #: Names of letters that are words too ("er", "see"): a number does not begin with them alone.
        self.doubtful = frozenset(name for name in self.names if name in words)
        listed_names = f"{alternation(self.names)}|{alternation(self.alphabet)}|[a-z]"
        telling = rf"(?:,? {as_in} {LETTER}+(?:-{LETTER}+)*)"
        double = rf"(?:{alternation(repeats)} (?={listed_names}))?"
        one = rf"(?:(?:{alternation(self.names)}|{double}(?:{listed_names})){RIGHT}{telling}?)"
        self.item = re.compile(
            rf"{LEFT}(?:(?P<name>{alternation(self.names)})|(?:(?P<times>{alternation(repeats)}) )?"
            rf"(?P<letter>{listed_names})){RIGHT}(?P<word>{telling})?"
        )
        end = rf"(?:[ ,]{{1,2}}{joins})?(?P<dash> ?-|[ ,]{{1,2}}{dash}[ ,]{{0,2}})?[ ,]{{0,2}}$"
        self.spelled = re.compile(rf"(?<!['])" rf"{LEFT}(?P<letters>{one}(?:[ .,\-]{{1,2}}{one}){{0,5}})\.?{end}")
        listed = [each.numbers for each in tables]
        self.known = frozenset(
            fold(part)
            for each in listed
            for word in (*each.account, *each.phone, *each.other, *each.fillers, *each.after, *each.units)
            for part in word.split()
        ) | frozenset(fold(word) for each in languages_of(language) for word in known_names(each).common.split())
        self.cue_words = frozenset(
            fold(part) for each in listed for word in (*each.other, *each.units) for part in word.split()
        )
        self.word = re.compile(rf"{LEFT}(?P<letters>(?:[a-z]{{1,3}}-)?[a-z]{{1,6}}){end}")


@cache
def _patterns(language: str) -> _Patterns:
    return _Patterns(language)


def find_runs(said: Utterance, language: str) -> list[Run]:
    """The runs of free numerals, in their order."""
    patterns = _patterns(language)
    endings = _endings(language)
    codes = [match for match in _CODE.finditer(said.folded) if _is_code(match.group(), endings)]
    runs: list[Run] = []
    inside = {at for match in codes for at in range(match.start(), match.end())}
    items: list[Run] = [
        Run(
            match.start(),
            match.end(),
            _digits_of(match),
            code=match.group(),
            letters_start=match.start(),
            upper=_is_upper(said, match),
        )
        for match in codes
        if said.is_free(match.start(), match.end())
    ]
    for numeral in find_heard_numerals(said.folded, language):
        if numeral.start not in inside and said.is_free(numeral.start, numeral.end):
            items.append(Run(numeral.start, numeral.end, [numeral], letters_start=numeral.start))
    for item in sorted(items, key=lambda each: each.start):
        gap = _gap(said.folded, runs[-1], item, patterns) if runs else None
        if gap is None:
            runs.append(item)
        else:
            runs[-1].numerals += item.numerals
            runs[-1].gaps.append(gap)
            runs[-1].end = item.end
    _split_lists(runs)
    for run in runs:
        _take_prefix(said, run, patterns)
    return runs


def _is_upper(said: Utterance, match: re.Match[str]) -> bool:
    return all(said.is_upper(at) for at in range(match.start(), match.end()) if said.folded[at].isalpha())


def _digits_of(match: re.Match[str]) -> list[Numeral]:
    return [
        Numeral(match.start() + part.start(), match.start() + part.end(), part.group())
        for part in re.finditer(r"\d+", match.group())
    ]


@cache
def _endings(language: str) -> re.Pattern[str]:
    tables = [mention_words(each) for each in languages_of(language)]
    items = [word for each in tables for word in (*each.numbers.units, *each.numerals.ordinal_endings)]
    return re.compile(rf"\d+(?:{alternation([*items, 'h', 'k', 'g'])})")


def _is_code(word: str, endings: re.Pattern[str]) -> bool:
    return any(ch.isalpha() for ch in word) and not endings.fullmatch(word)


def _gap(folded: str, run: Run, item: Run, patterns: _Patterns) -> str | None:
    """How the item continues the run, None if it does not."""
    between = folded[run.end : item.start]
    if len(between) > 24 or "\n" in between or item.code:
        return None
    if run.code:
        return "" if between == " " and len(item.digits) > 1 and run.code[-1].isdigit() else None
    last, first = run.numerals[-1], item.numerals[0]
    if between in {" (", "("} and folded.startswith(")", item.end):
        return " "
    if between == "," and max(len(last.digits), len(first.digits)) <= _GROUP:
        return " "  # a list has spaces behind its commas
    if _PLAIN_GAP.fullmatch(between):
        return between.strip(" )") or " "
    if patterns.dash.fullmatch(between):
        return "-"
    if patterns.joins.fullmatch(between):
        return ","
    singles = len(last.digits) == 1 and len(first.digits) == 1
    if _COMMA_GAP.fullmatch(between) and (singles or (last.spoken and first.spoken) or "," in between):
        return "," if "," in between or singles else None
    return None


def _split_lists(runs: list[Run]) -> None:
    """Splits runs at commas that only separate: "20417, 4155550132", "3, 12"."""
    at = 0
    while at < len(runs):
        run = runs[at]
        cut = _cut(run)
        if cut is not None:
            rest = Run(
                run.numerals[cut].start,
                run.end,
                run.numerals[cut:],
                run.gaps[cut:],
                letters_start=run.numerals[cut].start,
            )
            runs[at] = Run(
                run.start, run.numerals[cut - 1].end, run.numerals[:cut], run.gaps[: cut - 1], letters_start=run.start
            )
            runs.insert(at + 1, rest)
        at += 1


def _cut(run: Run) -> int | None:
    commas = [at for at, gap in enumerate(run.gaps, 1) if gap == ","]
    if not commas or all(each.spoken or len(each.digits) == 1 for each in run.numerals):
        return None
    written = [each for each in run.numerals if not each.spoken]
    even = len(run.numerals) >= 3 and len(commas) == len(run.gaps) and all(len(each.digits) <= 4 for each in written)
    thousands = len(run.numerals) == 2 and len(run.numerals[0].digits) <= 3 and len(run.numerals[1].digits) == 3
    return None if even or thousands else commas[0]


def _take_prefix(said: Utterance, run: Run, patterns: _Patterns) -> None:
    """Adds letters that stand before the digits ("A C dash 2 0"), or a plus."""
    if run.code:
        return
    before = said.folded[max(0, run.start - 60) : run.start]
    offset = run.start - len(before)
    plus = patterns.plus.search(before)
    if plus or before.endswith("("):
        run.plus = plus is not None
        run.start = run.letters_start = offset + (plus.start() if plus else len(before) - 1)
        return
    spelled = patterns.spelled.search(before)
    if spelled:
        letters, telling = _spoken_letters(spelled["letters"], patterns)
        sure = len(letters) > 1 or said.is_upper(offset + spelled.start()) or spelled["dash"]
        comma = "," in before[spelled.end("letters") :] and "," not in spelled["letters"]
        if comma and len(letters) >= _SPELLED_NAME and not telling:
            return  # "spelled L-E-E, 029 2018": two values
        if letters and (sure or telling):
            _set_letters(said, run, letters, offset + spelled.start(), spelled)
            return
    word = patterns.word.search(before)
    if word:
        start = offset + word.start()
        places = range(start, start + len(word["letters"]))
        upper = all(said.is_upper(at) or said.folded[at] == "-" for at in places)
        small = not said.is_upper(start) and "," not in before[word.end("letters") :]
        lower = small and 1 < len(word["letters"]) <= 3 and word["letters"] not in patterns.known
        if len(word["letters"]) > 1 and word["letters"] in patterns.cue_words | _FLOORS:
            return
        if upper or word["dash"] or lower:
            _set_letters(said, run, word["letters"], start, word)


def _set_letters(said: Utterance, run: Run, letters: str, start: int, match: re.Match[str]) -> None:
    dash = "-" if match["dash"] and not (match["dash"].strip() == "-" and run.singles) else ""
    run.letters, run.letters_start, run.upper = letters.upper() + dash, start, said.is_upper(start)


def _spoken_letters(text: str, patterns: _Patterns) -> tuple[str, bool]:
    """The letters of "b as in bravo, double t", "a c", "bravo tango", and whether a word tells what they are."""
    letters, telling = "", False
    doubtful = True
    for match in patterns.item.finditer(text):
        said = match["name"] or match["letter"]
        letter = patterns.names.get(said, patterns.alphabet.get(said, said))
        letters += letter * patterns.repeats.get(match["times"] or "", 1)
        telling = telling or match["word"] is not None or said in patterns.alphabet
        doubtful = doubtful and said in patterns.doubtful and match["word"] is None
    return ("", False) if doubtful else (letters, telling)
