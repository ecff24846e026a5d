"""Corrections of a part of a known value: "the last four are 0174", "it ends in 9, not 8", "the domain is web.de"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from inference.engines.scripted.mentions.address_parts import correct_address_part
from inference.engines.scripted.mentions.code_letters import correct_letters
from inference.engines.scripted.mentions.edits import find_edit, is_counted
from inference.engines.scripted.mentions.email_parts import Corrected, Known, correct_email
from inference.engines.scripted.mentions.runs import Run, find_runs
from inference.engines.scripted.mentions.text import LEFT, LETTER, RIGHT, Utterance, fold
from inference.engines.scripted.mentions.words import alternation, languages_of, mention_words

_DIGITS = frozenset({"phone", "account_id"})
_HOUSE = re.compile(r"(?<!\w)\d{1,4}[a-zA-Z]?(?!\w)")
_HOUSE_TAIL = re.compile(r" ?(?:bis|ter|quater|[a-f])(?![^\W_])")
_POST_CODE = re.compile(r"(?<!\d)\d{4,6}(?!\d)")
#: Letters that sound alike.
_SOUND_ALIKE = tuple(map(frozenset, ("bcdegptvwz", "mn", "fsx", "ahjk", "iy", "qu", "jg")))
#: Digits of a house number.
_MAX_HOUSE = 4
_CLAUSE = re.compile(r"[.!?;\n](?=\s|$)")
_ARTICLES = frozenset({"ein", "eine", "einen", "einer", "una", "une"})
#: Characters from a phrase such as "it ends in" to its digits.
_NEAR = 30


@dataclass(frozen=True, slots=True)
class _Words:
    ends: re.Pattern[str]
    begins: re.Pattern[str]
    negated: re.Pattern[str]
    negated_behind: re.Pattern[str]
    account: re.Pattern[str]
    phone: re.Pattern[str]
    others: re.Pattern[str]
    house: re.Pattern[str]
    post: re.Pattern[str]
    letter: re.Pattern[str]


@cache
def _words(language: str) -> _Words:
    tables = [mention_words(each) for each in languages_of(language)]
    fixes = [each.corrections for each in tables]

    def either(name: str) -> str:
        return alternation((word for each in fixes for word in getattr(each, name)), " ")

    parts = {fold(word) for each in fixes for word in (*each.ends, *each.begins)}
    others = (word for each in tables for word in each.numbers.other if fold(word) not in parts and len(word) > 2)
    as_in = alternation(word for each in tables for word in each.letters.as_in)
    return _Words(
        re.compile(f"{LEFT}{either('ends')}{RIGHT}"),
        re.compile(f"{LEFT}{either('begins')}{RIGHT}"),
        re.compile(rf"{LEFT}{either('negations')} (?:[^\s,.]{{1,5}} )?$"),
        re.compile(rf"[ ,]{{0,2}}{either('negations_behind')}{RIGHT}"),
        re.compile(f"{LEFT}{alternation(word for each in tables for word in each.numbers.account)}{RIGHT}"),
        re.compile(f"{LEFT}{alternation(word for each in tables for word in each.numbers.phone)}{RIGHT}"),
        re.compile(f"{LEFT}{alternation(others)}{RIGHT}"),
        re.compile(f"{LEFT}{either('house')}{RIGHT}"),
        re.compile(f"{LEFT}{either('post')}{RIGHT}"),
        re.compile(rf"{LEFT}(?P<letter>[a-z]),? {as_in} {LETTER}{{2,}}"),
    )


def correct_part(text: str, language: str, known: Sequence[Known]) -> Corrected | None:
    """The value of ``known`` that the utterance puts right in a part; None if it does not.

    ``known``: the value said last is first. What is said of a card, an order and the like is no part of them.
    """
    said = Utterance(text)
    words = _words(language)
    return (
        correct_email(said, language, known)
        or _post_code(said, language, words, known)
        or _house_number(said, language, words, known)
        or correct_address_part(said, language, known)
        or correct_letters(said, language, known)
        or _letter(said, language, words, known)
        or find_edit(said, language, known)
        or _digits(said, language, words, known)
    )


def _house_number(said: Utterance, language: str, words: _Words, known: Sequence[Known]) -> Corrected | None:
    """The address that was said last with the house number that is named."""
    place = words.house.search(said.folded)
    address = next((each for each in known if each.format == "postal_address"), None)
    if place is None or address is None:
        return None
    runs = [run for run in _runs(said, language, place.span()) if run.start >= place.end()]
    house = _HOUSE.search(address.value)
    _, new = _contrast(said.folded, runs, words, place.end())
    if house is None or new is None or len(new.digits) > _MAX_HOUSE:
        return None
    value = address.value[: house.start()] + _house_of(new, said.folded) + address.value[house.end() :]
    return Corrected(address.field, value, *said.span(place.start(), new.end))


def _house_of(run: Run, folded: str) -> str:
    """A house number with what belongs to it: "27 bis", "14b"."""
    behind = _HOUSE_TAIL.match(folded, run.end)
    return run.code or run.digits + (behind.group() if behind else "")


def _post_code(said: Utterance, language: str, words: _Words, known: Sequence[Known]) -> Corrected | None:
    """The known address with the post code that is named: "the zip is 8002"."""
    place = words.post.search(said.folded)
    address = next((each for each in known if each.format == "postal_address"), None)
    if place is None or address is None:
        return None
    runs = [run for run in _runs(said, language, place.span()) if run.start >= place.end()]
    _, new = _contrast(said.folded, runs, words, place.end())
    old = list(_POST_CODE.finditer(address.value))
    if not old or new is None or not _POST_CODE.fullmatch(new.digits):
        return None
    value = address.value[: old[-1].start()] + new.digits + address.value[old[-1].end() :]
    return Corrected(address.field, value, *said.span(place.start(), new.end))


def _letter(said: Utterance, language: str, words: _Words, known: Sequence[Known]) -> Corrected | None:
    """The account number that was said last with the letter that is spelled: "no, B as in Bravo"."""
    code = next((each for each in known if each.format == "account_id"), None)
    spelled = [each for each in words.letter.finditer(said.folded) if not _is_denied(said.folded, each.start(), words)]
    if code is None or len(spelled) != 1 or any(ch.isdigit() for ch in said.folded):
        return None
    letter = spelled[0]["letter"]
    letters = [at for at, ch in enumerate(code.value) if ch.isalpha()]
    alike = [at for at in letters if any({letter, fold(code.value[at])} <= group for group in _SOUND_ALIKE)]
    if letter in fold(code.value) or not letters or len(letters) > 1 != len(alike):
        return None
    at = letters[0] if len(letters) == 1 else alike[0]
    return Corrected(
        code.field, code.value[:at] + letter.upper() + code.value[at + 1 :], *said.span(*spelled[0].span())
    )


def _is_denied(folded: str, at: int, words: _Words) -> bool:
    """Whether a negation stands before a letter; "no, B as in Bravo" begins with one that denies what was heard."""
    negation = words.negated.search(folded[:at])
    return negation is not None and bool(folded[: negation.start()].strip(" ,"))


def _digits(said: Utterance, language: str, words: _Words, known: Sequence[Known]) -> Corrected | None:
    """Digits at the end or the beginning of a number, or in the place of others: "not 81 but 18"."""
    folded = said.folded
    place = words.ends.search(folded) or words.begins.search(folded)
    at_end = place is not None and place.re is words.ends
    runs = _runs(said, language, place.span() if place else None)
    old, new = _contrast(folded, runs, words, place.end() if place else None)
    if new is None or (old is None and (place is None or new.weak or is_counted(folded, new.end, language))):
        return None
    shown = folded if place is None else folded[: place.start()] + "|" * len(place.group()) + folded[place.end() :]
    clause = _clause(shown, new.start)
    other = words.others.search(clause)
    if other and not words.account.search(clause) and not words.phone.search(clause):
        return None
    wrong = _without_article(old, new, folded) if old else None
    digits = _without_article(new, old, folded)
    house = _house_of(new, folded)
    found: list[tuple[tuple[int, int], Corrected]] = []
    for each in _candidates(known, clause, words):
        if place is not None and each.format in _DIGITS:
            value = _overlaid(each.value, digits, wrong, at_end=at_end)
        elif wrong is not None:
            value = _exchanged(each, wrong, house if each.format == "postal_address" else digits)
        else:
            value = None
        if value is not None and fold(value) != fold(each.value):
            # digits that were only said in another order, "hinten 184" for "148", are most likely meant
            same = sorted(each.value) == sorted(value) and each.format in _DIGITS
            # and a number that stands by itself in a value rather than digits within one: "not 41, 14"
            whole = wrong is not None and re.search(rf"(?<!\w){wrong}(?!\w)", each.value) is not None
            found.append(((-int(whole), -int(same)), Corrected(each.field, value, *said.span(new.start, new.end))))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _without_article(run: Run, old: Run | None, folded: str) -> str:
    """The digits of a run without an article that is a number word too: "eine 9", "un 9"."""
    first, *rest = run.numerals
    if not (rest and first.weak and first.digits == "1" and not run.letters):
        return run.digits
    article = folded[first.start : first.end] in _ARTICLES or not rest[0].spoken
    return run.digits[1:] if article or (old and len(old.digits) == len(run.digits) - 1) else run.digits


def _candidates(known: Sequence[Known], clause: str, words: _Words) -> list[Known]:
    """The values that may be meant: those that the clause names, or all."""
    formats = {form for form, names in (("account_id", words.account), ("phone", words.phone)) if names.search(clause)}
    return [each for each in known if not formats or each.format in formats]


def _runs(said: Utterance, language: str, place: tuple[int, int] | None) -> list[Run]:
    """The numbers of the utterance without the words that name a place in a number: "the last four"."""
    if place is None:
        return find_runs(said, language)
    hidden = said.folded[: place[0]] + "|" * (place[1] - place[0]) + said.folded[place[1] :]
    shown = Utterance(hidden)
    return find_runs(shown, language) if len(shown.folded) == len(said.folded) else []


def _contrast(folded: str, runs: Sequence[Run], words: _Words, place: int | None) -> tuple[Run | None, Run | None]:
    """The number that is said to be wrong, and the right one."""
    if len(runs) == 1 and words.negated.search(folded[max(0, runs[0].start - 24) : runs[0].start]):
        runs = _halves(runs[0])
    before = [words.negated.search(folded[max(0, run.start - 24) : run.start]) is not None for run in runs]
    wrong: list[Run] = []
    right: list[Run] = []
    for at, run in enumerate(runs):
        behind = words.negated_behind.match(folded, run.end)
        # "it is 9, not 8": the word between them belongs to the second.
        taken = behind is not None and at + 1 < len(runs) and before[at + 1] and behind.end() >= runs[at + 1].start - 6
        (wrong if before[at] or (behind and not taken) else right).append(run)
    if not right:
        return None, None
    if place is not None:
        following = [run for run in right if 0 <= run.start - place <= _NEAR]
        new = following[0] if following else right[-1]
    else:
        new = right[-1] if wrong and wrong[0].start < right[-1].start else right[0]
    return (wrong[0] if wrong else None), new


def _halves(run: Run) -> list[Run]:
    """The two numbers of as many digits that a comma parts: "seven seven, seven six"."""
    half = len(run.digits) // 2
    for at, gap in enumerate(run.gaps, 1):
        first, second = run.numerals[:at], run.numerals[at:]
        if gap == "," and not run.letters and sum(len(each.digits) for each in first) == half:
            return [
                Run(part[0].start, part[-1].end, list(part), run.gaps[slice(*span)])
                for part, span in ((first, (0, at - 1)), (second, (at, None)))
            ]
    return [run]


def _clause(folded: str, at: int) -> str:
    first = max([0, *(match.end() for match in _CLAUSE.finditer(folded, 0, at))])
    last = _CLAUSE.search(folded, at)
    return folded[first : last.start() if last else len(folded)]


def _overlaid(value: str, digits: str, old: str | None, *, at_end: bool) -> str | None:
    """The value with digits at its end or its beginning."""
    places = [at for at, ch in enumerate(value) if ch.isdigit()]
    count = max(len(digits), len(old or ""))
    if not digits or count >= len(places):
        return None
    affected = places[-count:] if at_end else places[:count]
    if old is not None and "".join(value[at] for at in affected) != old:
        return None
    return _written(value, affected, digits)


def _exchanged(known: Known, old: str, new: str) -> str | None:
    """The value with a number in the place of another that is in it."""
    if known.format == "postal_address":
        match = re.search(rf"(?<![\w]){re.escape(old)}(?!\w)", known.value)
        return known.value[: match.start()] + new + known.value[match.end() :] if match else None
    if known.format not in _DIGITS:
        return None
    places = [at for at, ch in enumerate(known.value) if ch.isdigit()]
    at = "".join(known.value[place] for place in places).rfind(old)
    if at < 0 or len(new) > len(old) + 2:  # the whole number, said again
        return None
    return _written(known.value, places[at : at + len(old)], new)


def _written(value: str, affected: Sequence[int], digits: str) -> str:
    """The value with digits in some places, grouped as before if there are as many."""
    if len(affected) != len(digits):
        return value[: affected[0]] + digits + value[affected[-1] + 1 :]
    changed = list(value)
    for at, digit in zip(affected, digits, strict=True):
        changed[at] = digit
    return "".join(changed)
