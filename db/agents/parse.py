"""Parses agent definitions of files and clients: YAML or JSON in, a checked definition out, or problems by line.

``parse_definition`` works for up to a second on the largest hostile text: call it in a thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import NoReturn

from pydantic import ValidationError

from db.agents.check import check_definition
from db.agents.definition import AgentDefinition
from db.agents.files import FileProblem, read_knowledge, read_text
from db.agents.model_errors import model_errors
from db.agents.problems import MAX_PROBLEMS
from db.agents.yaml_tree import MAX_DEPTH, FoundProblem, Tree, Unreadable, placed, read_tree
from db.errors import InvalidDefinition, Problem
from db.json_value import Json

#: Most bytes of a definition's text; knowledge stands in files of its own.
MAX_BYTES = 1_000_000

#: Escapes of surrogates, which JSON has and YAML has not.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def parse_file(file: Path) -> AgentDefinition:
    """Reads a YAML or JSON file and the knowledge beside it. Raises InvalidDefinition, also if it cannot be read."""
    try:
        text = read_text(file, MAX_BYTES)
    except FileProblem as error:
        raise InvalidDefinition([Problem(str(error), file=str(file))]) from None
    return parse_definition(text, file=str(file), folder=file.parent)


def parse_definition(text: str, *, file: str | None = None, folder: Path | None = None) -> AgentDefinition:
    """Parses a definition in YAML or JSON. Raises InvalidDefinition.

    ``file``: its name, for the problems. ``folder``: where the files of ``knowledge`` are; without one, a definition
    holds their texts itself.
    """
    if len(text) > MAX_BYTES or len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise InvalidDefinition([Problem(f"The definition has more than {MAX_BYTES} bytes.", file=file)])
    tree = _tree(text, file)
    problems = [] if folder is None else list(read_knowledge(tree.value, folder))
    return _validated(tree.value, tree, file, problems)


def validate_definition(value: Json) -> AgentDefinition:
    """A definition that is JSON already. Raises InvalidDefinition; its problems have no lines."""
    if _is_deep(value):
        raise InvalidDefinition([Problem(f"The definition is nested deeper than {MAX_DEPTH} levels.")])
    return _validated(value, None, None, [])


def _is_deep(value: Json) -> bool:
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH + 1):
        parts = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list))]
        level = [part for each in parts for part in each]
    return bool(level)


def _validated(value: Json, tree: Tree | None, file: str | None, problems: list[FoundProblem]) -> AgentDefinition:
    try:
        definition = AgentDefinition.model_validate(value)
    except ValidationError as error:
        _refuse([*problems, *islice(model_errors(error, AgentDefinition), MAX_PROBLEMS)], tree, file)
    problems += check_definition(definition)
    if problems:
        _refuse(problems, tree, file)
    return definition


def _refuse(found: Iterable[FoundProblem], tree: Tree | None, file: str | None) -> NoReturn:
    raise InvalidDefinition(placed(found, tree, file))


def _tree(text: str, file: str | None) -> Tree:
    try:
        if not text.lstrip("\ufeff \t\r\n").startswith("{"):
            return read_tree(text)
        return _json_tree(text)
    except Unreadable as error:
        raise InvalidDefinition([error.in_file(file)]) from None


def _json_tree(text: str) -> Tree:
    """YAML is a superset of JSON but for pairs of surrogates: values from ``json``, places and rules from YAML."""
    tree = read_tree(_SURROGATE.sub(r"\\u0041", text))
    try:
        value = json.loads(text.lstrip("\ufeff"), parse_constant=_no_constant)
    except ValueError:  # YAML in braces
        return read_tree(text)
    return Tree(value, tree.places, tree.keys)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity, which JSON has not
