"""Definitions as canonical YAML: keys in the model's order, no defaults. What ``show`` prints can be published."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator

import yaml

from db.agents.definition import AgentDefinition
from db.json_value import Json

_WIDTH = 110


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
    """Texts of several lines as blocks, lists indented below their keys."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def canonical(definition: Json) -> str:
    """The YAML of a definition as the API and ``AgentDefinition.to_json`` give it."""
    written: str = yaml.dump(definition, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH)
    return written


def canonical_of(definition: AgentDefinition) -> str:
    """The YAML of a definition that was read from a file."""
    return canonical(json.loads(definition.to_json()))


def differences(before: str, after: str, *, names: tuple[str, str]) -> Iterator[str]:
    """The lines of a unified diff; none if the texts are equal."""
    yield from difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), *names)
