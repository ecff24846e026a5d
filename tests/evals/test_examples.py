"""The conversations of the example agents, played in this process with their lines as text."""

from __future__ import annotations

import pytest

from db.agents.builtin import builtin_agents
from db.agents.parse import parse_file
from graph.cli.evals.load import load
from graph.evals.check import check
from graph.evals.search import backtracking
from inference.engines.scripted.engine import ScriptedEngine
from tests.evals.agents import EXAMPLES, servers_of
from tests.evals.player import play


@pytest.mark.parametrize("example", ["telecom", "restaurant", "clinic", "parcels"])
async def test_the_example_ends_as_its_conversations_say(scripted: ScriptedEngine, example: str) -> None:
    definition = EXAMPLES / example / f"{example}.yaml"
    agent = parse_file(definition) if definition.exists() else builtin_agents()["billing_agent"]
    wrong = {}
    for each in load([EXAMPLES / example]):
        assert each.conversation.agent == agent.name
        played = await play(scripted, each.conversation, agent, servers_of(agent))
        verdict = check(each.conversation, played, backtracking)
        if verdict.misses:
            wrong[each.conversation.name] = (verdict.misses, [turn.reply for turn in played.turns])
    assert not wrong
