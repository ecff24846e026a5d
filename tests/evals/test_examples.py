"""The conversations of the example agents, played in this process with their lines as text."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from db.agents.builtin import builtin_agents
from db.agents.parse import parse_file
from graph.cli.evals.load import load
from graph.evals.check import check
from graph.evals.search import backtracking
from inference.engines.scripted.engine import ScriptedEngine
from inference.ports import ToolSpec
from tests.evals.player import play

_EXAMPLES = Path(__file__).parents[2] / "examples" / "agents"


def _servers(example: str) -> list[tuple[ToolSpec, Callable[..., dict[str, Any]]]]:
    if example != "parcels":
        return []
    run = runpy.run_path(str(_EXAMPLES / example / "server.py"))["where_is"]
    schema = {"type": "object", "properties": {"parcel": {"type": "string"}}, "required": ["parcel"]}
    return [(ToolSpec("parcels__where_is", "Where a parcel is.", schema, repeatable=True), run)]


@pytest.mark.parametrize("example", ["telecom", "restaurant", "clinic", "parcels"])
async def test_the_example_ends_as_its_conversations_say(scripted: ScriptedEngine, example: str) -> None:
    definition = _EXAMPLES / example / f"{example}.yaml"
    agent = parse_file(definition) if definition.exists() else builtin_agents()["billing_agent"]
    wrong = {}
    for each in load([_EXAMPLES / example]):
        assert each.conversation.agent == agent.name
        played = await play(scripted, each.conversation, agent, _servers(example))
        verdict = check(each.conversation, played, backtracking)
        if verdict.misses:
            wrong[each.conversation.name] = (verdict.misses, [turn.reply for turn in played.turns])
    assert not wrong
