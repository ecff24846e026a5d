"""The console's checked-in build: it belongs to its sources, is small, and its operations are the schema's."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from graphql import GraphQLError, build_schema, parse, validate

from tests.console.page import CONSOLE

_SERVED = CONSOLE / "served"
_MAX_BYTES = 250_000


def test_it_is_newer_than_its_sources() -> None:
    files = [CONSOLE / "build.mjs", CONSOLE / "package-lock.json", *(CONSOLE / "src").rglob("*")]
    names = sorted(
        each.relative_to(CONSOLE).as_posix()
        for each in files
        if each.is_file() and not each.name.endswith(".generated.ts")
    )
    lines = [f"{hashlib.sha256((CONSOLE / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    checksum = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert (_SERVED / "sources.sha256").read_text().strip() == checksum, "build the console again: make console"


def test_it_weighs_little() -> None:
    sizes = {each.name: len(gzip.compress(each.read_bytes(), 9)) for each in _SERVED.iterdir() if each.suffix != ".txt"}
    assert sum(sizes.values()) <= _MAX_BYTES, sizes


def test_every_library_in_it_has_its_licence_beside_it() -> None:
    text = (_SERVED / "licenses.txt").read_text()
    for name in ("preact", "@preact/signals", "@preact/signals-core"):
        assert f"\n{name} " in text
    assert "Permission is hereby granted" in text


_SHARED = sorted((CONSOLE / "src").rglob("*.fragments.graphql"))
_OPERATIONS = sorted(set((CONSOLE / "src").rglob("*.graphql")) - set(_SHARED))


@pytest.mark.parametrize("path", _OPERATIONS, ids=lambda path: path.stem)
def test_its_operations_are_valid(path: Path) -> None:
    schema = build_schema((CONSOLE.parent / "schema.graphql").read_text())
    text = path.read_text()
    spread = [each for each in _SHARED if any(f"...{name}" in text for name in _fragments(each))]
    errors: list[GraphQLError] = validate(schema, parse("\n".join([text, *(each.read_text() for each in spread)])))
    assert errors == []


def test_every_shared_fragment_is_used() -> None:
    texts = [path.read_text() for path in _OPERATIONS]
    for name in [name for path in _SHARED for name in _fragments(path)]:
        assert sum(f"...{name}" in text for text in texts) > 1


def _fragments(path: Path) -> list[str]:
    return re.findall(r"^fragment (\w+)", path.read_text(), re.MULTILINE)
