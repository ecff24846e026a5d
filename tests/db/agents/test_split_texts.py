"""Texts that a comma in brackets splits: warned about where two neighbours look like one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.agents.split_texts import split_texts

_ROOT = Path(__file__).parents[3]
_DEFINITIONS = [
    *(_ROOT / "db" / "agents" / "builtin").glob("*.yaml"),
    *(each for each in (_ROOT / "examples" / "agents").glob("*/*.yaml") if not each.name.endswith(".eval.yaml")),
    *(_ROOT / "tests" / "evals" / "trades" / "agents").glob("*.agent.yaml"),
]


def _intent(key: str, texts: str) -> str:
    return f"intents:\n  - name: a\n    {key}:\n      en: {texts}\n"


@pytest.mark.parametrize(
    ("key", "texts", "first"),
    [
        ("examples", "[Hello, there]", "Hello"),
        ("examples", "[when are you open, I would like a table, please]", "I would like a table"),
        ("examples", "[Guten Tag, ist jemand da]", "Guten Tag"),
        ("answer", "[Yes, we do.]", "Yes"),
        ("answer", "[We are open from nine, and until five on Sundays.]", "We are open from nine"),
    ],
)
def test_halves_of_a_sentence(key: str, texts: str, first: str) -> None:
    (problem,) = split_texts(_intent(key, texts), "a.yaml")
    assert problem.message.startswith(f"{first!r} and ")
    assert (problem.file, problem.line) == ("a.yaml", 4)
    assert problem.path.startswith(f"intents[0].{key}.en[")


@pytest.mark.parametrize(
    ("key", "texts"),
    [
        ("examples", '["Hello, there"]'),
        ("examples", '["Hello", "there"]'),
        ("examples", "[when are you open, what are your opening hours]"),
        ("examples", "[I want to talk to somebody, can I speak to the manager, put me through to a person]"),
        ("answer", "[We are open., You can come now.]"),
        ("names", "[Zimmer, nummer]"),
    ],
)
def test_lists_of_texts(key: str, texts: str) -> None:
    assert split_texts(_intent(key, texts)) == []
    block = _intent(key, "").rstrip("\n") + "\n        - Hello\n        - there\n"
    assert split_texts(block) == []


def test_the_definitions_that_ship_have_none() -> None:
    assert len(_DEFINITIONS) > 5
    assert [str(problem) for file in _DEFINITIONS for problem in split_texts(file.read_text(), str(file))] == []
