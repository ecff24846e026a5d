"""Plays evaluation conversations with the scripted engine in this process, its tools faked over the agent's definition.

``python -m tests.evals.player [--half tune] [--kind KIND] [--name NAME] [--quiet]`` shows what ``voxloom eval`` shows,
in half a minute. Spoken lines are played as text. ``--half trades``: agents of other trades, which are defined by
``trades/agents/*.agent.yaml`` and the examples; ``--half`` may be another folder too.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.agents.payload import check_payload
from db.agents.tool_names import FIND_CRM_RECORDS, UPDATE_CRM_RECORD
from graph.cli.evals.load import Loaded, load
from graph.cli.evals.report import Outcome, show_misses, show_scores
from graph.cli.evals.score import scores
from graph.evals.check import check
from graph.evals.conversation import Conversation
from graph.evals.played import PlayedConversation, PlayedRecord, PlayedTurn
from graph.evals.search import backtracking
from inference.engines.scripted.engine import ScriptedEngine
from inference.engines.scripted.reading.reader import UnderstandingReader
from inference.engines.scripted.understanding.shared import shared_understander
from inference.ports import (
    AssistantMessage,
    ChatFinished,
    ChatRequest,
    CompletedToolCall,
    HistoryItem,
    TextDelta,
    ToolRequest,
    ToolSpec,
    UserMessage,
)
from inference.tools.crm_specs import crm_tools
from inference.turn.guard.conversation import Conversation as GuardedConversation
from inference.turn.guard.tool_guard import refusal_of
from tests.evals.agents import agents_beside, servers_of

FOLDER = Path(__file__).parent
PROTOTYPES = Path(tempfile.gettempdir()) / "voxloom-prototypes"
_OF_THE_CRM = ("id", "reference", "scenario", "status")


def conversations(half: str, kind: str | None = None, name: str | None = None) -> Iterator[Loaded]:
    """The conversations of a half: a folder beside this file, or the path of another one."""
    for each in load([FOLDER / half]):
        if kind in {None, each.conversation.kind} and name in {None, each.conversation.name}:
            yield each


@dataclass
class Crm:
    """Records of one session."""

    agent: AgentDefinition
    records: list[dict[str, Any]] = field(default_factory=list)

    def run(self, call: ToolRequest) -> dict[str, Any]:
        """The result of a tool."""
        arguments = dict(call.arguments)
        if call.name == FIND_CRM_RECORDS:
            return {"ok": True, "records": []}
        if call.name == UPDATE_CRM_RECORD:
            reference = arguments.pop("reference")
            record = next((each for each in self.records if each["reference"] == reference), None)
            assert record is not None, reference
            kept = {name: value for name, value in record.items() if name not in _OF_THE_CRM}
            checked, errors = self._checked(record["scenario"], {**kept, **arguments})
            if errors:
                return {"ok": False, "errors": errors}
            record.update(checked)
            return {"ok": True, "record": dict(record), "changed": list(arguments)}
        checked, errors = self._checked(call.name, arguments)
        if errors:
            return {"ok": False, "errors": errors}
        record = {"id": "1", "reference": f"K{700 + len(self.records)}R123", "scenario": call.name, "status": "DONE"}
        self.records.append({**record, **checked})
        return {"ok": True, "record": dict(self.records[-1])}

    def _checked(self, name: str, payload: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        scenario = self.agent.scenario(name)
        assert scenario is not None, name
        return check_payload(self.agent, scenario, payload)


async def play(
    engine: ScriptedEngine,
    conversation: Conversation,
    agent: AgentDefinition | None = None,
    servers: Sequence[tuple[ToolSpec, Callable[..., dict[str, Any]]]] = (),
) -> PlayedConversation:
    """Plays all lines of a conversation. What the guard refuses is not run, as in a turn.

    ``agent``: if it is no built-in one. ``servers``: the tools of MCP servers, and what they run.
    """
    agent = agent or builtin_agents()[conversation.agent]
    others = {tool.name: (tool, run) for tool, run in servers}
    tools = {tool.name: tool for tool in (*crm_tools(agent), *(tool for tool, _ in servers))}
    reader = UnderstandingReader(partial(shared_understander, 1, PROTOTYPES))
    crm = Crm(agent)
    language = "en" if conversation.language == "auto" else conversation.language
    known = {"customer_id": "c", **{name: str(value) for name, value in conversation.known.items()}}
    history: list[HistoryItem] = []
    turns: list[PlayedTurn] = []
    for line in conversation.turns:
        history.append(UserMessage(line.words))
        filed: list[str] = []
        refused: list[str] = []
        called: list[str] = []
        first: Mapping[str, Any] | None = None
        reply, details = "", dict[str, Any]()
        for _ in range(6):
            request = ChatRequest(tuple(history), agent, language, tuple(tools.values()), known)
            items = [item async for item in engine.reply(request)]
            finished = items[-1]
            assert isinstance(finished, ChatFinished)
            details = dict(finished.details)
            first = first or details
            reply = "".join(item.text for item in items if isinstance(item, TextDelta))
            calls = [item for item in items if isinstance(item, ToolRequest)]
            if not calls:
                break
            for call in calls:
                said = GuardedConversation(tuple(history), agent=agent, language=language, known=known, reader=reader)
                refusal = await refusal_of(call, tools.get(call.name), said)
                called.append(call.name)
                if refusal is not None:
                    result = dict(refusal.result)
                elif call.name in others:
                    result = {"ok": True, **others[call.name][1](**call.arguments)}
                else:
                    result = crm.run(call)
                refused += [] if refusal is None else [f"{call.name}: {refusal.text}"]
                if result["ok"] and call.name not in {FIND_CRM_RECORDS, UPDATE_CRM_RECORD, *others}:
                    filed.append(call.name)
                history.append(CompletedToolCall(call.call_id, call.name, call.arguments, result))
        assert reply, "no reply"
        history.append(AssistantMessage(reply))
        turns.append(
            PlayedTurn(
                said=line.words,
                heard=line.words,
                reply=reply,
                reply_language=str(details["language"]),
                filed=filed,
                tools=called,
                failed_tools=refused,
                intent=first["intent"] if first else None,
                entities=first["entities"] if first else {},
            )
        )
    return PlayedConversation("", turns, [_record(each) for each in crm.records])


def _record(record: Mapping[str, Any]) -> PlayedRecord:
    fields = {name: value for name, value in record.items() if name not in _OF_THE_CRM}
    return PlayedRecord(record["scenario"], record["intent"], record["reference"], fields)


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--half", default="tune", help="tune, test, trades, or the path of a folder")
    parser.add_argument("--kind")
    parser.add_argument("--name")
    parser.add_argument("--agent", help="only the conversations of this agent")
    parser.add_argument("--quiet", action="store_true", help="only the table")
    options = parser.parse_args()
    engine = ScriptedEngine(threads=1, directory=PROTOTYPES)
    await engine.load()
    console = Console(width=140)
    outcomes = []
    agents = agents_beside(FOLDER / options.half)
    for each in conversations(options.half, options.kind, options.name):
        if options.agent not in {None, each.conversation.agent}:
            continue
        agent = agents[each.conversation.agent]
        played = await play(engine, each.conversation, agent, servers_of(agent))
        outcomes.append(Outcome(each, played, check(each.conversation, played, backtracking), 0.0))
    for outcome in outcomes:
        for turn in outcome.played.turns:
            if turn.failed_tools and not options.quiet:
                console.print(f"{outcome.loaded.conversation.name}: {turn.failed_tools}", markup=False)
    if not options.quiet:
        show_misses(console, outcomes)
    show_scores(console, {"text": scores([(each.loaded.conversation, each.verdict) for each in outcomes])})


if __name__ == "__main__":
    asyncio.run(_main())
