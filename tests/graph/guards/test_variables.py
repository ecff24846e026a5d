"""Limits of variables: nesting and number of values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from graph.guards.variables import variables_fault
from graph.limits import DocumentLimits

LIMITS = replace(DocumentLimits(), max_value_depth=3, max_values=10)


@pytest.mark.parametrize("variables", [None, {}, {"a": 1}, {"a": [{"b": 1}]}, {"a": [1] * 9}, {"a": [[{}]]}])
def test_within_the_limits(variables: Any) -> None:
    assert variables_fault(variables, LIMITS) is None


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"a": [[[[]]]]}, "deep"),
        ({"a": {"b": {"c": {"d": {}}}}}, "deep"),
        ({"a": [1] * 10}, "10 values"),
        ({str(n): n for n in range(11)}, "10 values"),
        ({"a": [1] * 5, "b": [1] * 5}, "10 values"),
    ],
)
def test_beyond_the_limits(variables: Any, word: str) -> None:
    assert word in (variables_fault(variables, LIMITS) or "")


def test_deeper_than_the_stack() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert "deep" in (variables_fault({"a": deep}, LIMITS) or "")
    while deep:
        deep = deep.pop()
