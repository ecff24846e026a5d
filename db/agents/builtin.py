"""The built-in agents: YAML files of this package, which every tenant may use until it publishes its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

from db.agents.definition import AgentDefinition


@cache
def builtin_agents() -> Mapping[str, AgentDefinition]:
    """The built-in agents by name, in the order of their files' names; parsed once a process."""
    folder = files("db.agents").joinpath("builtin")
    texts = sorted((each.name, each.read_bytes()) for each in folder.iterdir() if each.name.endswith(".yaml"))
    found = (AgentDefinition.model_validate(yaml.load(text, Loader=yaml.CSafeLoader)) for _, text in texts)
    return MappingProxyType({agent.name: agent for agent in found})
