"""Which tools of external MCP servers an agent may use: those of the servers that its definition names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from db.agents.definition import AgentDefinition, ToolServer
from db.agents.tool_names import ALL_UNSAFE, SEPARATOR
from inference.ports import ToolSpec


def allowed(agent: AgentDefinition, server: str, tools: Iterable[ToolSpec]) -> tuple[ToolSpec, ...]:
    """The server's tools that the agent may use; ``confirm`` as its definition says, of the tool or of a scenario."""
    limits = _limits(agent, server)
    if limits is None:
        return ()
    confirmed = {f"{server}{SEPARATOR}{name}" for name in limits.confirm}
    confirmed |= {each.tool for each in agent.scenarios if each.tool is not None and each.confirm}
    return tuple(
        replace(spec, confirm=True)
        if spec.name in confirmed or (ALL_UNSAFE in limits.confirm and not spec.repeatable)
        else spec
        for spec in tools
        if _allows(limits, server, spec.name)
    )


def may_use(agent: AgentDefinition, server: str, name: str) -> bool:
    """Whether the agent may use the server's tool ``name`` (``server__tool``), if there is one."""
    limits = _limits(agent, server)
    return limits is not None and _allows(limits, server, name)


def _limits(agent: AgentDefinition, server: str) -> ToolServer | None:
    return next((each for each in agent.tools if each.server == server), None)


def _allows(limits: ToolServer, server: str, name: str) -> bool:
    return limits.allow is None or name.removeprefix(f"{server}{SEPARATOR}") in limits.allow
