"""JSON schemas without ``$ref``, for language models, many of which do not resolve references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MAX_DEPTH = 20


def without_references(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Inlines each ``$ref`` to the schema's own ``$defs``; other references are dropped.

    Recursive definitions are cut off at a depth of 20.
    """
    definitions = schema.get("$defs", {})

    def resolve(node: Any, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            return {}
        if isinstance(node, list):
            return [resolve(each, depth + 1) for each in node]
        if not isinstance(node, dict):
            return node
        named = definitions.get(str(node.get("$ref", "")).removeprefix("#/$defs/"), {})
        merged = {**named, **node}
        return {key: resolve(value, depth + 1) for key, value in merged.items() if key not in ("$ref", "$defs")}

    resolved: dict[str, Any] = resolve(dict(schema), 0)
    return resolved
