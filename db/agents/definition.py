"""An agent definition: who the assistant is, what it may file, how it asks and answers. YAML in files, JSON in the API.

All texts are by language (ISO 639-1). A published definition never changes: see ``db.models.agents``. It is stored
without its defaults, so a default must not change either.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from db.agents.identifier import Identifier
from db.json_value import Json

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


#: One text, or several that are used in turn.
Lines = Annotated[
    list[Line],
    BeforeValidator(_listed, json_schema_input_type=Line | list[Line]),
    Field(min_length=1, max_length=500),
]
#: Texts by language.
Texts = dict[Language, Lines]

#: Formats of string fields that are read out of speech and text. ``condition``: when, or under which condition, what is
#: filed shall be done, in the customer's words: "only at the end of the month".
FieldFormat = Literal[
    "phone", "email", "money", "date", "time", "account_id", "person_name", "postal_address", "number", "condition"
]

#: The fields of every record, beside those of its scenario.
STANDARD_FIELDS = ("name", "phone", "account_id", "query", "intent", "priority")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldDefinition(_Part):
    """A field of a scenario's record.

    ``json_schema`` (key ``schema``): JSON Schema of the value; ``format`` may be one of FieldFormat, ``enum`` lists
    values. Without either, an answer is taken verbatim. ``ask``: the question for it. ``read_back``: how it is named
    with its value, ``{value}``. ``names``: what customers call it. ``phrases``: sentences in which ``{}`` stands for
    the value ("because {}", "the {} plan"). ``values``: of an enum, what customers say for each value. ``required``:
    no record is filed without it.
    """

    json_schema: dict[str, Json] = Field(default_factory=lambda: {"type": "string"}, alias="schema")
    description: str = Field("", max_length=500)
    ask: Texts = {}
    read_back: Texts = {}
    names: Texts = {}
    phrases: Texts = {}
    values: dict[str, Texts] = {}
    required: bool = False

    @property
    def format(self) -> str | None:
        """One of FieldFormat, "number" for numeric types too, "enum", or None for a text that is taken verbatim."""
        if "enum" in self.json_schema:
            return "enum"
        if self.json_schema.get("type") in ("integer", "number"):
            return "number"
        named = self.json_schema.get("format")
        return named if isinstance(named, str) else None

    @property
    def holds_name(self) -> bool:
        """Whether the value is a short name, since a phrase goes on behind it ("the {} plan")."""
        phrases = (text for texts in self.phrases.values() for text in texts)
        return self.format is None and any(not text.strip().endswith("{}") for text in phrases)


class ScenarioReplies(_Part):
    """Replies about a scenario; absent: the language's defaults, with the scenario's ``title``.

    ``lead``: said when it is taken up. ``confirm``: reads it back and asks for a yes. ``filed``, ``updated``: said
    after the tool's success, with ``{reference}``. ``ask_one_of``: asks for one of the
    fields of ``one_of``. Placeholders are names of fields, and of the tool's result in ``filed``.
    """

    lead: Texts = {}
    confirm: Texts = {}
    filed: Texts = {}
    updated: Texts = {}
    ask_one_of: Texts = {}


class ScenarioDefinition(_Part):
    """What may be filed. ``title``: how it is called in replies, with its article ("the billing question").

    ``ask_for``: fields to ask for before filing, in this order; of standard fields name, phone and account_id with
    ``require: any`` one is enough. ``one_of``: fields of which at least one is needed. ``confirm``: whether it is read
    back and filed only after a yes. ``tool``: an external tool (``server__tool``) that is called with the fields
    instead of filing a record; ``filed`` may name what its result holds.
    """

    name: Identifier
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    title: Texts = {}
    fields: dict[Identifier, FieldDefinition] = {}
    ask_for: list[Identifier] = []
    require: Literal["any", "all"] = "all"
    one_of: list[Identifier] = []
    confirm: bool = False
    tool: str | None = None
    replies: ScenarioReplies = ScenarioReplies()

    @property
    def files_records(self) -> bool:
        """Whether its tool files a CRM record; else it calls ``tool``."""
        return self.tool is None

    @property
    def condition_field(self) -> str | None:
        """The field for the condition of a request; without one it stands in the query."""
        return next((name for name, field in self.fields.items() if field.format == "condition"), None)

    def is_remark(self, name: str) -> bool:
        """Whether a field holds what customers add in words of their own, as a reason: a text that is not asked for."""
        field = self.fields[name]
        asked = field.required or name in self.ask_for or name in self.one_of
        return field.format in {None, "condition"} and not field.holds_name and not asked


class IntentDefinition(_Part):
    """Something that a customer may want. ``scenario``: what is filed for it. ``answer``: what is said, if nothing is.

    ``examples``: what customers say; ``NAME`` and ``NUMBER`` may stand for names and numbers. ``remark``: said beside
    a request it is taken for the reason of that, unless it is asked for by name.
    """

    name: Identifier
    scenario: Identifier | None = None
    examples: Texts
    answer: Texts = {}
    remark: bool = False


class KnowledgeSource(_Part):
    """A text that questions are answered from. ``source``: the file's name. ``text``: its contents, read when a file
    is published; Markdown or plain text.
    """

    source: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    text: str | None = Field(None, max_length=1_000_000)


class ToolServer(_Part):
    """An MCP server known to the process. ``allow``: names of tools that may be used; absent: all. ``confirm``: those
    that need a yes first; "*": all that the server does not declare read-only or idempotent.
    """

    server: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    allow: list[str] | None = None
    confirm: list[str] = []


class EnginePreferences(_Part):
    """Engines by stage, in order of preference; absent: the process's settings."""

    asr: list[str] | None = None
    llm: list[str] | None = None
    tts: list[str] | None = None


