"""The agents that evaluation conversations name: built-in ones, the examples, and those beside the conversations."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from db.agents.builtin import builtin_agents
from db.agents.definition import AgentDefinition
from db.agents.parse import parse_file
from inference.ports import ToolSpec

EXAMPLES = Path(__file__).parents[2] / "examples" / "agents"
_SUFFIX = "*.agent.yaml"


def agents_beside(folder: Path) -> Mapping[str, AgentDefinition]:
    """Agents by name: those of ``*.agent.yaml`` below the folder, then the examples, then built-in ones."""
    files = [*sorted(EXAMPLES.glob("*/*.yaml")), *sorted(folder.rglob(_SUFFIX))]
    own = (parse_file(file) for file in files if not file.name.endswith(".eval.yaml"))
    return {**builtin_agents(), **{agent.name: agent for agent in own}}


def servers_of(agent: AgentDefinition) -> Sequence[tuple[ToolSpec, Callable[..., dict[str, Any]]]]:
    """The tools of the MCP servers that an example names, and what they run."""
    if not any(tool.server == "parcels" for tool in agent.tools):
        return []
    run = runpy.run_path(str(EXAMPLES / "parcels" / "server.py"))["where_is"]
    schema = {"type": "object", "properties": {"parcel": {"type": "string"}}, "required": ["parcel"]}
    return [(ToolSpec("parcels__where_is", "Where a parcel is.", schema, repeatable=True), run)]
