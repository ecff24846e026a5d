"""What the scripted engine's replies tell a live call."""

from __future__ import annotations

import pytest

from inference.engines.scripted.live_cues import live_cues
from inference.engines.scripted.replies import Part


@pytest.mark.parametrize(
    ("keys", "region", "ends", "digits"),
    [
        (["goodbye"], "US", True, []),
        (["filed_plain", "anything_else"], "US", False, []),
        ([], "US", False, []),
        (["ask_identity"], "US", False, []),
        (["failed", "failed_field.phone"], "US", False, [10]),
        (["failed", "failed_field.new_phone"], "FR", False, [9, 10]),
        (["failed", "failed_field.phone"], "DE", False, []),
        (["failed", "failed_field.name"], "US", False, []),
    ],
)
def test_the_cues_of_a_reply(keys: list[str], region: str, ends: bool, digits: list[int]) -> None:
    assert live_cues([Part(key) for key in keys], region) == {"ends_call": ends, "expects_digits": digits}