class Handover(_Part):
    """``scenario``: what is filed to reach a person. ``after_misunderstandings``: in a row, then it is offered."""

    scenario: Identifier
    after_misunderstandings: int = Field(2, ge=1, le=10)


class AgentDefinition(_Part):
    """An agent. ``replies``: texts that replace the defaults of the dialogue engine, by their key."""

    name: Identifier
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    languages: list[Language] = Field(min_length=1, max_length=20)
    instructions: LongText
    greeting: Texts = {}
    voices: dict[Language, str] = {}
    engines: EnginePreferences = EnginePreferences()
    intents: list[IntentDefinition] = []
    scenarios: list[ScenarioDefinition] = []
    replies: dict[str, Texts] = {}
    knowledge: list[KnowledgeSource] = []
    tools: list[ToolServer] = []
    handover: Handover | None = None
    tests: list[str] = []

    @property
    def scenario_names(self) -> tuple[str, ...]:
        """The names of its scenarios, in its order."""
        return tuple(each.name for each in self.scenarios)

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of ``to_json()``, in hexadecimal: equal definitions have equal checksums."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def printed_schema(cls) -> str:
        """The JSON Schema of a definition, for editors and clients: ``definition.schema.json``."""
        schema = cls.model_json_schema(by_alias=True)
        named = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "VoxLoom agent"}
        return json.dumps(named, indent=2, ensure_ascii=False) + "\n"

    def to_json(self) -> str:
        """The definition as JSON in the order of its model, without white space and without defaults."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)

    def scenario(self, name: str) -> ScenarioDefinition | None:
        """The scenario of this name."""
        return next((each for each in self.scenarios if each.name == name), None)

    def intent(self, name: str) -> IntentDefinition | None:
        """The intent of this name."""
        return next((each for each in self.intents if each.name == name), None)

    def intents_of(self, scenario: str) -> tuple[str, ...]:
        """The intents that are filed as this scenario: the values of a record's ``intent``."""
        return tuple(each.name for each in self.intents if each.scenario == scenario)
