"""Values of a tool call that nobody said: refused by the name of the argument, never with the value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime

from db.json_value import Json
from inference.text.normalization.normalizer import LOCALES
from inference.turn.guard.conversation import Conversation, texts_of
from inference.turn.guard.grounds import Grounds
from inference.turn.guard.refusal import Refusal, Rule
from inference.turn.guard.subject import Subject
from inference.turn.guard.words import squashed, tokens

#: Formats of the standard fields. Of the others, ``query`` is a text, ``intent`` and ``priority`` are not said.
_STANDARD = {"name": "person_name", "phone": "phone", "account_id": "account_id"}
_UNSAID = frozenset({"intent", "priority"})

#: Arguments that name a record.
_NAMED = {"reference": "reference", "id": "reference"}

#: Fields of which the agent's definition does not name the format.
_TEXT = "text"
#: Minutes from which on a time may be told by the hour that comes.
_BEFORE_NEXT_HOUR = 15

#: Least signs of a number or a code of which signs may change places.
_SHORTEST = 4

#: Most messages in a row in which a number is said in pieces, and the formats of such numbers: "50" and "20" of two
#: messages are no amount, day or time of 5020.
_MOST_PIECES = 4
_IN_PIECES = frozenset({"account_id", "phone", "number"})


def unsaid(subject: Subject, arguments: Mapping[str, Json], conversation: Conversation) -> Refusal | None:
    """Refuses values that neither the customer said nor the session knows, and numbers that nobody said.

    Of an external tool that no scenario of the agent names, only the standard fields are compared: what its other
    arguments mean is not known here.
    """
    languages = (conversation.language, *conversation.agent.languages)
    said = list(conversation.customer_texts)
    facts = [*conversation.known.values(), *conversation.tool_texts]
    customer = Grounds((*facts, *said), languages)
    anybody = Grounds((*conversation.assistant_texts, *facts, *said), languages)
    wrong = _retracted(conversation)
    errors = []
    for name, value, format_ in _values(subject, arguments):
        text = value if isinstance(value, str) else " ".join(texts_of(value))
        if not text.strip():
            continue
        if format_ == _TEXT:
            if not anybody.numbers(text) and not is_in_pieces(text, conversation):
                errors.append((name, "It holds a number that nobody said. Use the customer's own words."))
        elif squashed(text) in wrong:
            errors.append((name, "The customer said that this is wrong."))
        elif not (
            _is_said(text, format_, customer)
            or _is_put_right(text, conversation, languages)
            or (format_ in _IN_PIECES and is_in_pieces(text, conversation))
        ):
            errors.append((name, "The customer did not say this. Leave it out, or ask for it."))
    return Refusal(Rule.NOT_SAID, tuple(errors)) if errors else None


def _values(subject: Subject, arguments: Mapping[str, Json]) -> Iterator[tuple[str, Json, str]]:
    """Name, value and format of the arguments that are compared."""
    fields = subject.fields
    for name, value in arguments.items():
        if value is None or name in _UNSAID or isinstance(value, bool):
            continue
        if name in fields:
            format_ = fields[name].format or _TEXT
            if format_ == "condition":
                format_ = _TEXT
            if format_ != "enum":
                yield name, value, format_
        elif name in _STANDARD:
            yield name, value, _STANDARD[name]
        elif subject.writes:
            yield name, value, _NAMED.get(name, _TEXT)


def _is_put_right(text: str, conversation: Conversation, languages: Sequence[str]) -> bool:
    """Whether a value is one that was known before with a part put right, in the same message or a later one."""
    known = [*conversation.known.values(), *conversation.tool_texts]
    for at, exchange in enumerate(conversation.exchanges):
        wholes = [*exchange.reading.values, *(known if at == 0 else ())]
        if not wholes:
            continue
        later = [words for each in conversation.exchanges[at:] for words in (each.text, each.reading.written)]
        if Grounds(later, languages).put_together(text, wholes):
            return True
        rearranges = any(each.reading.rearranges for each in conversation.exchanges[at:])
        if rearranges and any(_is_rearranged(squashed(text), squashed(whole)) for whole in wholes):
            return True
    return False


def is_in_pieces(text: str, conversation: Conversation) -> bool:
    """Whether the digits of a number or code are all those of a few messages in a row, in their order, and its letters
    are in them: "the first half is 4198", "and then 820"."""
    digits = _digits(text)
    letters = {each for each in tokens(text) if not each.isdigit()}
    said = [(_digits(each.reading.written or each.text), set(tokens(each.text))) for each in conversation.exchanges]
    for first, (head, _) in enumerate(said):
        if len(digits) < _SHORTEST or not head or not digits.startswith(head):
            continue
        for last in range(first + 1, min(first + _MOST_PIECES, len(said))):
            pieces = said[first : last + 1]
            words = set[str]().union(*(each for _, each in pieces))
            if "".join(piece for piece, _ in pieces) == digits != head and letters <= words:
                return True
    return False


def _digits(text: str) -> str:
    return "".join(each for each in squashed(text) if each.isdigit())


def _is_rearranged(text: str, whole: str) -> bool:
    """Whether a value is another one with two neighbouring signs in each other's place, or with a sign left out."""
    if len(whole) == len(text) + 1 > _SHORTEST:
        return any(whole[:at] + whole[at + 1 :] == text for at in range(len(whole)))
    return len(whole) == len(text) >= _SHORTEST and any(
        whole[:at] + whole[at + 1] + whole[at] + whole[at + 2 :] == text for at in range(len(whole) - 1)
    )


def _retracted(conversation: Conversation) -> frozenset[str]:
    """Values that the customer said were wrong, and did not say again."""
    wrong: set[str] = set()
    for exchange in conversation.exchanges:
        retracted = {squashed(each) for each in exchange.reading.retracted}
        wrong -= {squashed(each) for each in exchange.reading.values} - retracted
        wrong |= retracted
    return frozenset(wrong)


def _is_said(text: str, format_: str, said: Grounds) -> bool:
    compare: Mapping[str, Callable[[str], bool]] = {
        "person_name": said.name,
        "phone": said.phone,
        "money": said.numbers,
        "number": said.numbers,
        "postal_address": said.most_words,
        "date": lambda value: said.code(value) or _is_date_said(value, said),
        "time": lambda value: said.code(value) or _is_time_said(value, said),
    }
    # Said as it stands, whatever it is worth: the tool checks its form.
    return said.code(text) or compare.get(format_, said.code)(text)


def _is_date_said(text: str, said: Grounds) -> bool:
    """Whether a date's day and month were said. A date that only follows from what was said ("tomorrow") is said where
    the reader found it."""
    try:
        value = date.fromisoformat(text[:10])
    except ValueError:
        return said.most_words(text)
    months = {month for locale in LOCALES.values() for month in (locale.months[value.month - 1],)}
    return said.number(str(value.day)) and (said.number(str(value.month)) or any(said.name(month) for month in months))


def _is_time_said(text: str, said: Grounds) -> bool:
    """Whether an hour was said, of 24 or of 12, and the minutes, if there are any."""
    try:
        value = datetime.fromisoformat(f"2000-01-01T{text}").time()
    except ValueError:
        return said.most_words(text)
    # Before the full hour, the next one may be named: "half past seven" is "halb acht".
    named = {value.hour, value.hour + 1} if value.minute >= _BEFORE_NEXT_HOUR else {value.hour}
    hours = {text for each in named for text in (str(each), str(each % 12 or 12), f"{each:02d}")}
    if not any(said.number(hour) for hour in hours):
        return False
    return value.minute == 0 or said.number(f"{value.minute:02d}") or value.minute in {15, 30, 45}
