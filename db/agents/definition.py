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
    """A field of a scenario's record, which is asked for, understood and read back."""

    json_schema: dict[str, Json] = Field(
        default_factory=lambda: {"type": "string"},
        alias="schema",
        description="JSON Schema of the value. `format`: how it is read out of what is said; `enum`: one of a list;"
        " `type: integer` or `number`: a number. Without any of these an answer is taken in the customer's words.",
    )
    description: str = Field("", max_length=500, description="What it holds, for engines that take a prompt.")
    ask: Texts = Field({}, description="The question for it.")
    read_back: Texts = Field({}, description="How it is told, with `{value}`; the value alone without one.")
    names: Texts = Field(
        {}, description="What customers call it. The first is what VoxLoom calls it: give its article."
    )
    phrases: Texts = Field(
        {}, description="Sentences in which `{}` stands for the value: `because {}`, `the {} plan`, `for {} people`."
    )
    values: dict[str, Texts] = Field(
        {}, description="Of an `enum`: what customers say for each value. The first is how it is read back."
    )
    required: bool = Field(False, description="Nothing is filed without it. It is asked for if `ask_for` has it not.")

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
    """Replies about a scenario; absent: the language's defaults, with the scenario's `title`. Placeholders are names of
    fields, `{details}` (all that is known), and of the tool's result in `filed` and `updated`, as `{reference}`.
    """

    lead: Texts = Field({}, description="Said when it is taken up, before the first question.")
    confirm: Texts = Field({}, description="Reads it back and asks for a yes, where `confirm` is true.")
    filed: Texts = Field({}, description="Said once it is filed.")
    updated: Texts = Field({}, description="Said once a filed record was changed.")
    ask_one_of: Texts = Field({}, description="Asks for one of the fields of `one_of`.")


class ScenarioDefinition(_Part):
    """What may be filed."""

    name: Identifier = Field(description="Its name, on records and as a tool of engines that take a prompt.")
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] = Field(
        description="What it is for, for engines that take a prompt."
    )
    title: Texts = Field({}, description="How it is called in replies, with its article: `the billing question`.")
    fields: dict[Identifier, FieldDefinition] = Field(
        {}, description="Its own fields, beside the standard ones: name, phone, account_id, query, intent, priority."
    )
    ask_for: list[Identifier] = Field(
        [], description="Own fields and name, phone, account_id that are asked for before filing, in this order."
    )
    require: Literal["any", "all"] = Field(
        "all", description="`any`: one of the name, phone and account_id in `ask_for` is enough."
    )
    one_of: list[Identifier] = Field([], description="Fields of which at least one is needed; asked for first.")
    confirm: bool = Field(False, description="Whether it is read back and filed only after a yes.")
    tool: str | None = Field(
        None, description="An external tool, `server__tool`, that is called with the fields; no record is filed."
    )
    replies: ScenarioReplies = Field(ScenarioReplies(), description="What is said about it.")

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
    """Something that a customer may want."""

    name: Identifier = Field(description="Its name, on records.")
    scenario: Identifier | None = Field(None, description="What is filed for it.")
    examples: Texts = Field(
        description="What customers say, five or more; `NAME` and `NUMBER` may stand for names and numbers."
    )
    answer: Texts = Field({}, description="What is said, if it has no scenario.")
    remark: bool = Field(
        False, description="Said beside a request it is taken for the reason of that, unless it is asked for by name."
    )


class KnowledgeSource(_Part):
    """A text that questions are answered from."""

    source: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="The file's name, beside the definition."
    )
    text: str | None = Field(
        None, max_length=1_000_000, description="Its contents, Markdown or plain text; read when a file is published."
    )


class ToolServer(_Part):
    """An MCP server known to the process."""

    server: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(description="Its name.")
    allow: list[str] | None = Field(None, description="Names of tools that may be used; all without it.")
    confirm: list[str] = Field(
        [], description='Tools that need a yes first; "*": all that are not declared read-only or idempotent.'
    )


class EnginePreferences(_Part):
    """Engines by stage, in order of preference; absent: the process's settings."""

    asr: list[str] | None = Field(None, description="Speech recognition.")
    llm: list[str] | None = Field(None, description="The dialogue.")
    tts: list[str] | None = Field(None, description="Speech synthesis.")


class Handover(_Part):
    """How a person is reached."""

    scenario: Identifier = Field(description="What is filed to reach a person.")
    after_misunderstandings: int = Field(2, ge=1, le=10, description="In a row, then a person is offered.")


class AgentDefinition(_Part):
    """An agent: who it is, what customers may want of it, what it files and says."""

    name: Identifier = Field(description="What `createSession(persona:)` names.")
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] = Field(
        description="What it does, for people who choose."
    )
    languages: list[Language] = Field(min_length=1, max_length=20, description="That it speaks, ISO 639-1.")
    instructions: LongText = Field(description="The prompt, for engines that take one.")
    greeting: Texts = Field({}, description="Said first in a call.")
    voices: dict[Language, str] = Field({}, description="Voices by language; the engine's default without one.")
    engines: EnginePreferences = Field(EnginePreferences(), description="Engines by stage.")
    intents: list[IntentDefinition] = Field([], description="What customers may want.")
    scenarios: list[ScenarioDefinition] = Field([], description="What may be filed.")
    replies: dict[str, Texts] = Field({}, description="Texts that replace VoxLoom's own, by their key.")
    knowledge: list[KnowledgeSource] = Field([], description="Texts that questions are answered from.")
    tools: list[ToolServer] = Field([], description="MCP servers whose tools it may use.")
    handover: Handover | None = Field(None, description="How a person is reached.")
    tests: list[str] = Field([], description="Its eval files, for people.")

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
