"""Plays evaluation conversations with the scripted engine in this process, its tools faked over the agent's definition.

``python -m tests.evals.player [--half tune] [--kind KIND] [--name NAME] [-v]`` shows the share of conversations that
end right, by kind. Spoken lines are played as text.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
import yaml

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.agents.payload import check_payload
from db.agents.tool_names import FIND_CRM_RECORDS, UPDATE_CRM_RECORD
from inference.engines.scripted.engine import ScriptedEngine
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

FOLDER = Path(__file__).parent
_SEPARATORS = re.compile(r"[\s\-./()]+")
_OF_THE_CRM = ("id", "reference", "scenario", "status")
_COMPARED_LOOSELY = ("account_id", "phone", "new_phone")


def conversations(half: str, kind: str | None = None, name: str | None = None) -> Iterator[dict[str, Any]]:
    """The conversations of a half, each with its kind and agent."""
    for path in sorted((FOLDER / half).glob("*.eval.yaml")):
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        for each in table["conversations"]:
            if (kind is None or table["kind"] == kind) and (name is None or each["name"] == name):
                yield {**each, "kind": table["kind"], "agent": table["agent"]}


@dataclass
class Crm:
    """Records of one session."""

    agent: AgentDefinition
    records: list[dict[str, Any]] = field(default_factory=list)

    def tools(self) -> tuple[ToolSpec, ...]:
        names = [*(each.tool or each.name for each in self.agent.scenarios), FIND_CRM_RECORDS, UPDATE_CRM_RECORD]
        return tuple(ToolSpec(name, "", {}) for name in names)

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


@dataclass
class Turn:
    said: str
    reply: str
    filed: list[str]
    details: Mapping[str, Any]


async def play(engine: ScriptedEngine, conversation: Mapping[str, Any]) -> tuple[list[Turn], Crm]:
    """Plays all lines of a conversation."""
    agent = builtin_agents()[conversation["agent"]]
    crm = Crm(agent)
    language = conversation["language"]
    history: list[HistoryItem] = []
    turns: list[Turn] = []
    for line in conversation["turns"]:
        said = line.get("say") or line["speak"]
        history.append(UserMessage(said))
        filed: list[str] = []
        for _ in range(6):
            request = ChatRequest(
                tuple(history),
                agent,
                "en" if language == "auto" else language,
                crm.tools(),
                {"customer_id": "c", **conversation.get("known", {})},
            )
            items = [item async for item in engine.reply(request)]
            calls = [item for item in items if isinstance(item, ToolRequest)]
            if not calls:
                break
            for call in calls:
                result = crm.run(call)
                if result["ok"] and call.name not in {FIND_CRM_RECORDS, UPDATE_CRM_RECORD}:
                    filed.append(call.name)
                history.append(CompletedToolCall(call.call_id, call.name, call.arguments, result))
        reply = "".join(item.text for item in items if isinstance(item, TextDelta))
        finished = items[-1]
        assert isinstance(finished, ChatFinished)
        assert reply, "no reply"
        history.append(AssistantMessage(reply))
        turns.append(Turn(said, reply, filed, finished.details))
    return turns, crm


def faults(conversation: Mapping[str, Any], turns: Sequence[Turn], records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is not as expected."""
    found: list[str] = []
    for number, (line, turn) in enumerate(zip(conversation["turns"], turns, strict=True), 1):
        expect = line.get("expect", {})
        if "filed" in expect and sorted(expect["filed"]) != sorted(turn.filed):
            found.append(f"turn {number}: filed {turn.filed}, not {expect['filed']}")
        reply = expect.get("reply", {})
        if "any" in reply and not any(re.search(each, turn.reply, re.IGNORECASE) for each in reply["any"]):
            found.append(f"turn {number}: reply has none of {reply['any']}")
        found += [
            f"turn {number}: reply has {each}"
            for each in reply.get("none", ())
            if re.search(each, turn.reply, re.IGNORECASE)
        ]
        if "language" in reply and turn.details["language"] != reply["language"]:
            found.append(f"turn {number}: reply in {turn.details['language']}, not {reply['language']}")
    return found + _record_faults(conversation["expect"].get("records"), records)


def _record_faults(wanted: Sequence[Mapping[str, Any]] | None, records: Sequence[Mapping[str, Any]]) -> list[str]:
    if wanted is None:
        return []
    if len(wanted) != len(records):
        return [f"{len(records)} records, not {len(wanted)}: {[each['scenario'] for each in records]}"]
    left = list(records)
    faults: list[str] = []
    for want in wanted:
        ranked = sorted(left, key=lambda record: len(_differences(want, record)))
        faults += _differences(want, ranked[0])
        left.remove(ranked[0])
    return faults


def _differences(want: Mapping[str, Any], record: Mapping[str, Any]) -> list[str]:
    found = []
    for name, value in {**want.get("fields", {}), "scenario": want["scenario"], "intent": want.get("intent")}.items():
        allowed = value if isinstance(value, list) else [value]
        if (name in want or name in want.get("fields", {})) and not any(
            _same(name, each, record.get(name)) for each in allowed
        ):
            found.append(f"{name} is {record.get(name)!r}, not {value!r}")
    words = f"{record['query']} {record.get('effective') or ''}"
    found += [f"query {record['query']!r} lacks {each}" for each in want.get("query", ()) if not re.search(each, words)]
    return found


def _same(name: str, one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    left, right = str(one).strip(), str(other).strip()
    if name in _COMPARED_LOOSELY:
        left, right = _SEPARATORS.sub("", left), _SEPARATORS.sub("", right)
    return left.casefold() == right.casefold()


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--half", default="tune")
    parser.add_argument("--kind")
    parser.add_argument("--name")
    parser.add_argument("-v", action="store_true")
    options = parser.parse_args()
    engine = ScriptedEngine(threads=1, directory=Path(tempfile.gettempdir()) / "voxloom-prototypes")
    await engine.load()
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for each in conversations(options.half, options.kind, options.name):
        turns, crm = await play(engine, each)
        found = faults(each, turns, crm.records)
        for group in (each["kind"], "all", "en" if each["language"] == "en" else "other"):
            total[group] += 1
            right[group] += not found
        if found or options.v:
            typer.echo(f"\n## {each['kind']} {each['language']} {each['name']}")
            for turn in turns:
                typer.echo(f"  C: {turn.said}\n  A: {turn.reply}   {turn.filed or ''}")
                typer.echo(
                    f"     {turn.details['understood']} {turn.details['acts']} {turn.details['reaction']} "
                    f"{turn.details['entities']} {turn.details['said']}"
                )
            for fault in found:
                typer.echo(f"  !! {fault}")
    for group in sorted(total):
        typer.echo(f"{group:10} {right[group]:3} of {total[group]:3}  {100 * right[group] / total[group]:.0f} %")


if __name__ == "__main__":
    asyncio.run(_main())
