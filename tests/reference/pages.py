"""Every generated page of docs/, by its path there."""

from __future__ import annotations

from pathlib import Path

from tests.reference.agent_definitions import agent_definitions_page
from tests.reference.decisions import decisions_index
from tests.reference.errors import errors_page
from tests.reference.graphql import graphql_pages
from tests.reference.realtime import realtime_page
from tests.reference.settings import settings_page

_MARK = "<!-- Written by `make reference`. Do not edit. -->"

DOCS = Path(__file__).parents[2] / "docs"


def generated_pages() -> dict[str, str]:
    pages = {
        "decisions/index.md": decisions_index(),
        "reference/agent-definitions.md": agent_definitions_page(),
        "reference/errors.md": errors_page(),
        "reference/realtime.md": realtime_page(),
        "reference/settings.md": settings_page(),
    }
    pages |= {f"reference/{path}": text for path, text in graphql_pages().items()}
    return {path: _marked(text) for path, text in pages.items()}


def _marked(page: str) -> str:
    """The page with the mark behind its title: MkDocs takes the title from the first line."""
    title, _, rest = page.partition("\n")
    return f"{title}\n\n{_MARK}\n{rest}"
