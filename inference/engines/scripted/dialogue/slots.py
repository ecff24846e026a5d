"""Slot filling: which field each value of an utterance belongs to, and where it is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable

from db.agents.definition import ScenarioDefinition
from inference.engines.scripted.dialogue.contrasts import without_around
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.free_answers import free_answer
from inference.engines.scripted.dialogue.known_values import format_of, known_in_order, known_values, taken_as
from inference.engines.scripted.dialogue.partial import merged_number, put_right_part, says_anew
from inference.engines.scripted.dialogue.repeated import Similarity
from inference.engines.scripted.dialogue.said_anew import code_said_anew, in_known_month, number_said_anew
from inference.engines.scripted.dialogue.state import DialogueState, PendingRequest
from inference.engines.scripted.dialogue.values_put_right import (
    another_name,
    condition_after_filing,
    contrasted_values,
    filed_field,
    is_anothers_name,
    is_news,
    is_retracted,
    put_right_at_once,
)
from inference.engines.scripted.mentions import choices_of, read_as_format
from inference.engines.scripted.values import Expectation, Mention, Polarity, Reaction, Understanding
from inference.engines.scripted.wording.asked import IDENTITY, IDENTITY_FORMATS, Asks

#: Words of an utterance that is a value and little else: "sorry, 4412".
_SHORT = 4
#: Words of a number and what counts it: "two bags".
_FEW = 2
#: A name with a number: "Basic 50", "the Family Max 200".
_NUMBERED = re.compile(r"(?<!\w)((?:[A-ZÀ-ÖØ-Þ][^\W\d_]+(?:[+-][^\W\d_]*)* ){1,2}\d{1,4})(?![\w-]|[ ,.]\d)")
_TOLD = frozenset({Polarity.WANTED, Polarity.DOUBTFUL, Polarity.REMOTE})


def expectation(state: DialogueState) -> Expectation:
    """What the open questions ask for."""
    fields: list[tuple[str, str | None]] = []
    request = state.pending[0] if state.pending else None
    for question in state.open:
        if question.asks is Asks.IDENTITY:
            fields += [(name, IDENTITY_FORMATS[name]) for name in _identity_order(request)]
        elif question.asks is Asks.FIELD and question.field is not None:
            fields.append((question.field, format_of(state, question.field)))
        elif question.asks is Asks.ONE_OF and request is not None:
            fields += [(name, taken_as(request.scenario, name)) for name in _own(request.scenario.one_of, request)]
    if not fields and not state.pending and state.filed and not _is_known(state):
        # what was asked and not answered may come late
        fields += [(name, IDENTITY_FORMATS[name]) for name in IDENTITY]
    binds = state.asks(Asks.CONFIRM) or state.asks(Asks.HANDOVER)
    confirms = binds or state.asks(Asks.MORE)
    return Expectation(tuple(name for name, _ in fields), tuple(form for _, form in fields), confirms, binds)


def _is_known(state: DialogueState) -> bool:
    return any(state.identity.get(name) for name in IDENTITY)


def _own(names: Iterable[str], request: PendingRequest) -> list[str]:
    return [name for name in names if name in request.scenario.fields]


def _identity_order(request: PendingRequest | None) -> tuple[str, ...]:
    asked = [name for name in request.scenario.ask_for if name in IDENTITY] if request else []
    return tuple(asked or IDENTITY)


def read_values(state: DialogueState, understood: Understanding, similar: Similarity) -> dict[str, str]:
    """Field -> value of what the utterance says. Own fields are those of the scenarios that it is about."""
    scenarios = scenarios_about(state, understood)
    expected = expectation(state)
    values: dict[str, str] = {}
    known = known_values(state)
    for mention in understood.mentions:
        if is_retracted(mention, understood, state) or is_anothers_name(mention, understood, state, expected):
            continue
        if _is_within_text(mention, understood, expected, state):
            continue
        name = _field(mention, scenarios, values, state, understood)
        if name is not None and not _is_shorter(mention, values.get(name)):
            values[name] = in_known_month(mention, understood, known.get(name))
    named = {} if state.asks(Asks.FIELD) else _named(state, understood, scenarios)
    values |= {name: value for name, value in named.items() if name not in values}
    values |= put_right_at_once(understood, values, state)
    before = known_in_order(state)
    part = None if _wishes(state, understood) else put_right_part(understood, values, before)
    if part is not None:
        return part
    puts_right = understood.corrects or understood.reaction is Reaction.NO or understood.words <= _SHORT
    # "07700 900274, but not before ten": what was asked is answered, and the other number is none of those before it
    puts_right = puts_right and not (values and set(expected.fields) & set(values))
    contrasted = contrasted_values(state, understood, values)
    texts = [word for value in (*contrasted.values(), *named.values()) for word in value.split()]
    for mention in understood.mentions:
        if puts_right or says_anew(mention, understood, before):
            alone = not mention.retracted or is_news(mention, understood, before)
            taken = mention.value in texts or mention.value in values.values() or bool(named)
            if alone and not taken and not understood.wishes:
                values.update(merged_number(mention, understood, before))
    values.update({name: value for name, value in contrasted.items() if name not in values or name in named})
    values.update(condition_after_filing(state, understood))
    if not values and not understood.question:
        values.update(code_said_anew(state, understood) or number_said_anew(state, understood))
    values.update(free_answer(state, understood, expected, values, similar))
    return values


def _wishes(state: DialogueState, understood: Understanding) -> bool:
    """Whether something is wished that a correction is no part of. Beside an answer to a read-back, what is only told
    is none: "no, house number 121, that happens to me all the time".
    """
    if not state.asks(Asks.CONFIRM):
        return bool(understood.wishes)
    return any(wish.requested or wish.polarity not in _TOLD for wish in understood.wishes)


def scenarios_about(state: DialogueState, understood: Understanding) -> list[ScenarioDefinition]:
    """The scenarios that an utterance may speak about, the likeliest first."""
    wished = [
        state.agent.intent(wish.intent)
        for wish in understood.wishes
        if wish.polarity not in {Polarity.DENIED, Polarity.SETTLED, Polarity.REMOTE}
    ]
    named = [state.agent.scenario(intent.scenario) for intent in wished if intent and intent.scenario]
    pending = [each.scenario for each in state.pending]
    filed = [each.scenario for each in reversed(state.filed)]
    found: list[ScenarioDefinition] = []
    for scenario in (*named, *pending, *filed):
        if scenario is not None and scenario not in found:
            found.append(scenario)
    return found


def _field(
    mention: Mention,
    scenarios: list[ScenarioDefinition],
    values: dict[str, str],
    state: DialogueState,
    understood: Understanding,
) -> str | None:
    named = mention.field
    if named is not None and named not in IDENTITY:
        return named if any(named in scenario.fields for scenario in scenarios) else None
    if named is not None and named in expectation(state).fields:
        return named
    # A scenario about new contact details: a number is the new one, unless it was said to be the present one.
    if mention.format == "number" and any(ch.isalpha() for ch in mention.value):
        return None  # a code of letters and digits, which counts nothing
    own = _own_field(mention, scenarios, values, state) or filed_field(mention.format, named, understood, state)
    if own is not None:
        return own
    if named is not None:
        return named
    standard = next((name for name, form in IDENTITY_FORMATS.items() if form == mention.format), None)
    return standard if standard not in values else None


def _own_field(
    mention: Mention, scenarios: list[ScenarioDefinition], values: dict[str, str], state: DialogueState
) -> str | None:
    """The own field of this format of what the customer wants now; of what is filed only if nothing else is open."""
    form = mention.format
    filed_only = {each.scenario.name for each in state.filed} - {each.scenario.name for each in state.pending}
    for scenario in scenarios:
        names = [
            name
            for name, field in scenario.fields.items()
            if read_as_format(field) == form
            and name not in values
            and (form != "enum" or mention.value in choices_of(field))
        ]
        if names and (scenario.name not in filed_only or form not in IDENTITY_FORMATS.values()):
            return names[0]
    return None


def _is_within_text(mention: Mention, understood: Understanding, expected: Expectation, state: DialogueState) -> bool:
    """Whether a number that nothing names is a part of the text that was asked for: "the main station, platform 9"."""
    text = state.asks(Asks.FIELD) and expected.formats == (None,)
    return text and mention.format == "number" and mention.field is None and understood.words > _FEW


def _is_shorter(mention: Mention, known: str | None) -> bool:
    """Whether a name is a part of the one that was said before it: "Kevin Oyelaran, Kev for short"."""
    return mention.format == "person_name" and known is not None and len(mention.value.split()) < len(known.split())


def _named(state: DialogueState, understood: Understanding, scenarios: list[ScenarioDefinition]) -> dict[str, str]:
    """A name that is said without its phrase, of the only field that holds a name and has none yet: "Basic 50, if you
    have it", or alone where a yes was asked for.
    """
    known = known_values(state)
    fields = scenarios[0].fields.items() if scenarios else ()
    empty = [name for name, field in fields if field.holds_name and not known.get(name)]
    if understood.declines:
        return {}
    if len(empty) != 1:
        return another_name(state, understood)
    others = [each for each in understood.mentions if each.format != "number" or each.field]
    numbered = [
        match[1]
        for match in _NUMBERED.finditer(understood.text)
        if not any(each.start < match.end() and match.start() < each.end for each in others)
    ]
    if numbered:
        return {empty[0]: numbered[-1]}
    said_else = understood.wishes or understood.acts or understood.question or others
    alone = state.asks(Asks.CONFIRM) and understood.reaction is Reaction.NONE and understood.words <= _SHORT
    if said_else or not alone:
        return {}
    text = without_around(understood.text, cues(understood.language))
    named = any(word[0].isupper() or word[0].isdigit() for word in text.split()[-1:])
    return {empty[0]: text} if named else {}


def _of_request(state: DialogueState, request: PendingRequest, name: str, value: str) -> str | None:
    """The value of a field that several new requests have: of the words of this one, where several are said.

    "Cancel the table for tomorrow and book one for Sunday": two days. None: the values are those of the others.
    """
    understood = state.turn.understood
    having = [each for each in state.turn.new if name in each.scenario.fields]
    if understood is None or len(having) < 2 or request not in having:
        return value
    said = [each for each in understood.mentions if each.field == name and not each.retracted]
    if len({each.value for each in said}) < 2:
        return value
    wish = next((each for each in understood.wishes if each.intent == request.intent), None)
    start = understood.text.find(wish.text) if wish else -1
    inside = [each for each in said if wish and start >= 0 and start <= each.start < start + len(wish.text)]
    return inside[-1].value if inside else None


def store(state: DialogueState, values: dict[str, str]) -> None:
    """Stores values in the identity and in the requests that have such a field, those of this turn first."""
    for name, value in values.items():
        if name in IDENTITY:
            state.identity[name] = value
            continue
        having = [request for request in state.pending if name in request.scenario.fields]
        for request in [each for each in having if each in state.turn.new] or having[:1]:
            own = _of_request(state, request, name, value)
            if own is not None:
                request.fields[name] = own
    if values:
        own_first = sorted(values, key=lambda name: name in IDENTITY)
        state.last_said = [*own_first, *(name for name in state.last_said if name not in values)]
