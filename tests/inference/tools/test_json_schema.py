"""Inlining of ``$ref`` in the JSON Schemas of tools."""

from __future__ import annotations

import json
from typing import Any

from inference.tools.json_schema import without_references


def test_references_are_written_out_and_recursion_ends() -> None:
    schema: dict[str, Any] = {
        "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
        "type": "object",
        "properties": {"first": {"$ref": "#/$defs/Node", "description": "kept"}},
    }
    flat = without_references(schema)
    assert "$ref" not in str(flat)
    assert "$defs" not in str(flat)
    assert flat["properties"]["first"]["description"] == "kept"
    assert flat["properties"]["first"]["properties"]["next"]["type"] == "object"


def test_a_reference_may_lead_to_a_reference_and_into_any_place_of_the_schema() -> None:
    schema: dict[str, Any] = {
        "definitions": {"A": {"$ref": "#/definitions/B"}, "B": {"type": "integer"}, "a/b ~c": {"type": "null"}},
        "properties": {
            "chain": {"$ref": "#/definitions/A"},
            "place": {"$ref": "#/properties/chain"},
            "escaped": {"$ref": "#/definitions/a~1b%20~0c"},
            "listed": {"anyOf": [{"$ref": "#/definitions/B"}, {"type": "string"}]},
        },
    }
    assert without_references(schema)["properties"] == {
        "chain": {"type": "integer"},
        "place": {"type": "integer"},
        "escaped": {"type": "null"},
        "listed": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    }


def test_properties_may_be_called_like_keywords_and_data_is_left_alone() -> None:
    properties = {
        "definitions": {"type": "string"},
        "$defs": {"type": "string"},
        "const": {"type": "string", "default": {"$ref": "#/$defs/x"}},
        "$ref": {"enum": [{"$ref": "y"}]},
    }
    assert without_references({"type": "object", "properties": properties})["properties"] == properties


def test_references_to_elsewhere_are_dropped() -> None:
    for told in ("https://example.org/schema.json", "#/$defs/nope", "#/type/x", "other#/$defs/A", "", "#anchor"):
        schema = {"$defs": {"A": {"type": "integer"}}, "type": "object", "properties": {"a": {"$ref": told}}}
        assert without_references(schema)["properties"]["a"] == {}, told


def test_definitions_that_double_with_each_level_are_cut_off() -> None:
    definitions: dict[str, Any] = {
        f"D{n}": {"properties": {side: {"$ref": f"#/$defs/D{n + 1}"} for side in ("left", "right")}} for n in range(60)
    }
    flat = without_references({"$defs": definitions, "$ref": "#/$defs/D0"})
    assert len(json.dumps(flat)) < 2_000_000
    assert flat["properties"]["left"]["properties"]["right"]["properties"]["left"]
