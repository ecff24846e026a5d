"""Finds the mentions of an utterance, format by format."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock

from db.agents.definition import AgentDefinition
from inference.engines.scripted.mentions.addresses import find_addresses
from inference.engines.scripted.mentions.choices import find_choices
from inference.engines.scripted.mentions.codes import find_codes, is_code
from inference.engines.scripted.mentions.contrasts import retract
from inference.engines.scripted.mentions.dates import find_dates
from inference.engines.scripted.mentions.email import find_emails
from inference.engines.scripted.mentions.fields import Fields
from inference.engines.scripted.mentions.letter_changes import find_letter_changes
from inference.engines.scripted.mentions.money import find_decimals, find_money
from inference.engines.scripted.mentions.name_halves import join_halves
from inference.engines.scripted.mentions.names import name_rules
from inference.engines.scripted.mentions.numbers import between_name_and_value, find_numbers, is_identifier
from inference.engines.scripted.mentions.other_records import is_suspect
from inference.engines.scripted.mentions.person_names import find_person_names
from inference.engines.scripted.mentions.spelling import apply_spelling, find_spelled
from inference.engines.scripted.mentions.text import WORD, Utterance, fold
from inference.engines.scripted.mentions.texts import find_texts
from inference.engines.scripted.mentions.times import find_times
from inference.engines.scripted.mentions.words import languages_of
from inference.engines.scripted.values import NOTHING_ASKED, Expectation, Mention

_NAMES = frozenset({"person_name", "email", "postal_address"})
_NUMBERS = frozenset({"phone", "account_id", "number", "money"})
_IDENTIFIES = frozenset({"phone", "account_id", "email"})
_CACHED_AGENTS = 64
#: Least digits of a number behind a name that is taken for an account's.
_MIN_ACCOUNT = 5
#: Words before the name of a field in an answer: "the number plate is".
_MAX_LEADING = 3
#: Marks around a number that stands by itself: of a sentence, and of a clause.
_SENTENCE_MARKS, _CLAUSE_MARKS = ".!?;…।۔؟\n", ",،:"


@dataclass(frozen=True, slots=True)
class _Agent:
    """What the rules need of an agent in a language. ``vocabulary``: words of its examples, which are no names."""

    definition: AgentDefinition
    fields: Fields
    vocabulary: frozenset[str]


_agents: OrderedDict[tuple[int, str], _Agent] = OrderedDict()
_lock = Lock()


def find_mentions(
    text: str,
    language: str,
    agent: AgentDefinition,
    expected: Expectation = NOTHING_ASKED,
    today: dt.date | None = None,
) -> tuple[Mention, ...]:
    """The values in ``text``, in their order; none overlap, but for texts. Nothing is inferred that was not said.

    ``expected``: what the last reply asked for; decides the meaning of bare values. ``today``: for relative dates, the
    local date if absent. Only the first ``MAX_CHARS`` characters are read. A value that is put right in the same
    utterance is given with ``retracted``, before the right one; a partial value ("no, it's 14") is a number without a
    field: see ``merge_correction``.
    """
    said = Utterance(text)
    if not said.folded.strip():
        return ()
    known = _known(agent, language)
    fields = known.fields
    found: list[Mention] = []
    found += find_emails(said, language, fields, expected)
    found += find_codes(said, language, fields, expected)
    found += find_choices(said, languages_of(language), fields, expected, phrases=True)
    found += find_addresses(said, language, fields, expected)
    found += find_money(said, language, fields, expected)
    found += find_dates(said, language, fields, expected, today or dt.date.today())  # noqa: DTZ011
    found += find_times(said, language, fields, expected)
    found += find_decimals(said, partial(is_identifier, said.folded, language, fields.asked(expected)))
    found += find_numbers(said, language, fields, expected)
    spelled = [(each.start, each.end) for each in find_spelled(said, language)]
    spelled += [(each.start, each.stop) for each in find_letter_changes(said.folded, language)]
    asked = "person_name" in expected.formats or "name" in expected.fields
    days = _bare_days(said, found) if asked else set()
    names = Utterance(text, claimed=[*(span for span in said.claimed if said.span(*span) not in days), *spelled])
    ids = {(each.start, each.end) for each in found if each.format in _IDENTIFIES}
    identities = [span for span in said.claimed if said.span(*span) in ids]
    identities += spelled
    identities += [span for span in said.claimed if said.span(*span) in _plain_numbers(said, found)]
    persons = find_person_names(names, language, fields, expected, vocabulary=known.vocabulary, identities=identities)
    said.claimed += [
        span
        for span in names.claimed
        if span not in said.claimed and names.span(*span) in {(each.start, each.end) for each in persons}
    ]
    found = [each for each in found if (each.start, each.end) not in days or not _overlaps(each, persons)]
    field = fields.assign("person_name", said.folded, 0, 0, expected)
    persons = apply_spelling(said, persons, language, asked=asked, field=field)
    found += join_halves(said, persons, language, name_rules(language).given)
    if fields.may_be_account(expected) and not is_suspect(said.folded, len(said.folded), language):
        found = _beside_name(said, found, fields, expected)
        found = _by_themselves(said, found, fields, expected)
    found += find_choices(said, languages_of(language), fields, expected, known=found)
    found = _by_phrases(said, found, fields)
    found += find_texts(said, language, fields)
    return tuple(sorted(retract(said, found, language, fields), key=lambda each: (each.start, each.end)))


def _bare_days(said: Utterance, found: list[Mention]) -> set[tuple[int, int]]:
    """The spans of dates without digits, which may be names: "Sunday Adeleke"."""
    dates = [(each.start, each.end) for each in found if each.format == "date"]
    return {(start, end) for start, end in dates if not any(ch.isdigit() for ch in said.text[start:end])}


def _overlaps(mention: Mention, others: list[Mention]) -> bool:
    return any(mention.start < each.end and each.start < mention.end for each in others)


def _plain_numbers(said: Utterance, found: list[Mention]) -> set[tuple[int, int]]:
    """The spans of numbers that stand alone behind a comma at the end, as an account number behind a name does."""
    return {
        (each.start, each.end)
        for each in found
        if each.format == "number"
        and each.field is None
        and sum(ch.isdigit() for ch in each.value) >= _MIN_ACCOUNT
        and said.text[: each.start].rstrip(" ").endswith(",")
        and not said.text[each.end :].strip(" .!")
    }


def _beside_name(said: Utterance, found: list[Mention], fields: Fields, expected: Expectation) -> list[Mention]:
    """A number at the end, behind a name and a comma, is the account's: "Wojciech Nowak, 88-41-05"."""
    numbers = _plain_numbers(said, found)
    ends = {each.end for each in found if each.format == "person_name"}
    field = fields.assign("account_id", said.folded, 0, 0, expected)
    return [
        replace(each, format="account_id", field=field)
        if (each.start, each.end) in numbers and len(said.text[: each.start].rstrip(" ,")) in ends
        else each
        for each in found
    ]


