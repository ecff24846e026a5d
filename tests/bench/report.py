"""Output of the figures: a table between two markers of docs/explanation/measurements.md, and all of them as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from rich.console import Console

out = Console()

_ROOT = Path(__file__).parents[2]
_PAGE = _ROOT / "docs" / "explanation" / "measurements.md"

#: What was measured, in full, and what is made once for it.
FIGURES = _ROOT / ".voxloom" / "bench"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median, and the smallest and largest of several rounds."""
    if not values:
        return ""
    return f"{median(values):.{digits}f} [{min(values):.{digits}f}–{max(values):.{digits}f}]"


def versions(*packages: str) -> str:
    """What the others are, by their package.json."""
    pinned = orjson.loads((Path(__file__).parent / "servers" / "package.json").read_bytes())["dependencies"]
    return ", ".join(f"{name} {pinned[name]}" for name in packages)


def publish(name: str, text: str, figures: Any, *, keep: bool) -> None:
    """Shows the text, and keeps the figures. ``keep``: the page gets the text too, between its marks."""
    out.print(text, markup=False, soft_wrap=True)
    FIGURES.mkdir(parents=True, exist_ok=True)
    (FIGURES / f"{name}.json").write_bytes(
        orjson.dumps(figures, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_DATACLASS)
    )
    if keep:
        begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
        before, mark, rest = _PAGE.read_text().partition(begin)
        _, end_mark, after = rest.partition(end)
        if not (mark and end_mark):
            raise RuntimeError(f"{_PAGE} has no marks for {name}.")
        _PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")
