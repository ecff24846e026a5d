"""Short conversations of many customers: what is filed of remarks, denials, hesitations, repetitions and stories.

``kinds.txt`` describes its lines. Most were written before the engine was looked at with them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graph.evals.conversation import Conversation
from graph.evals.played import PlayedRecord
from inference.engines.scripted.engine import ScriptedEngine
from tests.evals.player import play

LINES = [
    line
    for line in Path(__file__).with_name("kinds.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
_KNOWN = {"name": "Ana Ruiz", "account_id": "48210"}
_FILED = re.compile(r"\[(\d)\] ?")
_RECORD = re.compile(r"(?P<name>:?[\w/]+)(?:\{(?P<more>.*)\})?")


def _fits(expected: str, record: PlayedRecord) -> bool:
    match = _RECORD.fullmatch(expected)
    assert match, expected
    name, more = match["name"], match["more"]
    if record.scenario != name[1:] if name.startswith(":") else record.intent not in name.split("/"):
        return False
    if more and "=" in more:
        field, _, pattern = more.partition("=")
        return re.search(pattern, str(record.fields.get(field))) is not None
    return not more or record.fields.get("priority") in more.split("|")


@pytest.mark.parametrize("line", LINES)
async def test_what_is_filed(scripted: ScriptedEngine, line: str) -> None:
    head, _, wanted = line.rpartition(" => ")
    about, *said = head.split(" | ")
    language = about.split()[1]
    conversation = Conversation.model_validate(
        {
            "name": "short",
            "kind": "truth",
            "agent": "billing_agent",
            "language": language,
            "known": {} if about.endswith("?") else _KNOWN,
            "turns": [{"say": _FILED.sub("", each, count=1)} for each in said],
        }
    )
    played = await play(scripted, conversation)
    left = list(played.records)
    for expected in () if wanted == "-" else wanted.split(" + "):
        record = next((each for each in left if _fits(expected, each)), None)
        assert record is not None, (expected, played.records)
        left.remove(record)
    assert left == []
    for turn, each in zip(played.turns, said, strict=True):
        if (count := _FILED.match(each)) is not None:
            assert len(turn.filed) == int(count[1]), turn
