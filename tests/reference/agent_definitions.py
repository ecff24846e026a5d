"""The format of agent definitions as Markdown: its keys from the model's JSON Schema, and how a dialogue follows it.

Descriptions of keys stand at ``db.agents.definition``; formats and replies are compared with the code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from db.agents.definition import AgentDefinition, FieldFormat
from db.agents.reply_keys import REPLY_GROUPS, REPLY_KEYS
from inference.engines.scripted.wording.defaults import default_replies
from tests.reference.agent_behaviour import FORMATS, behaviour

#: Where each part of a definition stands, in the order of the page.
_LEVELS: Mapping[str, str] = {
    "AgentDefinition": "Top level",
    "IntentDefinition": "`intents`",
    "ScenarioDefinition": "`scenarios`",
    "FieldDefinition": "`scenarios.fields`, by name",
    "ScenarioReplies": "`scenarios.replies`",
    "Handover": "`handover`",
    "KnowledgeSource": "`knowledge`",
    "ToolServer": "`tools`",
    "EnginePreferences": "`engines`",
}

_HEAD = """# Agent definitions

Every key of an agent's file, and what a dialogue makes of it. To begin, [make your own
agent](../how-to/make-your-own-agent.md). Editors show the same from `voxloom agents schema`.

**Texts** are by language: `{en: "Which day?", de: ["Welcher Tag?", "An welchem Tag?"]}`; of a list the lines are used
in turn. A **name** is small letters, digits and underscores. Anchors (`&`, `*`) and tags of YAML are refused.
"""

_REPLIES = """## Keys of `replies`

Each may be replaced, by language. These are English, the first of each. Keys with a point are by field or status:
`ask.phone`, `status.DONE`.

| key | text |
|---|---|
"""


def agent_definitions_page() -> str:
    """The page."""
    assert set(FORMATS) == set(get_args(FieldFormat)), "formats without a description"
    schema = AgentDefinition.model_json_schema(by_alias=True)
    parts = [_HEAD, *_levels(schema), behaviour(), _REPLIES + _replies()]
    return "\n".join(parts)


def _levels(schema: dict[str, Any]) -> Iterator[str]:
    known = {"AgentDefinition": schema, **schema["$defs"]}
    assert set(known) == set(_LEVELS), "parts of a definition without a place on the page"
    for name, title in _LEVELS.items():
        part = known[name]
        rows = [_row(key, each, key in part.get("required", ())) for key, each in part["properties"].items()]
        words = " ".join(part["description"].split())
        yield f"## {title}\n\n{words}\n\n| key | value | meaning |\n|---|---|---|\n" + "".join(rows)


def _row(key: str, schema: Mapping[str, Any], required: bool) -> str:
    assert schema.get("description"), f"{key} has no description"
    words = schema["description"].replace("|", "\\|")
    return f"| `{key}`{', required' if required else ''} | {_kind(schema)} | {words} |\n"


def _kind(schema: Mapping[str, Any]) -> str:
    """The kind of value, in words."""
    if "anyOf" in schema:
        return _kind(next(each for each in schema["anyOf"] if each.get("type") != "null"))
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if "$ref" in schema:
        return "keys"
    if schema["type"] == "array":
        return "list" if "$ref" in schema["items"] else "list of names"
    if schema["type"] == "object":
        return _kind_of_mapping(schema)
    return {"string": "text", "boolean": "`true` or `false`", "integer": "number"}[schema["type"]]


def _kind_of_mapping(schema: Mapping[str, Any]) -> str:
    by_key: dict[str, Any] = schema.get("patternProperties", {"": schema.get("additionalProperties")})
    pattern, inner = next(iter(by_key.items()))
    if pattern == "^[a-z]{2}$":
        return "texts" if "anyOf" in inner else "text by language"
    if inner is True:
        return "JSON Schema"
    return "fields by name" if "$ref" in inner else "texts by key"


def _replies() -> str:
    texts = default_replies("en")
    keys = sorted(key for key in texts if key in REPLY_KEYS or key.partition(".")[0] in REPLY_GROUPS)
    return "".join(f"| `{key}` | {texts[key][0]} |\n" for key in keys)
