"""JSON objects as Postgres keeps them: what is answered is its text, letter by letter, whoever reads it."""

from __future__ import annotations

import json

import orjson

from db.json_value import Json


class StoredObject(dict[str, object]):
    """A JSON object that was read from a ``jsonb`` column, and its text as Postgres writes it."""

    __slots__ = ("text",)

    def __init__(self, content: dict[str, object], text: str) -> None:
        super().__init__(content)
        self.text = text

    @property
    def fragment(self) -> orjson.Fragment:
        """For orjson: the text as it is."""
        return orjson.Fragment(self.text)


def read_json(text: str) -> Json:
    """Reads what a ``jsonb`` column holds."""
    content = json.loads(text)
    return StoredObject(content, text) if isinstance(content, dict) else content
