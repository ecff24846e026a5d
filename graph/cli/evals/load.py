"""Reads eval files from paths: files, and all ``*.eval.yaml`` below folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from pydantic import ValidationError

from db.errors import BadUserInput
from graph.cli.evals.conversation import Conversation, EvalFile

_SUFFIX = "*.eval.yaml"
_MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """A conversation of a file, with the file's agent and kind where it names none."""

    file: Path
    conversation: Conversation

    def for_agent(self, name: str) -> Loaded:
        """The same conversation with another agent."""
        return replace(self, conversation=self.conversation.model_copy(update={"agent": name}))


def load(paths: Sequence[Path]) -> list[Loaded]:
    """All conversations of these files and folders, in order. Raises BadUserInput with the file and the place."""
    files: list[Path] = []
    for path in paths:
        files += sorted(path.rglob(_SUFFIX)) if path.is_dir() else [path]
    if not files:
        raise BadUserInput(f"No {_SUFFIX} below {', '.join(map(str, paths))}.")
    return [each for file in files for each in _conversations(file)]


def _conversations(file: Path) -> list[Loaded]:
    whole = _parse(file)
    filled = [
        each.model_copy(update={"agent": each.agent or whole.agent, "kind": each.kind or whole.kind})
        for each in whole.conversations
    ]
    return [Loaded(file, each) for each in filled]


def _parse(file: Path) -> EvalFile:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise BadUserInput(f"{file} has more than {_MOST_BYTES} bytes.")
        text = file.read_text(encoding="utf-8")
        return EvalFile.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))
    except OSError as error:
        raise BadUserInput(f"{file}: {error.strerror}.") from None
    except UnicodeError:
        raise BadUserInput(f"{file} is not UTF-8 text.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise BadUserInput(f"{file}{place}: {getattr(error, 'problem', None) or 'not YAML'}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadUserInput(f"{file}: {where}: {first['msg']}.") from None
