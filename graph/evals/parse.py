"""Reads eval files and conversations of clients: a checked value, or problems by line and column.

``parse_evals`` works for up to two seconds on the largest hostile text: call it in a thread.
"""

from __future__ import annotations

from itertools import islice
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from db.agents.model_errors import model_errors
from db.agents.problems import MAX_PROBLEMS
from db.agents.yaml_tree import Tree, Unreadable, placed, read_tree
from db.errors import InvalidEvals, Problem
from db.json_value import Json
from graph.evals.conversation import Conversation, EvalFile
from graph.evals.search import LinearPatterns

#: Most bytes of an eval file's text, and of one conversation as JSON.
MAX_BYTES = 1_000_000

M = TypeVar("M", bound=BaseModel)


def parse_evals(text: str, *, file: str | None = None, backtracking: bool = False) -> list[Conversation]:
    """The conversations of an eval file, with the file's agent and kind where they name none.

    ``file``: its name, for the problems. ``backtracking``: of the operator's own file, whose regular expressions may
    be any of Python's (``graph.evals.search``). Raises InvalidEvals.
    """
    _check_size(text, file)
    try:
        tree = read_tree(text)
    except Unreadable as error:
        raise InvalidEvals([error.in_file(file)]) from None
    whole = _validated(EvalFile, tree.value, tree, file, None if backtracking else LinearPatterns())
    return [
        each.model_copy(update={"agent": each.agent or whole.agent, "kind": each.kind or whole.kind})
        for each in whole.conversations
    ]


def parse_conversation(text: str) -> Conversation:
    """A conversation from its JSON (or YAML), as ``to_json`` writes it. Raises InvalidEvals."""
    _check_size(text, None)
    try:
        tree = read_tree(text)
    except Unreadable as error:
        raise InvalidEvals([error.problem]) from None
    return _validated(Conversation, tree.value, tree, None, LinearPatterns())


def _check_size(text: str, file: str | None) -> None:
    if len(text) > MAX_BYTES or len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise InvalidEvals([Problem(f"The text has more than {MAX_BYTES} bytes.", file=file)])


def _validated(model: type[M], value: Json, tree: Tree, file: str | None, patterns: LinearPatterns | None) -> M:
    try:
        return model.model_validate(value, context=patterns)
    except ValidationError as error:
        raise InvalidEvals(placed(islice(model_errors(error, model), MAX_PROBLEMS), tree, file)) from None
