"""What type checking leaves out has its reason in words: `Any` in ``db/`` and ``graph/``, and every ``# type: ignore``.

- ``# Any: why no narrower type fits`` on a line of the statement, or in the comment right above it.
- ``# type: ignore[code]  # why`` on the line itself.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent

_REASON = re.compile(r"\bAny: \w+\W+\w+")
_IGNORE = re.compile(r"# type: ignore(?!\[[\w, -]+\]  # \w+\W+\w+)")


def comments_of(source: str) -> dict[int, str]:
    """The comments by their lines."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def without_reason(source: str) -> list[int]:
    """The lines that have an `Any` without a reason."""
    tree, comments, lines = ast.parse(source), comments_of(source), source.splitlines()
    return sorted({line for line, about in _uses(tree) if not _explained(about, comments, lines)})


def _uses(tree: ast.Module) -> Iterator[tuple[int, range]]:
    """Each `Any`: its line, and the lines of its statement, or of the head of its function or class."""

    def visit(node: ast.AST, about: range) -> Iterator[tuple[int, range]]:
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if isinstance(body, list) else node.end_lineno or node.lineno
            about = range(node.lineno, max(end, node.lineno) + 1)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "cast":
            kind = node.args[0]
            if isinstance(kind, ast.Constant) and re.search(r"\bAny\b", str(kind.value)):
                yield node.lineno, about
        if isinstance(node, ast.Name) and node.id == "Any":
            yield node.lineno, about
        for child in ast.iter_child_nodes(node):
            yield from visit(child, about)

    yield from visit(tree, range(0))


def _explained(about: range, comments: dict[int, str], lines: list[str]) -> bool:
    above = about.start - 1
    while above > 0 and lines[above - 1].lstrip().startswith("#"):
        above -= 1
    said = " ".join(comments.get(line, "").lstrip("#: ") for line in range(above, about.stop))
    return _REASON.search(said) is not None


def _sources(package: str, word: str) -> Iterator[tuple[str, str]]:
    """The files of a package that have the word, with their text."""
    for path in sorted((_ROOT / package).rglob("*.py")):
        source = path.read_text()
        if word in source:
            yield str(path.relative_to(_ROOT)), source


@pytest.mark.parametrize("package", ["db", "graph"])
def test_any_has_a_reason(package: str) -> None:
    assert [f"{file}:{line}" for file, source in _sources(package, "Any") for line in without_reason(source)] == []


@pytest.mark.parametrize("package", ["db", "graph", "inference", "migrations"])
def test_an_ignored_error_has_a_reason(package: str) -> None:
    assert [
        f"{file}:{line}"
        for file, source in _sources(package, "type: ignore")
        for line, comment in comments_of(source).items()
        if _IGNORE.search(comment)
    ] == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("x: Any = 1", [1]),
        ("x: Any = 1  # Any: JSON of a client", []),
        ("#: A row.\n#: Any: no class is known\nx: Any = 1", []),
        ("# Any: another line's\ny = 1\nx: Any = 1", [3]),
        ("def f(\n    x: Any,  # Any: JSON of a client\n) -> None:\n    y: Any = 1", [4]),
        ("def f(x: Any) -> Any: ...", [1]),
        ("x = cast('list[Any]', y)", [1]),
        ("x = 'Any'", []),
        ("x: Any = 1  # Any: library", [1]),
    ],
)
def test_reasons_are_found(source: str, lines: list[int]) -> None:
    assert without_reason(source) == lines


@pytest.mark.parametrize(
    ("comment", "bare"),
    [
        ("# type: ignore", True),
        ("# type: ignore[misc]", True),
        ("# type: ignore[misc]  # odd", True),
        ("# type: ignore[misc]  # ESPnet has no types", False),
    ],
)
def test_bare_ignores_are_found(comment: str, bare: bool) -> None:
    assert (_IGNORE.search(comment) is not None) is bare
