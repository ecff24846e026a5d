"""What the scripted engine's replies tell a live call."""

from __future__ import annotations

import pytest

from db.agents.builtin import builtin_agents
from inference.engines.scripted.live_cues import live_cues
from inference.engines.scripted.wording.wording import Part

_CONTACT = builtin_agents()["billing_agent"].scenario("contact_details_change")


@pytest.mark.parametrize(
    ("parts", "region", "ends", "digits"),
    [
        ([Part("goodbye")], "US", True, []),
        ([Part("filed_plain"), Part("anything_else")], "US", False, []),
        ([], "US", False, []),
        ([Part("ask_any")], "US", False, []),
        ([Part("ask", asked="phone")], "US", False, [10]),
        ([Part("failed"), Part("failed_field", asked="phone")], "US", False, [10]),
        ([Part("failed"), Part("failed_field", {}, _CONTACT, asked="new_phone")], "FR", False, [9, 10]),
        ([Part("failed"), Part("failed_field", asked="phone")], "DE", False, []),
        ([Part("failed"), Part("failed_field", asked="name")], "US", False, []),
    ],
)
def test_the_cues_of_a_reply(parts: list[Part], region: str, ends: bool, digits: list[int]) -> None:
    assert live_cues(parts, region) == {"ends_call": ends, "expects_digits": digits}
