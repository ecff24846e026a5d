"""Reads eval files from paths: files, and all ``*.eval.yaml`` below folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from db.agents.files import FileProblem, read_text
from db.errors import BadUserInput, InvalidEvals, Problem
from graph.evals.conversation import Conversation
from graph.evals.parse import MAX_BYTES, parse_evals

_SUFFIX = "*.eval.yaml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A conversation of a file, with the file's agent and kind where it names none."""

    file: Path
    conversation: Conversation

    def for_agent(self, name: str) -> Loaded:
        """The same conversation with another agent."""
        return replace(self, conversation=self.conversation.model_copy(update={"agent": name}))


def load(paths: Sequence[Path]) -> list[Loaded]:
    """All conversations of these files and folders, in order.

    Raises InvalidEvals with the file and the places, BadUserInput if there is none.
    """
    files: list[Path] = []
    for path in paths:
        files += sorted(path.rglob(_SUFFIX)) if path.is_dir() else [path]
    if not files:
        raise BadUserInput(f"No {_SUFFIX} below {', '.join(map(str, paths))}.")
    return [Loaded(file, each) for file in files for each in _conversations(file)]


def _conversations(file: Path) -> list[Conversation]:
    try:
        text = read_text(file, MAX_BYTES)
    except FileProblem as error:
        raise InvalidEvals([Problem(str(error), file=str(file))]) from None
    return parse_evals(text, file=str(file), backtracking=True)
