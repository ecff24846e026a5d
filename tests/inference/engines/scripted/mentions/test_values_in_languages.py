"""What one language reads out of an utterance, the others read too: ``values.txt``, by mechanism and language."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inference.engines.scripted.mentions.reading import read

LINES = [
    line
    for line in Path(__file__).with_name("values.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
_BY_FORMAT = {"time", "date", "money"}


def _plain(values: dict[str, str]) -> dict[str, str]:
    return {name: " ".join(value.casefold().replace(".", "").split()) for name, value in values.items()}


@pytest.mark.parametrize("line", LINES)
def test_values(line: str) -> None:
    head, _, wanted = line.rpartition(" => ")
    about, _, text = head.partition(" | ")
    _, language, *asked = about.split()
    found = {
        each.format if each.format in _BY_FORMAT else each.field: each.value
        for each in read(text, language, *asked[0].split(",") if asked else ())
        if not each.retracted and (each.field or each.format in _BY_FORMAT)
    }
    expected = {} if wanted == "-" else dict(each.split("=", 1) for each in wanted.split("; "))
    assert _plain({name or "": value for name, value in found.items()}) == _plain(expected)


def test_every_mechanism_is_held_to_four_languages_besides_english() -> None:
    kinds = {line.split()[0] for line in LINES}
    pairs = {(line.split()[0], line.split()[1]) for line in LINES}
    assert {(kind, language) for kind in kinds for language in ("de", "es", "fr", "hi")} <= pairs
