"""Regular expressions of definitions: what is taken, what is refused before it is compiled, linear time."""

from __future__ import annotations

import pytest

from db.agents.patterns import check_pattern, matches
from tests.waiting import bounded_work


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^[A-Z]{2}-\d{4,10}$", "AB-12345", True),
        (r"^\d{4}-\d{4}-\d{4}-\d{4}$", "1234-1234-1234-123", False),
        (r"\p{Devanagari}{2,20}", "a नमस्ते b", True),
        (r"^(\w+\s?){1,5}$", "one two", True),
        (r"^\{x\}[{}]\(\)$", "{x}{()", True),
        (r"(?i)^yes$", "YES", True),
        ("", "", True),
    ],
)
def test_taken(pattern: str, text: str, found: bool) -> None:
    check_pattern(pattern)
    assert matches(pattern, text) is found


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        ("(?=a)", "linear time"),
        (r"(a)\1", "linear time"),
        ("(", "linear time"),
        ("a{2,1}", "linear time"),
        ("x" * 501, "at most 500"),
        ("((a{1,99}){1,99}){1,99}", "too large"),
        (r"\w{1,900}", "too large"),
        ("(.{0,99}){0,99}b$", "too large"),
        ("a{999999999}", "too large"),
        ("((((((a{9}){9}){9}){9}){9}){9}){9}", "too large"),
    ],
)
def test_refused(pattern: str, rule: str) -> None:
    with bounded_work(10), pytest.raises(ValueError, match=rule):
        check_pattern(pattern)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(a?){90}a{90}$", "^(.*a){12}$"])
def test_matching_takes_linear_time(pattern: str) -> None:
    """For each of these ``re`` takes longer than the age of the universe."""
    check_pattern(pattern)
    with bounded_work():
        matches(pattern, "a" * 20_000 + "b")
