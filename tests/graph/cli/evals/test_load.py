"""Eval files: all that ship can be read; mistakes are told with file and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import BadUserInput, InvalidEvals
from graph.cli.evals.load import load
from graph.evals.parse import MAX_BYTES

EVALS = Path(__file__).parents[3] / "evals"


@pytest.mark.parametrize("half", ["tune", "test"])
def test_the_files_that_ship(half: str) -> None:
    loaded = load([EVALS / half])
    assert len(loaded) >= 75
    assert all(each.conversation.agent and each.conversation.kind for each in loaded)
    spoken = [each for each in loaded if any(line.say is None for line in each.conversation.turns)]
    assert len(spoken) >= 30  # a third of those that were written first; the harder ones of tune are text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("conversations: [", ":2:1: Not YAML"),
        ("conversations: []", ":1:16: conversations: This list is empty."),
        ("conversations: [{name: a, turns: [{say: hi, speak: hi}]}]", ":1:35: conversations[0].turns[0]: A line needs"),
        ("conversations: [{name: a, turns: [{say: hi}], expcet: {}}]", ":1:47: conversations[0].expcet: Unknown key"),
    ],
    ids=["not YAML", "empty", "two ways", "unknown key"],
)
def test_mistakes_are_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "a.eval.yaml"
    file.write_text(text)
    with pytest.raises(InvalidEvals) as refused:
        load([tmp_path])
    assert f"{file}{told}" in refused.value.message


def test_a_large_file(tmp_path: Path) -> None:
    (tmp_path / "a.eval.yaml").write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(InvalidEvals, match=f"more than {MAX_BYTES} bytes"):
        load([tmp_path])


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadUserInput):
        load([tmp_path])
    with pytest.raises(InvalidEvals, match=r"missing\.eval\.yaml: The file cannot be read"):
        load([tmp_path / "missing.eval.yaml"])
