"""Digits pressed on a phone: where one number ends and the next begins."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from inference.live.digits import DigitKeys
from inference.live.times import CallTimes

_TIMES = CallTimes()


@dataclass
class Clock:
    now: float = 0.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(clock: Clock) -> DigitKeys:
    return DigitKeys(_TIMES, lambda: clock.now)


def test_a_number_ends_with_a_hash_or_a_pause(keys: DigitKeys, clock: Clock) -> None:
    keys.press("12")
    assert (keys.take(), keys.pending) == ("", True)
    keys.press("3#")
    assert (keys.take(), keys.pending) == ("123", False)
    keys.press("4")
    clock.now += _TIMES.digits_pause
    assert (keys.take(), keys.take()) == ("4", "")


def test_numbers_that_come_at_once_stay_apart(keys: DigitKeys) -> None:
    keys.press("12#34#5")
    assert [keys.take(), keys.take(), keys.take()] == ["12", "34", ""]
    assert [keys.take(final=True), keys.take(final=True)] == ["5", ""]


def test_a_hash_alone_and_other_signs_are_no_number(keys: DigitKeys) -> None:
    keys.press("##x ")
    assert not keys.pending
    assert not keys.take(final=True)


def test_a_number_has_a_bound(keys: DigitKeys) -> None:
    keys.press("7" * 150)
    taken = [keys.take(final=True) for _ in range(4)]
    assert [len(each) for each in taken] == [64, 64, 22, 0]
