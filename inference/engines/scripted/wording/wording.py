"""Words of a reply: the agent's own texts over the defaults of the language, in other words when said before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from db.agents.definition import AgentDefinition, FieldDefinition, ScenarioDefinition
from inference.engines.scripted.lexicon import LANGUAGES
from inference.engines.scripted.wording.defaults import default_replies
from inference.engines.scripted.wording.unsupported import notice

PLACEHOLDER = re.compile(r"\{(\w+)\}")
_SENTENCE = re.compile(r"\S.*?(?:[.!?।:](?=\s|$)|$)", re.DOTALL)
#: Replies of a scenario's own in its definition.
_OWN = ("lead", "confirm", "filed", "updated", "ask_one_of")
#: A reply that was said before is followed by the variants of this key.
AGAIN = "_again"


@dataclass(frozen=True, slots=True)
class Part:
    """One sentence or several of a reply. ``key``: of ``replies.toml``, of an agent's ``replies`` or of a scenario's.

    ``asked``: the field that ``key`` "ask" asks for. ``otherwise``: the default reply where the own one has
    placeholders without values.
    """

    key: str
    values: Mapping[str, str] = field(default_factory=dict)
    scenario: ScenarioDefinition | None = None
    asked: str | None = None
    otherwise: str | None = None

    @property
    def label(self) -> str:
        """The part's name in the details of a model call."""
        about = self.asked or (self.scenario.name if self.scenario else None)
        return f"{self.key}.{about}" if about else self.key


class Wording:
    """Words of an agent in one language."""

    def __init__(self, agent: AgentDefinition, language: str) -> None:
        self._agent = agent
        self.language = language
        self._defaults = default_replies(language)

    def variants(self, key: str, scenario: ScenarioDefinition | None = None, name: str | None = None) -> Sequence[str]:
        """The templates of a part: the scenario's or field's own, the agent's, or the language's."""
        own = self._own(key, scenario, name)
        if key == "ask":
            own = own or self._defaults.get(f"ask.{name}") or self._defaults["ask_field"]
        more = self._agent.replies.get(key, {}).get(self.language) or self._defaults.get(key, ())
        return tuple(own) or tuple(more)

    def _own(self, key: str, scenario: ScenarioDefinition | None, name: str | None) -> Sequence[str]:
        if key == "greeting":
            return self._agent.greeting.get(self.language, ())
        if key == "ask":
            definition = field_definition(scenario, name)
            return definition.ask.get(self.language, ()) if definition else ()
        if scenario is not None and key in _OWN:
            texts: Mapping[str, Sequence[str]] = getattr(scenario.replies, key)
            return texts.get(self.language, ())
        return ()

    def text(self, part: Part, said: Sequence[str], turn: int) -> str:
        """The words of a part; in other words than the assistant's last replies, ``said``, where there are some.

        ``turn``: rotates the variants.
        """
        if part.key == "unsupported":
            return notice(part.values["language"], [each for each in self._agent.languages if each in LANGUAGES])
        if part.key == "answer":
            return part.values["text"]
        values = {**self._common(part.scenario), **part.values}
        own = self._filled(self.variants(part.key, part.scenario, part.asked), values)
        # Explanations begin with the clearest variant.
        start = 0 if part.key.endswith(AGAIN) else (crc32(part.key.encode()) + turn) % max(1, len(own))
        again = "ask_field" + AGAIN if part.key == "ask" else part.key + AGAIN
        options = [*own[start:], *own[:start], *self._filled(self.variants(again, part.scenario), values)]
        if not options:  # the agent's own text names what is not known here
            options = self._filled(self._defaults.get(part.otherwise or part.key, ()), values)
        for recent in (said[-6:], said[-1:]):
            fresh = [text for text in options if not any(_repeats(text, earlier) for earlier in recent)]
            if fresh:
                return fresh[0]
        return options[0] if options else ""

    def _common(self, scenario: ScenarioDefinition | None) -> dict[str, str]:
        return {"title": self.title(scenario)} if scenario else {}

    def _filled(self, variants: Iterable[str], values: Mapping[str, str]) -> list[str]:
        """The variants whose placeholders all have values."""
        return [
            capitalized(PLACEHOLDER.sub(lambda match: values[match.group(1)], variant))
            for variant in variants
            if all(name in values for name in PLACEHOLDER.findall(variant))
        ]

    def title(self, scenario: ScenarioDefinition) -> str:
        """What a scenario is called."""
        titles = scenario.title.get(self.language)
        return titles[0] if titles else scenario.name.replace("_", " ")

    def asks_itself(self, name: str, scenario: ScenarioDefinition | None) -> bool:
        """Whether the definition has a question for a field in the language."""
        definition = field_definition(scenario, name)
        return definition is not None and self.language in definition.ask

    def is_named(self, name: str, scenario: ScenarioDefinition | None) -> bool:
        """Whether a field has a name in the language, beside its key."""
        definition = field_definition(scenario, name)
        return definition is None or self.language in definition.names

    def field_name(self, name: str, scenario: ScenarioDefinition | None = None) -> str:
        """What a field is called in a question: "your name"."""
        definition = field_definition(scenario, name)
        if definition is None and f"field.{name}" in self._defaults:
            return self._defaults[f"field.{name}"][0]
        names = definition.names.get(self.language) if definition else None
        return names[0] if names else name.replace("_", " ")

    def value(self, name: str, value: str, scenario: ScenarioDefinition | None = None) -> str:
        """A field with its value, as it is read back: "the address 1 High Street"."""
        if name == "priority":
            value = self._defaults.get(f"priority.{value}", (value,))[0]
        definition = field_definition(scenario, name)
        templates = definition.read_back.get(self.language) if definition else None
        template = (templates or self._defaults.get(f"value.{name}") or self._defaults["value.default"])[0]
        return PLACEHOLDER.sub(lambda _: self.spoken(name, value, scenario), template, count=1)

    def spoken(self, name: str, value: str, scenario: ScenarioDefinition | None) -> str:
        """A value as it is said: of an enum, what customers say for it in the language, else the value in words."""
        definition = field_definition(scenario, name)
        if definition is None or definition.format != "enum":
            return value
        said = definition.values.get(value, {}).get(self.language)
        return said[0] if said else value.replace("_", " ")

    def listed(self, items: Sequence[str]) -> str:
        """Alternatives: "a, b or c"."""
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self._defaults['or'][0]} {items[-1]}"

    def status(self, status: object) -> str | None:
        """What the status of a record is called."""
        found = self._defaults.get(f"status.{status}")
        return found[0] if found else None


def _repeats(text: str, earlier: str) -> bool:
    """Whether an earlier reply has the same text, or asks the same question word for word."""
    questions = [each.strip() for each in _SENTENCE.findall(text) if each.endswith("?")]
    return text in earlier or any(question in earlier for question in questions)


def field_definition(scenario: ScenarioDefinition | None, name: str | None) -> FieldDefinition | None:
    """A scenario's own field; None for a standard field."""
    return scenario.fields.get(name) if scenario is not None and name is not None else None


def capitalized(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]
