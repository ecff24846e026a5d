"""Entity extraction by rules: name, phone, account number, e-mail, address, plan, reason, priority of an utterance."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import phonenumbers

from inference.engines.scripted.inverse_normalization import inverse_normalize
from inference.engines.scripted.lexicon import WORD, Lexicon, fold
from inference.engines.scripted.names import Span, find_name

_EMAIL = re.compile(r"[A-Za-z0-9_.+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,4}")
_CODE = re.compile(
    r"(?<![\w@.\-])[A-Za-z]{1,5}-?\d{3,12}(?:-\d{1,8})*(?![\w@])|(?<![\w\-])[A-Za-z]{2,5}-\d{1,12}(?!\w)"
)
_NUMBER = re.compile(r"(?<![\w\-.])\+?\(?\d(?:[\d ().\-/]{0,22}\d)?(?!\w)")
# An account number: letters in one word or spelled, then digits in one run or in groups.
_GROUPED = re.compile(
    r"(?P<letters>(?:[A-Za-z][ .\-]{1,2}){1,5}(?=[\dA-Za-z])[A-Za-z]?(?![A-Za-z])|[A-Za-z]{1,5})?"
    r"(?(letters) ?|)(?P<dash>-)? ?"
    r"(?P<digits>\d(?: \d)+(?!\d)|\d[\dA-Za-z]*(?:-\d+| \d{2,})*)(?!\w)"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_SENTENCE_END = re.compile(r"[.!?;।]")
#: Only the beginning is searched, which bounds the time that a hostile text can cost.
_MAX_CHARS = 2000
#: Characters before a number in which a cue for its meaning is searched.
_CUE_DISTANCE = 32


@dataclass(frozen=True, slots=True)
class Entities:
    """The entities of an utterance, None for those that it does not contain. Nothing is inferred.

    ``number``: digits of unknown meaning. ``masked``: the text with placeholders for names and numbers. ``rest``: the
    text between the entities.
    """

    name: str | None = None
    phone: str | None = None
    account_id: str | None = None
    email: str | None = None
    address: str | None = None
    plan: str | None = None
    reason: str | None = None
    outcome: str | None = None
    priority: str | None = None
    number: str | None = None
    masked: str = ""
    rest: tuple[str, ...] = field(default=())

    def identity(self) -> dict[str, str]:
        """Slot -> value, of the slots that identify the customer."""
        slots = {"name": self.name, "phone": self.phone, "account_id": self.account_id}
        return {slot: value for slot, value in slots.items() if value}


def find_entities(text: str, words: Lexicon) -> Entities:
    """Extracts the entities of one utterance, as typed or as transcribed."""
    plain = inverse_normalize(text[:_MAX_CHARS], words)
    spans: list[Span] = []
    email = _extract(_EMAIL, plain, spans, "NAME")
    for amount in re.finditer(rf"[$€£₹] ?\d[\d.,]*|\d[\d.,]* ?(?:{words.currency.pattern})", plain, re.IGNORECASE):
        spans.append(Span(amount.start(), amount.end(), "NUMBER"))
    spans.extend(Span(date.start(), date.end(), "NUMBER") for date in _DATE.finditer(plain))
    account = _account(plain, words, spans)
    phone, number = _numbers(plain, words, spans)
    name = find_name(plain, words, spans)
    masked, rest = _mask(plain, spans)
    lowered = fold(plain)
    return Entities(
        name=name,
        phone=phone,
        account_id=account,
        email=email,
        address=_text_after(words.address_cues, plain, 200, needs_digit=True),
        plan=_plan(plain, words),
        reason=_text_after(words.reason_cues, plain, 200),
        outcome=_text_after(words.outcome_cues, plain, 200),
        priority=next((level for level, cue in words.priority.items() if cue.search(lowered)), None),
        number=number,
        masked=masked,
        rest=rest,
    )


def _is_free(spans: list[Span], start: int, end: int) -> bool:
    return all(end <= span.start or start >= span.end for span in spans)


def _extract(pattern: re.Pattern[str], text: str, spans: list[Span], mask: str) -> str | None:
    found = None
    for match in pattern.finditer(text):
        if _is_free(spans, match.start(), match.end()):
            spans.append(Span(match.start(), match.end(), mask))
            found = match.group()
    return found


def _account(text: str, words: Lexicon, spans: list[Span]) -> str | None:
    """After "account (number)": letters and digits in any grouping. Elsewhere: only a code such as ACC-12345."""
    found = None
    for cue in words.account_cues.finditer(text):
        code, start, end = _code_after(text, cue.end(), words)
        if code and _is_free(spans, start, end):
            spans.append(Span(start, end, "NUMBER"))
            found = code
    code = _extract(_CODE, text, spans, "NUMBER")
    return found or (code.upper() if code else None)


_PRINTED_CODE = re.compile(r"[A-Za-z]{1,6}-[0-9]{2,20}")


def _code_after(text: str, at: int, words: Lexicon) -> tuple[str | None, int, int]:
    """The code after a cue and fillers such as "number is", with its start and end; None if there is no code."""
    while (word := WORD.match(text, _skip(text, at))) and fold(word.group()) in words.code_fillers:
        at = word.end()
    match = _GROUPED.match(text, _skip(text, at))
    if match is None:
        return None, at, at
    letters = re.sub(r"[ .\-]", "", match["letters"] or "")
    if fold(letters) in (words.name_stops | words.not_names) and len(letters) > 1:
        return None, at, at
    if _PRINTED_CODE.fullmatch(match.group()):  # as on a bill, not spelled letter by letter
        return match.group().upper(), match.start(), match.end()
    code = f"{letters}{match['dash'] or ''}{match['digits'].replace(' ', '')}".upper()
    return (code, match.start(), match.end()) if 2 <= len(code) <= 32 else (None, at, at)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " :#,":
        at += 1
    return at


def _numbers(text: str, words: Lexicon, spans: list[Span]) -> tuple[str | None, str | None]:
    """The phone number, and the digits of a number whose meaning is unknown."""
    phone = number = None
    for match in _NUMBER.finditer(text):
        if not _is_free(spans, match.start(), match.end()):
            continue
        value = match.group().strip()
        digits = re.sub(r"\D", "", value)
        spans.append(Span(match.start(), match.end(), "NUMBER"))
        before = text[max(0, match.start() - _CUE_DISTANCE) : match.start()]
        if 6 <= len(digits) <= 15 and (
            words.phone_cues.search(before) or _is_phone_number(value, digits, words.region)
        ):
            phone = value
        elif len(digits) >= 3:
            number = digits
    return phone, number


def _is_phone_number(value: str, digits: str, region: str) -> bool:
    """Whether a number is formatted and possible as a phone number of the region. Bare digits are ambiguous."""
    if value == digits or len(digits) < 7:
        return False
    try:
        parsed = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number_with_reason(parsed) in (
        phonenumbers.ValidationResult.IS_POSSIBLE,
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    )


def _text_after(cue: re.Pattern[str], text: str, limit: int, *, needs_digit: bool = False) -> str | None:
    """The text after the cue, up to the end of the sentence."""
    match = cue.search(text)
    if match is None:
        return None
    tail = text[match.end() :].lstrip(" :,")
    end = _SENTENCE_END.search(tail)
    value = tail[: end.start() if end else len(tail)].strip(" ,")[:limit]
    if not any(ch.isalpha() for ch in value) or (needs_digit and not any(ch.isdigit() for ch in value)):
        return None
    return value


def _plan(text: str, words: Lexicon) -> str | None:
    """The name of a plan; "a cheaper one" is not a name."""
    for pattern in words.plan_patterns:
        match = pattern.search(text)
        if match:
            plan = match.group(1).strip(" ,.")
            tokens = [fold(word.group()) for word in WORD.finditer(plan)]
            if 0 < len(tokens) <= 4 and not any(token in words.not_plans for token in tokens):
                return plan
    return None


def _mask(text: str, spans: list[Span]) -> tuple[str, tuple[str, ...]]:
    """The text with placeholders, for intent classification, and the parts of the text between the spans."""
    pieces: list[str] = []
    rest: list[str] = []
    at = 0
    for span in sorted(spans):
        if span.start < at:
            continue
        rest.append(text[at : span.start])
        pieces += [text[at : span.start], span.mask]
        at = span.end
    rest.append(text[at:])
    return "".join([*pieces, text[at:]]), tuple(part.strip() for part in rest if part.strip(" ,.;:!?¿¡।"))
