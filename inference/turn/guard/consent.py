"""Consent: nothing is filed against the customer's word, and what needs a yes is filed only after one."""

from __future__ import annotations

from collections.abc import Mapping

from db.json_value import Json
from inference.turn.guard.conversation import Conversation, Exchange, asks, texts_of
from inference.turn.guard.grounds import Grounds
from inference.turn.guard.reading import Answer
from inference.turn.guard.refusal import Refusal, Rule
from inference.turn.guard.subject import Subject

#: How many of the assistant's last messages may lie between the question and the yes, if they ask nothing else.
_MAX_BETWEEN = 2

_ASK = "Ask the customer whether this shall be done, and call the tool only after a clear yes to that question."


def denied(subject: Subject, conversation: Conversation) -> Refusal | None:
    """Refuses what the customer said that they do not want, or no longer need, and did not take back.

    Of a scenario of several intents, one may be wanted in the message that denies another.
    """
    for exchange in reversed(conversation.exchanges):
        reading = exchange.reading
        if subject.arguments.get("intent") in reading.wanted - reading.denied:
            return None
        if subject.intents & reading.denied or (
            reading.answer is Answer.NO and subject.is_asked_in(exchange.before, conversation)
        ):
            message = "The customer said that they do not want this. Do it only if they ask for it again."
            return Refusal(Rule.DENIED, (("", message),))
        if subject.intents & reading.wanted or (
            reading.answer in {Answer.YES, Answer.CONDITION} and subject.is_asked_in(exchange.before, conversation)
        ):
            return None
    return None


def unconfirmed(subject: Subject, arguments: Mapping[str, Json], conversation: Conversation) -> Refusal | None:
    """Refuses a call that needs a yes, unless the customer's last message is a clear yes to the question for it.

    A yes under a condition counts if the condition is in the arguments.
    """
    if not conversation.exchanges:
        return Refusal(Rule.NOT_CONFIRMED, (("", _ASK),))
    last = conversation.exchanges[-1]
    if last.reading.answer is Answer.CONDITION:
        if not _holds_condition(arguments, last, conversation.language):
            message = "The customer agreed under a condition: put it into the arguments, in their words, or ask."
            return Refusal(Rule.NOT_CONFIRMED, (("", message),))
    elif last.reading.answer is not Answer.YES:
        return Refusal(Rule.NOT_CONFIRMED, (("", _ASK),))
    if not _was_asked(subject, conversation):
        return Refusal(Rule.NOT_CONFIRMED, (("", _ASK),))
    return None


def _was_asked(subject: Subject, conversation: Conversation) -> bool:
    """Whether the assistant's last question was whether this shall be done, and no answer ended it before."""
    for between, exchange in enumerate(reversed(conversation.exchanges)):
        if between > _MAX_BETWEEN or (between and exchange.reading.answer in {Answer.NO, Answer.YES}):
            return False
        if subject.is_asked_in(exchange.before, conversation):
            return True
        if exchange.before is None or asks(exchange.before):
            return False
    return False


def _holds_condition(arguments: Mapping[str, Json], exchange: Exchange, language: str) -> bool:
    """Whether the arguments hold the condition's numbers and most of its words."""
    condition = exchange.reading.condition
    return condition is not None and Grounds(texts_of(arguments), (language,)).most_words(condition)
