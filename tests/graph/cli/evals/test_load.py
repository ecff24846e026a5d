"""Eval files: all that ship can be read; mistakes are told with file and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import BadUserInput
from graph.cli.evals.load import load

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
        ("conversations: [", ":1:"),
        ("conversations: []", "conversations"),
        ("conversations: [{name: a, turns: [{say: hi, speak: hi}]}]", "exactly one of say, speak and audio"),
        ("conversations: [{name: a, turns: [{say: hi}], expcet: {}}]", "expcet"),
    ],
    ids=["not YAML", "empty", "two ways", "unknown key"],
)
def test_mistakes_are_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "a.eval.yaml"
    file.write_text(text)
    with pytest.raises(BadUserInput) as refused:
        load([tmp_path])
    assert str(file) in refused.value.message
    assert told in refused.value.message


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadUserInput):
        load([tmp_path])
    with pytest.raises(BadUserInput):
        load([tmp_path / "missing.eval.yaml"])