def _by_themselves(said: Utterance, found: list[Mention], fields: Fields, expected: Expectation) -> list[Mention]:
    """A long number that is a sentence of its own beside others, alone or with a name, is the account's: "The line is
    down. 40-2276." So is one in groups that is a clause of its own: "found it, 70-4415".
    """
    names = [(each.start, each.end) for each in found if each.format == "person_name"]
    field = fields.assign("account_id", said.folded, 0, 0, expected)
    taken = any(each.format == "account_id" for each in found)

    def is_account(each: Mention) -> bool:
        if taken or each.format != "number" or each.field is not None:
            return False
        digits = sum(ch.isdigit() for ch in each.value)
        if digits < _MIN_ACCOUNT or not all(ch.isdigit() or ch in "- " for ch in each.value):
            return False
        before, behind = said.text[: each.start].rstrip(" "), said.text[each.end :].lstrip(" ")
        if not before and not behind.strip(_SENTENCE_MARKS):
            return False  # nothing else is said: the open question tells what it is
        named = any(not said.text[each.end : start].strip(" ,") for start, _ in names if start >= each.end)
        ends = not behind or behind[0] in _SENTENCE_MARKS or named
        begins = not before or before[-1] in _SENTENCE_MARKS
        grouped = "-" in each.value and before[-1:] in {*_CLAUSE_MARKS}
        return ends and (begins or grouped) and (bool(before) or named)

    return [replace(each, format="account_id", field=field) if is_account(each) else each for each in found]


def without_name(text: str, agent: AgentDefinition, language: str, name: str) -> str:
    """An answer without the field's own name and what leads from it to the value: "the plate is | KL 45"."""
    slot = _known(agent, language).fields.slots.get(name)
    if slot is None or slot.names is None:
        return text
    said = Utterance(text)
    match = slot.names.search(said.folded)
    if match is None or len(said.folded[: match.start()].split()) > _MAX_LEADING:
        return text
    behind = between_name_and_value(language).match(said.folded, match.end())
    end = behind.end() if behind else match.end()
    rest = said.text[said.span(end, len(said.folded))[0] :] if said.folded[end:].strip(" .!") else ""
    return rest if rest and behind and any(ch.isalpha() for ch in behind.group()) else text


def mask(text: str, mentions: tuple[Mention, ...]) -> str:
    """The text with ``NAME`` and ``NUMBER`` in place of its mentions, for the intent classifier."""
    pieces: list[str] = []
    at = 0
    for each in sorted(mentions, key=lambda each: each.start):
        digits = any(ch.isdigit() for ch in text[each.start : each.end])
        number = each.format in _NUMBERS or (each.format in {"date", "time"} and digits)
        number = number or (each.format == "text" and is_code(text[each.start : each.end]))
        if each.start < at or not (number or each.format in _NAMES):
            continue
        pieces += [text[at : each.start], "NUMBER" if number else "NAME"]
        at = each.end
    return "".join([*pieces, text[at:]])


def _by_phrases(said: Utterance, found: list[Mention], fields: Fields) -> list[Mention]:
    """The mentions with the field whose phrase they stand in."""
    result = list(found)
    for slot in fields.slots.values():
        for phrase in slot.phrases if slot.format != "text" else ():
            for match in phrase.finditer(said.folded):
                start, end = said.span(*match.span("value"))
                for at, each in enumerate(result):
                    if (
                        each.format == slot.format
                        and start <= each.start < max(end, start + 1)
                        and each.start - start <= 2
                    ):
                        result[at] = replace(each, field=slot.name)
    return result


def _known(agent: AgentDefinition, language: str) -> _Agent:
    """Compiled words of an agent, cached by its definition."""
    key = (id(agent), language)
    with _lock:
        cached = _agents.get(key)
        if cached is not None and cached.definition is agent:
            _agents.move_to_end(key)
            return cached
    known = _Agent(agent, Fields(agent, languages_of(language)), _vocabulary(agent))
    with _lock:
        _agents[key] = known
        while len(_agents) > _CACHED_AGENTS:
            _agents.popitem(last=False)
    return known


def _vocabulary(agent: AgentDefinition) -> frozenset[str]:
    texts = [text for intent in agent.intents for lines in intent.examples.values() for text in lines]
    return frozenset(word for text in texts for word in WORD.findall(fold(text)) if len(word) > 1)
