"""A conversation as the guard reads it: what each side said, what tools answered, what was filed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from db.agents.definition import AgentDefinition
from db.json_value import Json
from inference.ports import AssistantMessage, CompletedToolCall, HistoryItem, UserMessage
from inference.turn.guard.reading import DialogueReader, Reading

#: The newest messages of the customer that are read by the reader; older ones only ground values, as they stand.
_MAX_READ = 20


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message of the customer, and what the assistant said before it. ``at``: its place in the history."""

    at: int
    text: str
    before: str | None
    reading: Reading


class Conversation:
    """``history``: oldest first, with this turn's message and tool calls. ``language``: of the reply, ISO 639-1.

    ``known``: facts of the customer from the session.
    """

    def __init__(
        self,
        history: tuple[HistoryItem, ...],
        *,
        agent: AgentDefinition,
        language: str,
        known: Mapping[str, str],
        reader: DialogueReader,
    ) -> None:
        self.history = history
        self.agent = agent
        self.language = language
        self.known = known
        self._reader = reader

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The customer's messages, oldest first; the newest ones read. Runs the reader."""
        found: list[tuple[int, str, str | None]] = []
        before: str | None = None
        for at, item in enumerate(self.history):
            if isinstance(item, AssistantMessage):
                before = item.text
            elif isinstance(item, UserMessage):
                found.append((at, item.text, before))
        unread = len(found) - _MAX_READ
        return tuple(
            Exchange(at, text, before, Reading() if number < unread else self._read(text, before))
            for number, (at, text, before) in enumerate(found)
        )

    def _read(self, text: str, before: str | None) -> Reading:
        return self._reader.read(text, self.language, self.agent, question=before)

    def intents_named(self, reply: str) -> frozenset[str]:
        """The agent's intents that the assistant's words speak about. Runs the reader."""
        return self._reader.read(reply, self.language, self.agent).named

    @property
    def customer_texts(self) -> Iterator[str]:
        """All that the customer said, as it stands and as it was read."""
        for exchange in self.exchanges:
            yield exchange.text
            yield exchange.reading.written
            yield from (each for each in exchange.reading.values if each not in exchange.reading.retracted)

    @property
    def tool_texts(self) -> Iterator[str]:
        """What successful tools answered."""
        for _, call in self.calls:
            if succeeded(call):
                yield from texts_of(call.result)

    @property
    def assistant_texts(self) -> Iterator[str]:
        """What the assistant said."""
        return (item.text for item in self.history if isinstance(item, AssistantMessage))

    def assistant_after(self, at: int) -> Iterator[str]:
        """What the assistant said after a place in the history."""
        return (item.text for item in self.history[at:] if isinstance(item, AssistantMessage))

    @property
    def calls(self) -> Iterator[tuple[int, CompletedToolCall]]:
        """The finished tool calls, with their places in the history."""
        return ((at, item) for at, item in enumerate(self.history) if isinstance(item, CompletedToolCall))


def succeeded(call: CompletedToolCall) -> bool:
    return call.result.get("ok") is True


def texts_of(value: Json) -> Iterator[str]:
    """The strings and numbers of a JSON value, as text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts_of(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts_of(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield json.dumps(value)


def asks(reply: str) -> bool:
    """Whether the assistant's words hold a question."""
    return any(sign in reply for sign in "?？؟")
