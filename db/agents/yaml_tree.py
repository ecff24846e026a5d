"""Reads YAML of strangers: a value like JSON's, and where in the text each part of it stands.

YAML 1.2 core schema: only ``true``, ``false``, ``null`` and numbers are not texts, so ``no`` is a language and
2026-01-31 a text. Keys are always texts. Refused: anchors and aliases (of which a small text makes a huge value), tags,
duplicate keys, several documents, deep nesting, more than a number of nodes. The work is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import yaml

from db.agents.problems import MAX_PROBLEMS, Loc, path_of
from db.errors import Problem
from db.json_value import Json

MAX_DEPTH = 20

#: Most texts, numbers, lists and mappings.
MAX_NODES = 50_000

_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,2})?", re.ASCII)


@dataclass(slots=True)
class Tree:
    """``value``: as of JSON. ``places``: line and column from 1, of each value, and of each key in ``keys``.
    ``unquoted``: texts without quotes in lists in brackets, which a comma ends.
    """

    value: Json = None
    places: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Loc, tuple[int, int]] = field(default_factory=dict)
    unquoted: set[Loc] = field(default_factory=set)

    def place(self, loc: Loc, *, key: bool = False) -> tuple[int, int]:
        """Where the value stands, or else the nearest that it is in; ``key``: its key, if it has one."""
        if key and loc in self.keys:
            return self.keys[loc]
        while loc and loc not in self.places:
            loc = loc[:-1]
        return self.places.get(loc, (1, 1))


#: A problem before its place is known: the way to the value, the message, whether it is about the key.
FoundProblem = tuple[Loc, str, bool]


def placed(found: Iterable[FoundProblem], tree: Tree | None, file: str | None) -> list[Problem]:
    """Problems with their places in a file's text, in its order; without lines if there is no text."""
    problems = []
    for loc, message, about_key in found:
        line, column = (None, None) if tree is None else tree.place(loc, key=about_key)
        problems.append(Problem(message, path_of(loc), file, line, column))
    return sorted(problems, key=lambda each: (each.line or 0, each.column or 0))[:MAX_PROBLEMS]


class Unreadable(Exception):
    """The text is not YAML that can be read. ``problem``: without its file."""

    def __init__(self, message: str, place: tuple[int, int] | None = None, loc: Loc = ()) -> None:
        super().__init__(message)
        line, column = place or (None, None)
        self.problem = Problem(message, path_of(loc), line=line, column=column)

    def in_file(self, file: str | None) -> Problem:
        return replace(self.problem, file=file)


def read_tree(text: str) -> Tree:
    """Raises Unreadable."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        self._tree = Tree()
        self._nodes = 0

    def read(self) -> Tree:
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            raise Unreadable("The text is empty.")
        self._tree.value = self._node(self._next(), ())
        self._next()  # the document's end
        more = self._next()
        if not isinstance(more, yaml.StreamEndEvent):
            raise Unreadable("There is a second document: a file holds one.", _place(more))
        return self._tree

    def _next(self) -> yaml.Event:
        try:
            return next(self._events)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            told = " ".join(part for part in (error.context, error.problem) if part)
            raise Unreadable(f"Not YAML: {told}.", (mark.line + 1, mark.column + 1) if mark else None) from None
        except yaml.reader.ReaderError as error:
            raise Unreadable(f"Not YAML: {error.reason}.") from None
        except UnicodeError:
            raise Unreadable("The text has a lone surrogate (half a character).") from None

    def _node(self, event: yaml.Event, loc: Loc) -> Json:
        self._nodes += 1
        place = _place(event)
        if self._nodes > MAX_NODES:
            raise Unreadable(f"The text has more than {MAX_NODES} values.", place)
        if len(loc) > MAX_DEPTH:
            raise Unreadable(f"The text is nested deeper than {MAX_DEPTH} levels.", place)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise Unreadable("Anchors (&) and aliases (*) are not allowed: write the value out.", place, loc)
        if event.tag is not None and event.tag != "!":
            raise Unreadable("Tags (!) are not allowed.", place, loc)
        self._tree.places[loc] = place
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(loc, flow=bool(event.flow_style))
        return self._mapping(loc)

    def _list(self, loc: Loc, *, flow: bool) -> list[Json]:
        found: list[Json] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            if flow and isinstance(event, yaml.ScalarEvent) and not event.style:
                self._tree.unquoted.add((*loc, len(found)))
            found.append(self._node(event, (*loc, len(found))))
        return found

    def _mapping(self, loc: Loc) -> dict[str, Json]:
        found: dict[str, Json] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            place = _place(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise Unreadable("A key must be a text.", place, loc)
            self._node(event, (*loc, event.value))  # refuses what no value may have either
            if event.value in found:
                raise Unreadable(f"The key {event.value[:64]!r} is there twice.", place, loc)
            self._tree.keys[*loc, event.value] = place
            found[event.value] = self._node(self._next(), (*loc, event.value))
        return found


def _place(event: yaml.Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _scalar(event: yaml.ScalarEvent) -> Json:
    text: str = event.value
    if event.style:  # quoted, or a block
        return text
    if text.lower() in _CONSTANTS and text in (text.lower(), text.upper(), text.capitalize()):
        return _CONSTANTS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
