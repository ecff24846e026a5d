"""The JSON parser of client input: strict and unambiguous."""

from __future__ import annotations

from typing import Any

import pytest

from graph.wire.json_reader import MAX_DEPTH, NotJson, read_json
from tests.waiting import bounded_work

GOOD: list[tuple[bytes | str, Any]] = [
    (b'{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
    (b'{"a": -18446744073709551617}', {"a": -18446744073709551617}),
    ('{"a": 1.0, "b": 1e3}', {"a": 1.0, "b": 1000.0}),
    (b'"\\ud83d\\ude00"', "\U0001f600"),
    ('"\u00e9"'.encode(), "é"),
    ('"[[[[' + "[" * 1_000 + '\\""', "[[[[" + "[" * 1_000 + '"'),
    ("[" * MAX_DEPTH + "]" * MAX_DEPTH, None),
    ("[" + ",".join(["[]"] * 1_000) + "]", [[]] * 1_000),
]

BAD: list[bytes | str] = [
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b'{"a": 1e999}',
    b'{"a": -1e400}',
    b'{"a": 1, "a": 2}',
    b'{"x": {"a": 1, "b": 2, "\\u0061": 2}}',
    b"\xff",
    b'"\xed\xa0\x80"',
    '{"a": 1}'.encode("utf-16"),
    b'\xef\xbb\xbf{"a": 1}',
    b"",
    b"{} {}",
    b"{'a': 1}",
    b"9" * 10_000,
    "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
    '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1),
    "[" * 200_000,
]


@pytest.mark.parametrize(("text", "value"), GOOD, ids=range(len(GOOD)))
def test_what_is_read(text: bytes | str, value: Any) -> None:
    read = read_json(text)
    if value is not None:
        assert read == value
        assert repr(read) == repr(value)


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_two_readers_could_understand_differently_is_refused(text: bytes | str) -> None:
    with pytest.raises(NotJson) as refused:
        read_json(text)
    assert refused.value.code == "BAD_USER_INPUT"


@pytest.mark.parametrize("piece", ['"', '\\"', '["', '[\\"', "[", "[]"])
def test_the_scan_for_depth_is_linear(piece: str) -> None:
    with bounded_work(), pytest.raises(NotJson):  # a quadratic one takes hours
        read_json('{"a": ' + "[" * MAX_DEPTH + piece * 300_000)
