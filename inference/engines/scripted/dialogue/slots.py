"""Slot filling: which field each value of an utterance belongs to, and where it is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from db.agents.definition import ScenarioDefinition
from inference.engines.scripted.dialogue.conditions import corrects, said_condition
from inference.engines.scripted.dialogue.contrasts import put_right, said_anew, with_other_word, without_around
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.partial import merged_number, put_right_part, says_anew
from inference.engines.scripted.dialogue.same_value import same_value
from inference.engines.scripted.dialogue.state import DialogueState, PendingRequest
from inference.engines.scripted.lexicon import fold
from inference.engines.scripted.mentions import Known, correct_part
from inference.engines.scripted.values import Expectation, Mention, Polarity, Reaction, Understanding
from inference.engines.scripted.wording.asked import IDENTITY, IDENTITY_FORMATS, Asks

#: Words of an utterance that is a value and little else: "sorry, 4412".
_SHORT = 4
#: A name with a number: "Basic 50", "the Family Max 200".
_NUMBERED = re.compile(r"(?<!\w)((?:[A-Z][a-zA-Z+-]+ ){1,2}\d{1,4})(?![\w-]|[ ,.]\d)")
#: Words of an utterance that says when something shall be done, and little else.
_MAX_CONDITION_WORDS = 10
#: Most words of an answer that is taken verbatim.
_MAX_VERBATIM_WORDS = 40
#: Marks at the ends of an answer that is taken verbatim.
_BARE = re.compile(r"^[\s,;:]+|[\s.,;:!।]+$")
_NO_ANSWER = frozenset({"wait", "why", "repeat", "nevermind", "goodbye", "status", "recall", "abilities"})


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
            fields += [(name, _taken_as(request.scenario, name)) for name in _own(request.scenario.one_of, request)]
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


def format_of(state: DialogueState, name: str) -> str | None:
    """The format of a field of any scenario of the agent."""
    if name in IDENTITY_FORMATS:
        return IDENTITY_FORMATS[name]
    scenarios = [*(each.scenario for each in state.pending), *state.agent.scenarios]
    return next((_taken_as(each, name) for each in scenarios if name in each.fields), None)


def _taken_as(scenario: ScenarioDefinition, name: str) -> str | None:
    """The format of an own field; None for a condition too, as its answer is taken verbatim."""
    format_ = scenario.fields[name].format
    return None if format_ == "condition" else format_


def read_values(state: DialogueState, understood: Understanding) -> dict[str, str]:
    """Field -> value of what the utterance says. Own fields are those of the scenarios that it is about."""
    scenarios = _scenarios(state, understood)
    expected = expectation(state)
    values: dict[str, str] = {}
    for mention in understood.mentions:
        if _is_retracted(mention, understood, state):
            continue
        name = _field(mention, scenarios, values, state, understood)
        if name is not None and not _is_shorter(mention, values.get(name)):
            values[name] = mention.value
    named = {} if state.asks(Asks.FIELD) else _named(state, understood, scenarios)
    values |= {name: value for name, value in named.items() if name not in values}
    values |= _put_right_at_once(understood, values, state)
    before = _known(state)
    part = None if understood.wishes else put_right_part(understood, values, before)
    if part is not None:
        return part
    puts_right = understood.corrects or understood.reaction is Reaction.NO or understood.words <= _SHORT
    contrasted = _contrasted(state, understood, values)
    texts = [word for value in (*contrasted.values(), *named.values()) for word in value.split()]
    for mention in understood.mentions:
        if puts_right or says_anew(mention, understood, before):
            alone = not mention.retracted or _is_news(mention, understood, before)
            taken = mention.value in texts or mention.value in values.values()
            if alone and not taken and not understood.wishes:
                values.update(merged_number(mention, understood, before))
    values.update({name: value for name, value in contrasted.items() if name not in values or name in named})
    values.update(_effective(state, understood))
    if not values:
        values.update(_verbatim(state, understood, expected))
    return values


def _scenarios(state: DialogueState, understood: Understanding) -> list[ScenarioDefinition]:
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
    own = _own_field(mention.format, scenarios, values, state) or _filed_field(mention.format, named, understood, state)
    if own is not None:
        return own
    if named is not None:
        return named
    standard = next((name for name, form in IDENTITY_FORMATS.items() if form == mention.format), None)
    return standard if standard not in values else None


def _own_field(
    form: str, scenarios: list[ScenarioDefinition], values: dict[str, str], state: DialogueState
) -> str | None:
    """The own field of this format of what the customer wants now; of what is filed only if nothing else is open."""
    filed_only = {each.scenario.name for each in state.filed} - {each.scenario.name for each in state.pending}
    for scenario in scenarios:
        names = [name for name, field in scenario.fields.items() if field.format == form and name not in values]
        if names and (scenario.name not in filed_only or form not in IDENTITY_FORMATS.values()):
            return names[0]
    return None


def _is_shorter(mention: Mention, known: str | None) -> bool:
    """Whether a name is a part of the one that was said before it: "Kevin Oyelaran, Kev for short"."""
    return mention.format == "person_name" and known is not None and len(mention.value.split()) < len(known.split())


def _put_right_at_once(understood: Understanding, values: Mapping[str, str], state: DialogueState) -> dict[str, str]:
    """Values of which a part is put right behind them: "12 Elm Street. Sorry, it's 21, not 12"."""
    if not understood.corrects:
        return {}
    found: dict[str, str] = {}
    for mention in understood.mentions:
        name = next((name for name, value in values.items() if value == mention.value), None)
        form = format_of(state, name) if name else None
        if name is None or form is None:
            continue
        part = correct_part(understood.text[mention.end :], understood.language, [Known(name, mention.value, form)])
        if part is not None:
            found[name] = part.value
    return found


def _filed_field(form: str, named: str | None, understood: Understanding, state: DialogueState) -> str | None:
    """The own field of what was filed last whose value is put right: "the phone should have been 555 0134"."""
    if state.pending or not state.filed or not understood.corrects or (named and state.identity.get(named)):
        return None
    filed = state.filed[-1]
    names = [name for name, field in filed.scenario.fields.items() if field.format == form and filed.record.get(name)]
    return names[0] if names else None


def _is_retracted(mention: Mention, understood: Understanding, state: DialogueState) -> bool:
    """Whether a value is said to be wrong. One that nobody has said before is a new one: "no, it is anna@..."."""
    if not mention.retracted or mention.field is None:
        return mention.retracted
    others = [each for each in understood.mentions if each is not mention and each.format == mention.format]
    known = known_values(state).get(mention.field)
    return bool(others) or known is None or same_value(known, mention.value)


def _is_news(mention: Mention, understood: Understanding, known: list[Known]) -> bool:
    """Whether a number that seems denied is the only one and new: "no no el 54"."""
    others = [each for each in understood.mentions if each is not mention and each.format == mention.format]
    return not others and all(mention.value not in each.value for each in known)


def _contrasted(state: DialogueState, understood: Understanding, values: dict[str, str]) -> dict[str, str]:
    """Texts and names that are put right by words alone."""
    for name, value in values.items():
        last_said = said_anew(understood.text, value) if format_of(state, name) is None else None
        if last_said is not None and understood.corrects:
            return {name: last_said}
    known = _own_texts(state)
    last = next((name for name in state.last_said if name in known and format_of(state, name) is None), None)
    for name, value in known.items():
        if name in values:
            continue
        wrong = next((each.value for each in understood.mentions if each.retracted and each.format == "text"), None)
        right = next((each.value for each in understood.mentions if not each.retracted and each.format == "text"), None)
        if wrong and right and fold(wrong) in fold(value):
            return {name: right if same_value(wrong, value) else value.replace(wrong, right)}
        again = said_anew(understood.text, value) if format_of(state, name) is None else None
        if again is None and corrects(understood):
            again = with_other_word(understood.text, value)
        if again is not None:
            return {name: again}
        said_last = name == last and understood.reaction is not Reaction.YES and not values
        new = put_right(understood.text, value, cues(understood.language), said_last=said_last)
        if new is not None and not same_value(new, value):
            return {name: new}
    return {}


def _effective(state: DialogueState, understood: Understanding) -> dict[str, str]:
    """When what was filed last shall be done, said after filing: "make that the 30th of April"."""
    newest = state.filed[-1] if state.filed and not state.pending else None
    name = newest.scenario.condition_field if newest else None
    if newest is None or name is None or understood.question:
        return {}
    if any(wish.intent != newest.intent and wish.polarity is Polarity.WANTED for wish in understood.wishes):
        return {}
    known = newest.record.get(name)
    condition = said_condition(understood, str(known) if known else None)
    meant = corrects(understood) or understood.wishes or understood.words <= _MAX_CONDITION_WORDS
    return {name: condition[:200]} if condition and meant else {}


def _own_texts(state: DialogueState) -> dict[str, str]:
    """The known texts, names and addresses of what the customer speaks about: pending, or else filed last. A remark in
    words of their own is not put right by a word.
    """
    known: dict[str, str] = {}
    about = state.pending[0].scenario if state.pending else state.filed[-1].scenario if state.filed else None
    if state.pending:
        known |= state.pending[0].fields
    elif state.filed:
        filed = state.filed[-1]
        known |= {name: str(filed.record[name]) for name in filed.scenario.fields if filed.record.get(name)}
    remarks = {name for name in about.fields if about.is_remark(name)} if about else set()
    known |= {name: value for name, value in state.identity.items() if name not in known}
    texts = {None, "postal_address", "person_name"}
    return {name: value for name, value in known.items() if name not in remarks and format_of(state, name) in texts}


def _known(state: DialogueState) -> list[Known]:
    """The values that are known and their formats, what was said last first."""
    known = known_values(state)
    names = [name for name in dict.fromkeys((*state.last_said, *known)) if known.get(name)]
    return [Known(name, known[name], form) for name in names if (form := format_of(state, name))]


def known_values(state: DialogueState) -> dict[str, str]:
    """Field -> value of all that is known, the own fields of requests first."""
    known: dict[str, str] = {}
    for request in state.pending:
        known |= request.fields
    for filed in reversed(state.filed):
        known |= {
            name: str(filed.record[name])
            for name in filed.scenario.fields
            if name not in known and filed.record.get(name)
        }
    return known | {name: value for name, value in state.identity.items() if name not in known}


def _verbatim(state: DialogueState, understood: Understanding, expected: Expectation) -> dict[str, str]:
    """The whole answer, for a field without a format."""
    asked = [name for name, form in zip(expected.fields, expected.formats, strict=True) if form is None]
    if not asked or not state.asks(Asks.FIELD) or understood.wishes or understood.question or understood.declines:
        return {}
    if _NO_ANSWER.intersection(understood.acts) or not 0 < understood.words <= _MAX_VERBATIM_WORDS:
        return {}
    return {asked[0]: (_BARE.sub("", understood.text) or understood.text)[:200]}


def _named(state: DialogueState, understood: Understanding, scenarios: list[ScenarioDefinition]) -> dict[str, str]:
    """A name that is said without its phrase, of the only field that holds a name and has none yet: "Basic 50, if you
    have it", or alone where a yes was asked for.
    """
    known = known_values(state)
    fields = scenarios[0].fields.items() if scenarios else ()
    empty = [name for name, field in fields if field.holds_name and not known.get(name)]
    if len(empty) != 1 or understood.declines:
        return {}
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


def replaced(state: DialogueState, values: dict[str, str]) -> set[str]:
    """The fields whose known value is another."""
    known = known_values(state)
    return {name for name, value in values.items() if known.get(name) and not same_value(known[name], value)}


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
        state.last_said = [*values, *(name for name in state.last_said if name not in values)]
