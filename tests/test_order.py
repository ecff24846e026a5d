"""The order of files of tests names files that there are."""

from __future__ import annotations

from pathlib import Path

from tests.order import SECONDS

_TESTS = Path(__file__).parent


def test_the_files_that_take_the_longest_are_there() -> None:
    assert [name for name in SECONDS if not (_TESTS / name).is_file()] == []
    assert list(SECONDS.values()) == sorted(SECONDS.values(), reverse=True)
