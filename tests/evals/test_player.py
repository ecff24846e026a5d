"""The tuning half of the evaluation conversations, played in this process: most end right, none against a no."""

from __future__ import annotations

import pytest

from inference.engines.scripted.engine import ScriptedEngine
from tests.evals.player import FOLDER, conversations, faults, play

_KINDS = ("identity", "language", "lost", "once", "plain", "polarity", "slots", "truth")


def test_every_file_is_read_and_has_a_kind() -> None:
    found = list(conversations("tune"))
    assert {each["kind"] for each in found} == set(_KINDS)
    assert len(found) >= 100
    assert len({(each["kind"], each["language"], each["name"]) for each in found}) == len(found)
    assert (FOLDER / "tune").is_dir()


@pytest.mark.parametrize("kind", _KINDS)
async def test_conversations_end_right(scripted: ScriptedEngine, kind: str) -> None:
    played = list(conversations("tune", kind))
    wrong = {}
    for each in played:
        turns, crm = await play(scripted, each)
        if found := faults(each, turns, crm.records):
            wrong[each["name"]] = found
        wanted = each["expect"].get("records")
        confirmed = [record for record in crm.records if record["scenario"] == "cancellation"]
        assert wanted is None or len(confirmed) <= sum(want["scenario"] == "cancellation" for want in wanted)
    assert len(wrong) <= len(played) * 0.25, wrong
