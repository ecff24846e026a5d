"""Writes the generated pages of docs/ anew: python -m tests.reference."""

from __future__ import annotations

from tests.reference.pages import DOCS, generated_pages

for path, text in generated_pages().items():
    file = DOCS / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
