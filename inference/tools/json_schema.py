"""JSON schemas without ``$ref``, for language models, many of which do not resolve references.

Specification: JSON Schema 2020-12, sections 8.2.3 (``$ref``) and 8.2.4 (``$defs``); RFC 6901 (JSON Pointer).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from db.json_value import Json

#: Schemas within each other; deeper ones are left open. No argument needs more.
_MAX_DEPTH = 20

#: Keywords of all schemas that come out together: definitions that use each other twice double with each level.
_MAX_KEYWORDS = 20_000

#: Keywords whose value is data, in which nothing is a reference.
_DATA = frozenset({"const", "enum", "default", "examples"})

#: Keywords whose value maps names, which may be any, to schemas.
_NAMED_SCHEMAS = frozenset({"properties", "patternProperties", "dependentSchemas"})

_DEFINITIONS = frozenset({"$defs", "definitions"})


def without_references(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Inlines each ``$ref`` into the schema itself; references to elsewhere, and to what is not there, are dropped.

    Keywords beside a ``$ref`` win over those of its target. Recursive definitions end in open schemas (``{}``) at a
    depth of 20, and so does what would come to more than 20,000 keywords.
    """
    return _Inliner(schema).schema(schema, 0)


class _Inliner:
    def __init__(self, root: Mapping[str, Json]) -> None:
        self._root = root
        self._left = _MAX_KEYWORDS

    def schema(self, node: Mapping[str, Json], depth: int) -> dict[str, Json]:
        self._left -= len(node)
        if depth > _MAX_DEPTH or self._left < 0:
            return {}
        if isinstance(node.get("$ref"), str):
            beside = {key: value for key, value in node.items() if key != "$ref"}
            return self.schema({**self._target(node["$ref"]), **beside}, depth + 1)
        return {key: self._value(key, value, depth + 1) for key, value in node.items() if key not in _DEFINITIONS}

    def _value(self, key: str, value: Json, depth: int) -> Json:
        if key in _DATA:
            return value
        if key in _NAMED_SCHEMAS and isinstance(value, Mapping):
            return {name: self._value("", each, depth) for name, each in value.items()}
        if isinstance(value, list):
            return [self._value("", each, depth) for each in value]
        return self.schema(value, depth) if isinstance(value, Mapping) else value

    def _target(self, reference: str) -> Mapping[str, Json]:
        """What a JSON pointer into the schema (``#/$defs/Name``) leads to; nothing if that is no schema."""
        start, *path = reference.split("/")
        found: Json = self._root if start == "#" else None
        for part in path:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}
