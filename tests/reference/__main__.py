"""Writes the generated pages of docs/ and the JSON Schema of agent definitions anew: python -m tests.reference."""

from __future__ import annotations

from pathlib import Path

from db.agents import definition
from tests.reference.pages import DOCS, generated_pages

for path, text in generated_pages().items():
    file = DOCS / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

schema = Path(definition.__file__).with_name("definition.schema.json")
schema.write_text(definition.AgentDefinition.printed_schema(), encoding="utf-8")
