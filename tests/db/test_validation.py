"""Validation of clients' text and JSON, sanitizing of models' output, and Postgres's ``jsonb``."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from db.errors import BadUserInput
from db.postgres.database import Database
from db.validation import same_json, sanitize_json, sanitize_text, validate_json, validate_text
from tests.db.rows import scalar

_NESTED: Any = 1
for _ in range(5000):
    _NESTED = {"a": _NESTED}


@pytest.mark.parametrize("value", ["hello", " hello ", "👍", "नमस्ते", "a\u200bb", "\\u0000", "\ufffd", "x" * 10])
def test_valid_text_is_not_changed(value: str) -> None:
    assert validate_text(value, "It", max_length=10) == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "empty"),
        (" \t\r\n", "empty"),
        ("\u00a0\u2003\u3000", "empty"),
        ("\u200b\u200d\ufeff\u2060", "empty"),
        ("\x01\x02", "empty"),
        ("x" * 11, "longer than 10"),
        ("\x00" * 11, "longer than 10"),
        ("a\x00b", "NUL"),
        ("a\ud800b", "surrogate"),
        ("a\udfff", "surrogate"),
    ],
)
def test_invalid_text_is_refused_by_name(value: str, reason: str) -> None:
    with pytest.raises(BadUserInput, match=f"The thing .*{reason}"):
        validate_text(value, "The thing", max_length=10)


def test_empty_text_may_be_allowed() -> None:
    assert validate_text("", "It", max_length=10, empty=True) == ""
    with pytest.raises(BadUserInput, match="NUL"):
        validate_text("\x00", "It", max_length=10, empty=True)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": [1, 2.5, None, True, "x", {"b": []}]},
        {"\\u0000": "\\u0000 \\ud800"},
        {"": ""},
        {"a": 10**300},
        {"a": [1e22, 1e-7, 1e308]},
    ],
)
def test_valid_json_is_not_changed(value: dict[str, Any]) -> None:
    assert validate_json(value, "It") == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("text", "must be a JSON object"),
        (None, "must be a JSON object"),
        ([1], "must be a JSON object"),
        ({"a": float("nan")}, "plain JSON"),
        ({"a": float("-inf")}, "plain JSON"),
        ({"a": object()}, "plain JSON"),
        ({"a": b"bytes"}, "plain JSON"),
        ({"a": [1e308] * 100}, "numbers are written without exponents"),
        ({"a": {str(number): -1e-300 for number in range(100)}}, "numbers are written without exponents"),
        ({"a": "x" * 20_000}, "longer"),
        ({str(n): n for n in range(3000)}, "longer"),
        ({"a": "\x00"}, "NUL"),
        ({"\x00": 1}, "NUL"),
        ({"a": [{"b": "\ud800"}]}, "surrogate"),
        ({"\udc00": 1}, "surrogate"),
        (_NESTED, "nested deeper than 12"),
    ],
)
def test_invalid_json_is_refused_by_name(value: Any, reason: str) -> None:
    with pytest.raises(BadUserInput, match=f"The thing .*{reason}"):
        validate_json(value, "The thing")


def test_json_is_refused_without_repeating_it() -> None:
    with pytest.raises(BadUserInput) as refused:
        validate_json({"card 4111": "\x00"}, "metadata")
    assert "4111" not in refused.value.message


def test_models_output_is_sanitized() -> None:
    assert sanitize_text("a\x00b\ud83dc") == "a\ufffdb\ufffdc"
    assert sanitize_json({"k\x00": ["\udfff", {"n": float("nan")}, (1, 2.5, None, True)]}) == {
        "k\ufffd": ["\ufffd", {"n": None}, [1, 2.5, None, True]]
    }
    assert sanitize_json(None) is None
    assert sanitize_json({"n": [1e308, -5e-324, 1e22]}) == {"n": [1e308, -5e-324, 1e22]}
    assert sanitize_json({"n": [0.5, 1e308] * 100, "m": {"k": [-5e-324]}}) == {
        "n": [0.5, "1e+308"] * 100,
        "m": {"k": ["-5e-324"]},
    }


@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_sanitized_text_can_be_encoded(value: str) -> None:
    mended = sanitize_text(value)
    mended.encode()
    assert "\x00" not in mended
    assert len(mended) == len(value)


async def test_postgres_stores_validated_and_sanitized_values(database: Database) -> None:
    hostile = {"\\u0000": "\\u0000", "a": [10**300, 1e308, -0.0, "\x01\x7f\ufffe👍"]}
    for value in (validate_json(hostile, "It"), sanitize_json({"x": "\x00\ud800", "n": float("inf"), **hostile})):
        assert await scalar(database, "select cast(:value as jsonb) is not null", value=json.dumps(value))
    async with database.reading() as session:
        words = sanitize_text("\x00\ud800")
        assert await session.scalar(text("select cast(:words as text)"), {"words": words}) == words


async def test_postgres_renders_sanitized_json_at_a_bounded_length(database: Database) -> None:
    for number in (1e308, -1e-300, 1e23, -1.7976931348623157e59, 123456.75e-40, 1e15, 0.1):
        sent = {"a": [number] * 2_000}
        stored = json.dumps(sanitize_json(sent))
        size = await scalar(database, "select length(cast(cast(:value as jsonb) as text))", value=stored)
        assert size <= len(json.dumps(sent)) + 20_000, number
        accepted = []
        for many in (10, 100, 500, 1_000, 1_600):
            with suppress(BadUserInput):
                accepted.append(validate_json({"a": [number] * many}, "It"))
        assert accepted
        size = await scalar(
            database, "select length(cast(cast(:value as jsonb) as text))", value=json.dumps(accepted[-1])
        )
        assert size <= 16_384, number


async def test_json_read_back_from_postgres_equals_what_was_stored(database: Database) -> None:
    value: dict[str, Any] = {"a": [1e23, 0.1, 5, 2.0, 10**30, True, None, "x", {}], "b": {"c": -0.0}}
    text_back = await scalar(database, "select cast(cast(:value as jsonb) as text)", value=json.dumps(value))
    assert same_json(json.loads(text_back), value)
    assert json.loads(text_back) != value, "plain equality would do"
    for other in ({**value, "b": {}}, {**value, "a": [1e23]}, {**value, "b": {"c": False}}, {**value, "b": {"c": "0"}}):
        assert not same_json(json.loads(text_back), other)
