"""YAML of strangers: values by the core schema, places, and what is refused before it costs anything."""

from __future__ import annotations

import pytest

from db.agents.yaml_tree import MAX_NODES, Unreadable, read_tree
from tests.waiting import bounded_work


def problem(text: str) -> tuple[str, str, int | None, int | None]:
    with pytest.raises(Unreadable) as refused:
        read_tree(text)
    found = refused.value.problem
    return found.message, found.path, found.line, found.column


def test_keys_and_words_are_texts() -> None:
    """YAML 1.1 makes false of ``no``, a date of 2026-01-31, and 750 of 12:30."""
    text = "no: {yes: [no, on, 2026-01-31, 12:30, 0x1, 1_000, .inf, '5', \"true\"]}\n1: a\n2026-01-31: b\n~: c\n<<: d\n"
    assert read_tree(text).value == {
        "no": {"yes": ["no", "on", "2026-01-31", "12:30", "0x1", "1_000", ".inf", "5", "true"]},
        "1": "a",
        "2026-01-31": "b",
        "~": "c",
        "<<": "d",
    }


def test_constants_and_numbers() -> None:
    text = "[true, False, NULL, ~, , 5, -12, 1.5, .5, 1e3, nULL]"
    assert read_tree(text.replace(", ,", ", '',")).value == [
        True, False, None, None, "", 5, -12, 1.5, 0.5, 1000.0, "nULL",
    ]  # fmt: skip
    assert read_tree("a:\nb: |\n  5\n").value == {"a": None, "b": "5\n"}


def test_places() -> None:
    tree = read_tree("a: 1\nb:\n  - c\n  - {d: e}\n")
    assert tree.place(("b", 1, "d")) == (4, 9)
    assert tree.place(("b", 1, "d"), key=True) == (4, 6)
    assert tree.place(("b", 7, "x")) == (3, 3), "the nearest that is there"


@pytest.mark.parametrize(
    ("text", "rule", "line", "column"),
    [
        ("", "empty", None, None),
        ("# nothing", "empty", None, None),
        ("a: 1\nb: 2\na: 3", "'a' is there twice", 3, 1),
        ("a: {b: 1, b: 1}", "'b' is there twice", 1, 11),
        ("a: &x 1", "Anchors", 1, 4),
        ("a: *x", "Anchors", 1, 4),
        ("&x a: 1", "Anchors", 1, 1),
        ("- &a [*a]", "Anchors", 1, 3),
        ("a: !!python/object/apply:os.system [x]", "Tags", 1, 4),
        ("a: !x 1", "Tags", 1, 4),
        ("a: 1\n---\nb: 2", "second document", 2, 1),
        ("{a: 1}: 2", "key must be a text", 1, 1),
        ("? [a]\n: b", "key must be a text", 1, 3),
        ("a: 'x", "unexpected end", 1, 6),
        ("a: b: c", "not allowed in this context", 1, 5),
        ('a: "\\ud800"', "escape", 1, 7),
        ("a: \x00", "control characters", None, None),
        ("a: \ud800", "surrogate", None, None),
    ],
)
def test_refused(text: str, rule: str, line: int | None, column: int | None) -> None:
    message, _, *place = problem(text)
    assert (rule in message, *place) == (True, line, column), message


def test_a_billion_laughs() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    assert problem("\n".join(lines))[0].startswith("Anchors")


@pytest.mark.parametrize("text", ["[" * 500_000, "- " * 300_000, "{a: " * 200_000, "? " * 300_000])
def test_depth_costs_nothing(text: str) -> None:
    with bounded_work(10):
        message, *_ = problem(text)
    assert "deeper than 20 levels" in message or "key must be a text" in message


def test_many_values_are_refused_early() -> None:
    assert str(MAX_NODES) in problem("- \n" * 300_000)[0]
