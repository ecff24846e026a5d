"""Duplicates: the same wish is filed once in a session."""

from __future__ import annotations

from collections.abc import Mapping

from db.agents.definition import STANDARD_FIELDS
from db.json_value import Json
from inference.ports import CompletedToolCall
from inference.turn.guard.conversation import Conversation, succeeded, texts_of
from inference.turn.guard.grounds import Grounds
from inference.turn.guard.refusal import Refusal, Rule
from inference.turn.guard.subject import Subject
from inference.turn.guard.words import numbers_in, squashed, tokens

#: Share of the words of the shorter of two texts that both have, from which they say the same.
_SAME_WORDS = 0.5

#: Shorter words tell little: articles, prepositions.
_TELLING = 4


def filed_before(subject: Subject, arguments: Mapping[str, Json], conversation: Conversation) -> Refusal | None:
    """Refuses what is on record already: the same scenario and intent, and nothing new in the fields.

    Something new is another value of a field of the scenario's own, another number in the query, or other words or
    the word that it is another matter, if the customer asked for something of the scenario again or said both in one
    message.
    """
    for at, call in conversation.calls:
        if call.name != subject.tool or not succeeded(call) or not subject.files:
            continue
        if arguments.get("intent") != call.arguments.get("intent"):
            continue
        if _holds_new(arguments, call):
            continue
        other = not _same_words(arguments, call) or _is_another(at, conversation)
        if other and _asked_again(at, subject, arguments, conversation):
            continue
        reference = _reference(call)
        message = "This is filed already in this session; do not file it again."
        more = (("reference", reference),) if reference else ()
        return Refusal(Rule.DUPLICATE, (("", message),), more)
    return None


def _own(arguments: Mapping[str, Json]) -> dict[str, str]:
    """The values of a scenario's own fields, comparable."""
    return {
        name: squashed(" ".join(texts_of(value)))
        for name, value in arguments.items()
        if name not in STANDARD_FIELDS and value not in (None, "")
    }


def _holds_new(arguments: Mapping[str, Json], call: CompletedToolCall) -> bool:
    """Whether a field of the scenario's own has another value, or the query another number."""
    before = _own(call.arguments)
    if any(before.get(name, value) != value for name, value in _own(arguments).items()):
        return True
    # The customer's own numbers are no content: the same wish with an account number is the same wish.
    identity = [str(arguments.get(name) or "") for name in ("account_id", "phone")]
    known = Grounds((*texts_of(call.arguments), *identity), ())
    return not all(known.number(each) for each in numbers_in(str(arguments.get("query", ""))))


def _asked_again(at: int, subject: Subject, arguments: Mapping[str, Json], conversation: Conversation) -> bool:
    """Whether the customer asked for something of the scenario after the filing, or said both in this turn's message.

    ``at``: the filing's place in the history.
    """
    last = conversation.exchanges[-1]
    if last.at < at:  # filed in this turn
        return Grounds((last.text,), ()).most_words(str(arguments.get("query", "")))
    return any(each.at > at and subject.intents & each.reading.wanted for each in conversation.exchanges)


def _is_another(at: int, conversation: Conversation) -> bool:
    """Whether the customer has spoken of another matter since the filing: "another bill is wrong too"."""
    return any(each.at > at and each.reading.another for each in conversation.exchanges)


def _same_words(arguments: Mapping[str, Json], call: CompletedToolCall) -> bool:
    texts = (str(arguments.get("query", "")), str(call.arguments.get("query", "")))
    one, other = ({word for word in tokens(text) if len(word) >= _TELLING} for text in texts)
    shorter = min(len(one), len(other))
    return shorter == 0 or len(one & other) / shorter >= _SAME_WORDS


def _reference(call: CompletedToolCall) -> str | None:
    record = call.result.get("record")
    found = record.get("reference") if isinstance(record, Mapping) else call.result.get("reference")
    return found if isinstance(found, str) else None
