"""The built-in agents: YAML files of this package, which every tenant may use until it publishes its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from db.agents.definition import AgentDefinition
from db.agents.yaml_tree import read_tree


@cache
def builtin_agents() -> Mapping[str, AgentDefinition]:
    """The built-in agents by name, in the order of their files' names; parsed once a process."""
    folder = files("db.agents").joinpath("builtin")
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".yaml"))
    texts = (folder.joinpath(name).read_text(encoding="utf-8") for name in names)
    found = (AgentDefinition.model_validate(read_tree(text).value) for text in texts)
    return MappingProxyType({agent.name: agent for agent in found})
