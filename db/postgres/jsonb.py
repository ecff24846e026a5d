"""Parsed ``jsonb`` objects that keep Postgres's text, so that the ORM and rendered SQL answer the same bytes."""

from __future__ import annotations

import json

import orjson

from db.json_value import Json


class JsonbObject(dict[str, object]):
    """A JSON object of a ``jsonb`` column. ``text``: Postgres's rendering."""

    __slots__ = ("text",)

    def __init__(self, content: dict[str, object], text: str) -> None:
        super().__init__(content)
        self.text = text

    @property
    def fragment(self) -> orjson.Fragment:
        """The text, for orjson to embed unchanged."""
        return orjson.Fragment(self.text)


def parse_jsonb(text: str) -> Json:
    """Parses a ``jsonb`` value; an object becomes a JsonbObject."""
    content = json.loads(text)
    return JsonbObject(content, text) if isinstance(content, dict) else content
