"""Evidence for what a reply says: results of tools, what was said before, and the agent's definition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from db.agents.definition import AgentDefinition
from db.agents.tool_names import FIND_CRM_RECORDS, SEARCH_KNOWLEDGE
from inference.ports import CompletedToolCall, UserMessage
from inference.turn.guard.conversation import Conversation, asks, succeeded, texts_of
from inference.turn.guard.grounds import Grounds
from inference.turn.guard.reading import DialogueReader, Withheld
from inference.turn.guard.refusal import Rule
from inference.turn.guard.subject import Subject
from inference.turn.guard.words import numbers_in, squashed

#: Codes of letters and digits, as references are. Bounded, as a model may write anything.
_CODE = re.compile(r"(?<!\w)(?=[\w-]{0,40}\d)(?=[\w-]{0,40}[^\W\d_])[\w-]{3,40}")
_LETTER_THEN_DIGIT = re.compile(r"[^\W\d_]-?\d")

#: Digits of a code below which it is a word: mp3, 4G.
_CODE_DIGITS = 3

#: Numbers up to this one count, or name an hour or an item, unless money or a share is spoken of: not checked.
_SMALL = 12
_MONEY = re.compile(r"[$€£₹¥%]|\b(?:USD|EUR|INR|GBP|CHF)\b")


class Evidence:
    """``conversation``: up to the round of the model in which the reply is written. ``language``: of the reply."""

    def __init__(self, conversation: Conversation, reader: DialogueReader) -> None:
        self._conversation = conversation
        self._reader = reader
        self.language = conversation.language

    def is_needed_for(self, text: str) -> bool:
        """Whether a part of a reply says something that must be supported."""
        written = self._reader.numbers(text, self.language)
        return any(char.isdigit() for char in written) or self._reader.claims(text, self.language)

    def why_withheld(self, text: str) -> Withheld | None:
        """Why a part of a reply may not be said; None if it may."""
        if not (self._holds_known_codes(text) and self._holds_known_numbers(text)):
            return Withheld.NUMBER
        if self._reader.claims(text, self.language) and not asks(text) and not self._is_done(text):
            return Withheld.CLAIM
        return None

    # --- numbers and references ---------------------------------------------------------------------------

    @cached_property
    def _grounds(self) -> Grounds:
        conversation = self._conversation
        said = [item.text for item in conversation.history if isinstance(item, UserMessage)]
        written = [self._reader.numbers(text, self.language) for text in said]
        results = [text for _, call in conversation.calls for text in texts_of(call.result)]
        texts = (*conversation.assistant_texts, *said, *written, *conversation.known.values(), *results)
        return Grounds((*definition_texts(conversation.agent), *texts), (self.language,))

    def _holds_known_codes(self, text: str) -> bool:
        return all(self._grounds.code(code) for code in _codes(text))

    def _holds_known_numbers(self, text: str) -> bool:
        small = not _MONEY.search(text)
        written = self._reader.numbers(text, self.language)
        numbers = [*numbers_in(text), *numbers_in(written)]
        return all((small and _is_small(each)) or self._grounds.number(each) for each in numbers)

    # --- claims -------------------------------------------------------------------------------------------

    def _is_done(self, text: str) -> bool:
        """Whether a tool's result supports that something was done: what the text names, if it names it."""
        done = [call for _, call in self._conversation.calls if _did_something(call)]
        this_turn = list(self._calls_of_turn())
        failed = bool(this_turn) and not any(_did_something(call) for call in this_turn)
        if failed and not any(self._names_reference(text, call) for call in done):
            return False
        named = [scenario for scenario in self._conversation.agent.scenarios if Subject.names(scenario, text)]
        if not named:
            return bool(done)
        tools = {name for scenario in named for name in (scenario.name, scenario.tool) if name}
        return any(call.name in tools or not self._files_a_scenario(call) for call in done)

    def _files_a_scenario(self, call: CompletedToolCall) -> bool:
        """Whether it files one scenario, so that it is no evidence for another."""
        return self._conversation.agent.scenario(call.name) is not None

    def _calls_of_turn(self) -> Iterator[CompletedToolCall]:
        last = max(
            (at for at, item in enumerate(self._conversation.history) if isinstance(item, UserMessage)), default=0
        )
        return (call for at, call in self._conversation.calls if at > last)

    def _names_reference(self, text: str, call: CompletedToolCall) -> bool:
        known = {squashed(code) for each in texts_of(call.result) for code in _codes(each)}
        return any(squashed(code) in known for code in _codes(text))


def definition_texts(agent: AgentDefinition) -> Iterator[str]:
    """What the agent's definition lets it say."""
    yield agent.instructions
    yield agent.description
    said = (agent.greeting, *(each.answer for each in agent.intents), *agent.replies.values())
    yield from (line for texts in said for lines in texts.values() for line in lines)
    for scenario in agent.scenarios:
        yield scenario.description
        yield from texts_of(scenario.replies.model_dump())
        yield from texts_of([each.model_dump(exclude={"phrases"}) for each in scenario.fields.values()])


def _codes(text: str) -> list[str]:
    found = _CODE.findall(text)
    return [
        code for code in found if sum(c.isdigit() for c in code) >= _CODE_DIGITS and _LETTER_THEN_DIGIT.search(code)
    ]


def _is_small(number: str) -> bool:
    digits = squashed(number)
    return digits.isdigit() and int(digits) <= _SMALL


def _did_something(call: CompletedToolCall) -> bool:
    """Whether a call did something, or found or met what was done before."""
    if call.result.get("code") == Rule.DUPLICATE:
        return True
    if call.name == FIND_CRM_RECORDS:
        return bool(call.result.get("records"))
    return succeeded(call) and call.name != SEARCH_KNOWLEDGE
