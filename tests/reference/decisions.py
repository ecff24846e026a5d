"""The index of the decisions, from the names and titles of their pages."""

from __future__ import annotations

import re
from pathlib import Path

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"

_HEAD = """# Decisions

What was decided while building, where the design left it open or was changed: a page each, with its context,
the choice, and what was rejected. A page says what was true on its date; a later page may replace it. A new page is
named `YYYY-MM-DD-slug.md`; `make reference` writes this index.

| date | decision |
|---|---|
"""
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-[a-z0-9-]+\.md")
_DATE = re.compile(r"\s*\(\d{4}-\d{2}-\d{2}\)$")


def decision_pages() -> list[Path]:
    """The pages, newest first."""
    return sorted((each for each in DECISIONS.glob("*.md") if each.name != "index.md"), reverse=True)


def decisions_index() -> str:
    """The page."""
    return _HEAD + "".join(_row(each) for each in decision_pages())


def _row(page: Path) -> str:
    named = _NAME.fullmatch(page.name)
    assert named, f"{page.name} is not named YYYY-MM-DD-slug.md"
    title = page.read_text().partition("\n")[0].removeprefix("# ")
    return f"| {named[1]} | [{_DATE.sub('', title)}]({page.name}) |\n"
