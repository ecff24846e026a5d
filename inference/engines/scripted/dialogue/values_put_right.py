"""Values that an utterance puts right: in a part, by a word, in the same message, or after filing."""

from __future__ import annotations

import re
from collections.abc import Mapping

from inference.engines.scripted.dialogue.conditions import corrects, said_condition
from inference.engines.scripted.dialogue.contrasts import exchanged, put_right, said_anew, with_other_word
from inference.engines.scripted.dialogue.cues import cues
from inference.engines.scripted.dialogue.known_values import format_of, known_values, own_texts
from inference.engines.scripted.dialogue.same_value import same_value
from inference.engines.scripted.dialogue.state import DialogueState
from inference.engines.scripted.lexicon import WORD, fold
from inference.engines.scripted.mentions import Known, correct_part, is_own_name, last_name
from inference.engines.scripted.values import Expectation, Mention, Polarity, Reaction, Understanding
from inference.engines.scripted.wording.asked import Asks

#: Words of an utterance that says when something shall be done, and little else.
_MAX_CONDITION_WORDS = 10
#: Words of an utterance that says another name, and little else.
_MAX_NAME_WORDS = 6
_NUMBER = re.compile(r"(?<![\w-])\d{1,4}(?![\w-])")
#: Letters that a name and its short form begin with.
_STEM = 2


def put_right_at_once(understood: Understanding, values: Mapping[str, str], state: DialogueState) -> dict[str, str]:
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


def filed_field(form: str, named: str | None, understood: Understanding, state: DialogueState) -> str | None:
    """The own field of what was filed last whose value is put right: "the phone should have been 555 0134"."""
    if state.pending or not state.filed or not understood.corrects or (named and state.identity.get(named)):
        return None
    filed = state.filed[-1]
    names = [name for name, field in filed.scenario.fields.items() if field.format == form and filed.record.get(name)]
    return names[0] if names else None


def is_retracted(mention: Mention, understood: Understanding, state: DialogueState) -> bool:
    """Whether a value is said to be wrong. One that nobody has said before is a new one: "no, it is anna@..."."""
    if not mention.retracted or mention.field is None:
        return mention.retracted
    others = [each for each in understood.mentions if each is not mention and each.format == mention.format]
    known = known_values(state).get(mention.field)
    return bool(others) or known is None or same_value(known, mention.value)


def another_name(state: DialogueState, understood: Understanding) -> dict[str, str]:
    """A name, or its number, that is said instead of the one that was read back: "no, Gold", "the 300 one"."""
    request = state.pending[0] if state.pending and state.asks(Asks.CONFIRM) else None
    if request is None or understood.question or understood.reaction is Reaction.YES or "wait" in understood.acts:
        return {}
    fields = [name for name, field in request.scenario.fields.items() if field.holds_name and request.fields.get(name)]
    if len(fields) != 1 or understood.words > _MAX_NAME_WORDS:
        return {}
    if any(each.polarity is not Polarity.WANTED or each.requested for each in understood.wishes):
        return {}
    known = request.fields[fields[0]]
    if any(each.format not in {"text", "number"} or each.retracted for each in understood.mentions):
        return {}
    numbers, digits = _NUMBER.findall(understood.text), _NUMBER.findall(known)
    if len(numbers) == 1 and len(digits) == 1 and len(numbers[0]) == len(digits[0]):
        return {fields[0]: known.replace(digits[0], numbers[0])} if numbers != digits else {}
    said = set(WORD.findall(fold(understood.text)))
    if any(word in said for word in WORD.findall(fold(known)) if len(word) >= _STEM):
        return {}
    new = last_name(understood.text, understood.language)
    return {fields[0]: new} if new else {}


def is_anothers_name(mention: Mention, understood: Understanding, state: DialogueState, expected: Expectation) -> bool:
    """Whether a name is not the customer's, whose name is known: of somebody else, or a short one of their own."""
    known = state.identity.get("name")
    if mention.format != "person_name" or mention.field != "name" or not known or "name" in expected.fields:
        return False
    if corrects(understood) or any(each.retracted for each in understood.mentions):
        return False
    said, words = fold(mention.value).split(), fold(known).split()
    if len(said) < len(words):
        return len(said) == 1 and any(word[:_STEM] == said[0][:_STEM] for word in words)  # "you can call me Annie"
    if not set(said).isdisjoint(words) and said[0] == words[0]:
        return False
    return not is_own_name(understood.text, mention.start, mention.end, understood.language)


def is_news(mention: Mention, understood: Understanding, known: list[Known]) -> bool:
    """Whether a number that seems denied is the only one and new: "no no el 54"."""
    others = [each for each in understood.mentions if each is not mention and each.format == mention.format]
    return not others and all(mention.value not in each.value for each in known)


def contrasted_values(state: DialogueState, understood: Understanding, values: dict[str, str]) -> dict[str, str]:
    """Texts and names that are put right by words alone."""
    for name, value in values.items():
        last_said = said_anew(understood.text, value) if format_of(state, name) is None else None
        if last_said is not None and understood.corrects:
            return {name: last_said}
    known = own_texts(state)
    last = next((name for name in state.last_said if name in known and format_of(state, name) is None), None)
    for name, value in known.items():
        if name in values:
            continue
        wrong = next((each.value for each in understood.mentions if each.retracted and each.format == "text"), None)
        right = next((each.value for each in understood.mentions if not each.retracted and each.format == "text"), None)
        if wrong and right and fold(wrong) in fold(value):
            return {name: right if same_value(wrong, value) else exchanged(value, wrong, right) or value}
        again = said_anew(understood.text, value) if format_of(state, name) is None else None
        if again is None and corrects(understood):
            again = with_other_word(understood.text, value)
        if again is not None:
            return {name: again}
        said_last = name == last and understood.reaction is not Reaction.YES and not values
        said_last = said_last and "wait" not in understood.acts
        new = put_right(understood.text, value, cues(understood.language), said_last=said_last)
        if new is not None and not same_value(new, value):
            return {name: new}
    return {}


def condition_after_filing(state: DialogueState, understood: Understanding) -> dict[str, str]:
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
