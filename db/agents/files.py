"""Reads the files of an agent definition: itself, and the texts of its knowledge, which stand in its folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from db.agents.problems import Loc
from db.json_value import Json

#: Most bytes of a text of knowledge.
MAX_KNOWLEDGE_BYTES = 1_000_000


class FileProblem(Exception):
    """A file cannot be read, or is no text."""


def read_text(file: Path, max_bytes: int) -> str:
    """The text of a regular file in UTF-8, of which at most ``max_bytes`` are read. Raises FileProblem."""
    try:
        # Not blocking: opening a named pipe would wait for its writer.
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:  # ValueError: NUL or a surrogate in the name
        raise FileProblem(
            f"The file cannot be read: {getattr(error, 'strerror', None) or 'not a file name'}."
        ) from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise FileProblem("This is not a file.")
        with os.fdopen(handle, "rb", closefd=False) as opened:
            data = opened.read(max_bytes + 1)
    finally:
        os.close(handle)
    if len(data) > max_bytes:
        raise FileProblem(f"The file has more than {max_bytes} bytes.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FileProblem(f"The file is not text in UTF-8: line {line}, byte {error.start}.") from None


def read_knowledge(value: Json, folder: Path) -> Iterator[tuple[Loc, str, bool]]:
    """Puts the text of each source of ``knowledge`` that has none into ``value``, from its file in ``folder``.

    Yields what is wrong with them. A file's real path, without symbolic links, must be in the folder.
    """
    sources = value.get("knowledge") if isinstance(value, dict) else None
    for number, source in enumerate(sources if isinstance(sources, list) else []):
        if not isinstance(source, dict) or not isinstance(source.get("source"), str) or "text" in source:
            continue
        try:
            source["text"] = read_text(_inside(source["source"], folder), MAX_KNOWLEDGE_BYTES)
        except FileProblem as error:
            source["text"] = "-"  # so that nothing else is said about it
            yield ("knowledge", number, "source"), str(error), False


def _inside(name: str, folder: Path) -> Path:
    try:
        found = (folder / name).resolve(strict=True)
        home = folder.resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # RuntimeError: links in a circle
        raise FileProblem("There is no such file beside the definition.") from None
    if Path(name).is_absolute() or not found.is_relative_to(home):
        raise FileProblem("The file must be in the definition's folder.")
    return found
