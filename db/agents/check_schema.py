"""Checks of the JSON Schema of a record's field: keywords, formats, patterns, no references."""

from __future__ import annotations

from collections.abc import Iterator

from jsonschema import Draft202012Validator

from db.agents.formats import FORMAT_CHECKS
from db.agents.patterns import check_pattern
from db.agents.problems import Loc
from db.json_value import Json

#: Schemas within each other.
_MAX_DEPTH = 6

#: Keywords that a field's schema may have. JSON Schema ignores unknown ones, and so a misspelt limit.
_KEYWORDS = frozenset({
    "type", "format", "enum", "const", "title", "description", "default", "examples", "minLength", "maxLength",
    "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "items", "minItems",
    "maxItems", "properties", "required", "additionalProperties", "anyOf", "oneOf", "allOf",
})  # fmt: skip

_LISTS = ("anyOf", "oneOf", "allOf")


def check_schema(schema: Json) -> Iterator[tuple[Loc, str]]:
    """What is wrong with the schema of a field: the way to it within the schema, and the message."""
    found = list(_keywords(schema, (), 0))
    yield from found
    if found:  # the validator of schemas would say the same less well
        return
    errors = Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
    for error in errors:
        loc = tuple(error.absolute_path)
        yield loc, f"This is no JSON Schema: {loc[-1] if loc else 'it'} has a value that it cannot have."


def count_patterns(schema: Json) -> int:
    """How many patterns a schema may have; each is compiled."""
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    own = isinstance(schema, dict) and isinstance(schema.get("pattern"), str)
    return own + sum(map(count_patterns, parts))


def _keywords(schema: Json, loc: Loc, depth: int) -> Iterator[tuple[Loc, str]]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield loc, "A schema must be a mapping of keywords to values."
        return
    if depth > _MAX_DEPTH:
        yield loc, f"The schema is nested deeper than {_MAX_DEPTH} levels."
        return
    for keyword in schema:
        if keyword.startswith("$"):
            yield (*loc, keyword), f"{keyword[:64]} is not allowed: schemas of fields have no references."
        elif keyword not in _KEYWORDS:
            yield (*loc, keyword), f"{keyword[:64]!r} is no keyword that the schema of a field may have."
    yield from _format(schema, loc)
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        try:
            check_pattern(pattern)
        except ValueError as error:
            yield (*loc, "pattern"), f"This pattern cannot be used: {error}."
    if schema.get("enum") == []:
        yield (*loc, "enum"), "An enum lists at least one value."
    yield from _inner(schema, loc, depth)


def _format(schema: dict[str, Json], loc: Loc) -> Iterator[tuple[Loc, str]]:
    if "format" not in schema:
        return
    named = schema["format"]
    if not isinstance(named, str) or named not in FORMAT_CHECKS:
        yield (*loc, "format"), f"There is no such format: use one of {', '.join(FORMAT_CHECKS)}, or leave it out."
    elif schema.get("type") != "string":
        yield (*loc, "format"), "A format is of texts: the schema needs `type: string`."


def _inner(schema: dict[str, Json], loc: Loc, depth: int) -> Iterator[tuple[Loc, str]]:
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            yield from _keywords(schema[keyword], (*loc, keyword), depth + 1)
    for keyword in _LISTS:
        each = schema.get(keyword)
        for number, inner in enumerate(each if isinstance(each, list) else []):
            yield from _keywords(inner, (*loc, keyword, number), depth + 1)
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        yield from _keywords(inner, (*loc, "properties", name), depth + 1)
