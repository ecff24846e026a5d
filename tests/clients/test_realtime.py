"""npm's @openai/agents-realtime, unchanged: a spoken conversation with an interruption over the Realtime protocol.

The call, its registry and the commands are the real ones, on Postgres; the models are fakes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from db.enums import PlaybackSource
from db.postgres.database import Database
from inference.ports import ChatRequest
from tests.clients.test_clients import find_node, verdict
from tests.graph.voice.realtime.desk import at_wire_rate, desk
from tests.graph.voice.realtime.fakes import served
from tests.inference.live.fakes import spoken

pytestmark = pytest.mark.clients

_LONG = "Your bill is high because of calls abroad, which are not part of your plan, and of a fee for paper."


@pytest.fixture(scope="module")
def node() -> str:
    return find_node()


def answer(request: ChatRequest) -> str:
    return _LONG if "why" in str(request.history[-1]) else "Thirty euros."


async def test_a_spoken_conversation_with_an_interruption(
    node: str, database: Database, database_url: str, key: str, tmp_path: Path
) -> None:
    for name, words in (("bill", "what is my bill"), ("why", "why is it high"), ("stop", "stop that please now")):
        (tmp_path / f"{name}.pcm").write_bytes(at_wire_rate(spoken(words)))
    async with desk(database, database_url, answer) as running, served(running.endpoint) as address:
        told = await verdict(node, "realtime.mjs", address, key, tmp_path)
        turns = list(running.record.turns.values())
    assert told["errors"] == []
    assert told["model"] == "billing_agent"
    assert told["statuses"] == ["completed", "cancelled", "completed", "completed"]
    assert (told["interrupted"] >= 1, told["audio"] > 10) == (True, True)
    (ms,) = told["truncated"]
    assert 800 < ms < 3_000
    said = [text for role, text in told["history"] if role == "user"]
    assert said == ["what is my bill", "why is it high", "stop that please now", "bill"]
    assert told["history"][1] == ["assistant", "Thirty euros."]
    assert told["history"][-1] == ["assistant", "Thirty euros."]
    assert [turn.texts[-1] for turn in turns] == said
    interrupted = turns[1].playback
    assert interrupted is not None
    assert (interrupted.heard_ms, interrupted.source) == (ms, PlaybackSource.TRUNCATE)
    assert _LONG.startswith(interrupted.heard_text)
