"""What is said to help the assistant asks for nothing."""

from __future__ import annotations

import pytest

from inference.engines.scripted.understanding.cues import cues
from inference.engines.scripted.understanding.normalized import normalized


@pytest.mark.parametrize(
    ("language", "text", "offered"),
    [
        ("en", "the screen shows code 4031, if that helps you", True),
        ("en", "can you help me", False),
        ("de", "da steht Code 4031, falls Ihnen das weiterhilft", True),
        ("de", "können Sie mir helfen", False),
        ("es", "sale el código 4031, por si le puede ayudar", True),
        ("es", "me puede ayudar", False),
        ("fr", "le code 4031, si ça peut vous aider", True),
        ("fr", "vous pouvez m'aider", False),
        ("hi", "code 4031 hai, agar isse aapki madad ho", True),
        ("hi", "क्या आप मेरी मदद करेंगे", False),
    ],
)
def test_offered_help(language: str, text: str, offered: bool) -> None:
    assert (cues(language).offered_help.search(normalized(text).text) is not None) is offered
