"""What a reply is about: a definition's own question for a yes, read back with any values."""

from __future__ import annotations

import pytest

from inference.turn.guard.conversation import Conversation
from inference.turn.guard.subject import Subject
from tests.inference.turn.guard.test_consent import AGENT, said


def _about(confirm: str, reply: str) -> bool:
    scenario = AGENT.scenarios[0].model_validate(
        {"name": "wake_up", "description": "A call.", "replies": {"confirm": {"en": confirm}}}
    )
    conversation: Conversation = said()
    return Subject("wake_up", scenario, frozenset(), needs_yes=True).is_asked_in(reply, conversation)


@pytest.mark.parametrize(
    ("reply", "is_about"),
    [
        ("Monday at 7: okay?", True),
        ("Okay, at 7?", False),
        ("Okay, and at which hour?", False),
    ],
)
def test_a_short_question_is_known_by_all_its_parts_in_their_order(reply: str, is_about: bool) -> None:
    assert _about("{day} at {hour}: okay?", reply) is is_about


def test_a_definition_whose_question_has_very_many_parts_costs_no_more_than_its_length() -> None:
    assert not _about("x{day}" * 40 + "zzz?", "x" * 2_000 + "?")
