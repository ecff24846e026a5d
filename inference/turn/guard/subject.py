"""The subject of a tool call: the scenario that it files, or the external tool that it uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from db.agents.definition import AgentDefinition, FieldDefinition, ScenarioDefinition
from db.agents.tool_names import SEPARATOR, UPDATE_CRM_RECORD
from db.json_value import Json
from inference.ports import ToolRequest, ToolSpec
from inference.turn.guard.conversation import Conversation, asks, texts_of
from inference.turn.guard.grounds import Grounds
from inference.turn.guard.refusal import Rule
from inference.turn.guard.words import squashed, tokens

#: Letters of a word that tells a title or a tool's name apart from other words; characters of a template's part.
_TELLING = 4
_LONG_PART = 12
#: Letters of all parts of a short question together.
_SHORT_PARTS = 6

_PLACEHOLDER = re.compile(r"\{\w*\}")


@dataclass(frozen=True, slots=True)
class Subject:
    """``scenario``: that is filed, None for another tool. ``intents``: those of the agent that the call is made for.
    ``needs_yes``: only after a yes of the customer. ``fields``: the definitions of the arguments, as far as there are.
    """

    tool: str
    scenario: ScenarioDefinition | None
    intents: frozenset[str]
    needs_yes: bool
    fields: Mapping[str, FieldDefinition] = field(default_factory=dict)
    arguments: Mapping[str, Json] = field(default_factory=dict)

    @property
    def files(self) -> bool:
        """Whether the tool files something: a scenario's record, or what its external tool stands for."""
        return self.scenario is not None

    @property
    def writes(self) -> bool:
        """Whether the arguments go on record, all of them."""
        return self.files or self.tool == UPDATE_CRM_RECORD

    def is_asked_in(self, reply: str | None, conversation: Conversation) -> bool:
        """Whether the assistant's words ask something about this."""
        if reply is None or not asks(reply):
            return False
        if self.scenario is None:
            return self._is_named_in(reply) or self._was_refused_before(reply, conversation)
        return (
            self.names(self.scenario, reply)
            or self._is_read_back(squashed(reply))
            or bool(self.intents & conversation.intents_named(reply))
        )

    @staticmethod
    def names(scenario: ScenarioDefinition, text: str) -> bool:
        """Whether a text holds most words of the scenario's title, in any language."""
        words = frozenset(tokens(text))
        return any(_holds_most(title, words) for lines in scenario.title.values() for title in lines)

    def _is_read_back(self, reply: str) -> bool:
        """Whether a reply, squashed, has the definition's own question for a yes: a longer part of it, or all parts in
        their order, as of "{day} at {hour}: okay?".
        """
        assert self.scenario is not None
        for line in (line for lines in self.scenario.replies.confirm.values() for line in lines):
            parts = _PLACEHOLDER.split(line)
            if any(squashed(each) in reply for each in parts if len(each.strip()) >= _LONG_PART):
                return True
            told = [part for each in parts if (part := squashed(each))]
            if sum(map(len, told)) >= _SHORT_PARTS and _in_order(told, reply):
                return True
        return False

    def _is_named_in(self, reply: str) -> bool:
        """Whether a value of the arguments is read back, or the tool's name is."""
        grounds = Grounds((reply,), ())
        name = self.tool.rpartition(SEPARATOR)[2]
        values = [each for each in texts_of(self.arguments) if len(squashed(each)) > 1]
        return any(grounds.code(each) for each in values) or _holds_most(name, frozenset(tokens(reply)))

    def _was_refused_before(self, reply: str, conversation: Conversation) -> bool:
        """Whether the model asked after the same call had been refused for want of a yes."""
        for at, call in conversation.calls:
            refused = call.name == self.tool and call.result.get("code") == Rule.NOT_CONFIRMED
            if refused and reply == next(iter(conversation.assistant_after(at)), None):
                return True
        return False


def subject_of(request: ToolRequest, spec: ToolSpec, agent: AgentDefinition) -> Subject:
    """What a call is about. A scenario with an external ``tool`` is that tool's subject."""
    scenario = agent.scenario(request.name) or next(
        (each for each in agent.scenarios if each.tool == request.name), None
    )
    intents = frozenset(agent.intents_of(scenario.name)) if scenario else frozenset[str]()
    if scenario is not None:
        fields = scenario.fields
    elif request.name == UPDATE_CRM_RECORD:  # of whichever record
        fields = {name: each for of in agent.scenarios for name, each in of.fields.items()}
    else:
        fields = {}
    return Subject(request.name, scenario, intents, spec.confirm, fields, request.arguments)


def _holds_most(title: str, words: frozenset[str]) -> bool:
    telling = [word for word in tokens(title) if len(word) >= _TELLING]
    return bool(telling) and sum(word in words for word in telling) * 2 >= len(telling)


def _in_order(parts: Iterable[str], text: str) -> bool:
    """Whether all parts stand in a text, one behind the other. The definition is a stranger's: no pattern is made of
    it, whose search could go on for ever.
    """
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True
