"""The tuning half of the evaluation conversations, played in this process: most end right, none against a no.

By default the first ones about a no; ``make test-quality`` plays those of all kinds.
"""

from __future__ import annotations

import pytest

from graph.evals.check import AGAINST_WORD, check
from graph.evals.search import backtracking
from inference.engines.scripted.engine import ScriptedEngine
from tests.evals.player import conversations, play
from tests.quality.required import quality

_KINDS = ("identity", "language", "lost", "once", "plain", "polarity", "slots", "truth")
#: Files of harder conversations, which the engine is tuned with by the player: only their format is tested here.
_HARDER = "more-"


def test_every_file_is_read_and_has_a_kind() -> None:
    found = [each.conversation for each in conversations("tune")]
    assert {each.kind for each in found} == set(_KINDS)
    assert len(found) >= 100


async def test_what_was_said_no_to_is_not_done(scripted: ScriptedEngine) -> None:
    """Of the files that are named by the kind alone: those that were written later take minutes."""
    await _end_right(scripted, "polarity", "polarity.")


@quality
@pytest.mark.parametrize("kind", _KINDS)
async def test_conversations_end_right(scripted: ScriptedEngine, kind: str) -> None:
    await _end_right(scripted, kind)


async def _end_right(scripted: ScriptedEngine, kind: str, files: str = "") -> None:
    verdicts = {}
    for each in conversations("tune", kind):
        if not each.file.name.startswith(files) or each.file.name.startswith(_HARDER):
            continue
        verdicts[each.conversation.name] = check(
            each.conversation, await play(scripted, each.conversation), backtracking
        )
    wrong = {name: verdict.misses for name, verdict in verdicts.items() if verdict.misses}
    assert len(verdicts) >= 5
    assert len(wrong) <= len(verdicts) * 0.25, wrong
    if kind == "polarity":
        against = {name for name, misses in wrong.items() if any(miss.about == AGAINST_WORD for miss in misses)}
        assert not against, wrong
