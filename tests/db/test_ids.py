"""Ids: UUID version 7, in the order of their creation."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122, UUID

import pytest

from db.errors import NotFound
from db.ids import new_id, parse_id


def test_ids_are_version_7_with_a_timestamp() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert type(made) is UUID
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= after


def test_ids_are_in_order() -> None:
    made = [new_id() for _ in range(50_000)]
    assert made == sorted(set(made))


def test_ids_are_unique_among_threads() -> None:
    with ThreadPoolExecutor(8) as threads:
        batches = list(threads.map(lambda _: [new_id() for _ in range(2_000)], range(8)))
    assert len({each for batch in batches for each in batch}) == 16_000
    assert all(batch == sorted(batch) for batch in batches)


def test_an_id_is_parsed() -> None:
    made = new_id()
    assert parse_id(str(made), "session") == parse_id(str(made).upper(), "session") == made


@pytest.mark.parametrize(
    "text", ["", " ", "1", "x" * 36, "0" * 31, "0" * 33, "\x00" * 32, "\ud800", "' or 1=1", "0" * 1_000_000]
)
def test_a_malformed_id_is_not_found(text: str) -> None:
    with pytest.raises(NotFound, match=r"^No such session\.$"):
        parse_id(text, "session")
