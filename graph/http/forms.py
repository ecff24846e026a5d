"""GraphQL multipart requests (file uploads): the fields operations and map, and the files that map puts into variables.

Specification: https://github.com/jaydenseric/graphql-multipart-request-spec
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import UploadFile

from db.errors import BadUserInput
from graph.guards.requests import GraphQLRequest, from_members
from graph.wire.json_reader import read_json

#: Files go into variables only.
_ROOT = "variables"

#: Commas and opening brackets in a field: every JSON value but the first has one. ``graph.http.body_limit`` counts
#: JSON bodies, not forms, as files may hold anything.
_MAX_SIGNS = 110_000


def from_form(form: Mapping[str, object]) -> GraphQLRequest:
    """The request of a form, with the files in its variables; a file may have several paths. Raises BadUserInput."""
    members, places = _read(form, "operations"), _read(form, "map")
    from_members(members)  # checks the shape of all that is traversed below
    if not isinstance(places, dict):
        raise _bad_map()
    for name, paths in places.items():
        file = form.get(name)
        if not isinstance(file, UploadFile):
            raise BadUserInput("The field map names a file that is not in the form.")
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise _bad_map()
        for path in paths:
            _put(members, path.split("."), file)
    return from_members(members)


def _read(form: Mapping[str, object], name: str) -> object:
    text = form.get(name)
    if not isinstance(text, str):
        raise BadUserInput(f"A form needs the field {name}, as JSON.")
    if sum(map(text.count, ",[{")) > _MAX_SIGNS:
        raise BadUserInput(f"The field {name} has more than {_MAX_SIGNS} commas and brackets.")
    return read_json(text)


def _put(members: object, path: list[str], file: UploadFile) -> None:
    """Sets the file at the path, whose value must be null or absent."""
    if len(path) < 2 or path[0] != _ROOT:
        raise _bad_map()
    inner = members
    for step in path[:-1]:
        inner = _child(inner, step)
    last = path[-1]
    if isinstance(inner, dict) and last not in inner:
        inner[last] = None
    if _child(inner, last) not in (None, file):
        raise BadUserInput("The field map has a path into operations whose value is not null.")
    if isinstance(inner, dict):
        inner[last] = file
    elif isinstance(inner, list):
        inner[int(last)] = file


def _child(value: object, step: str) -> object:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 7 and int(step) < len(value):
        return value[int(step)]
    raise BadUserInput("The field map has a path that operations does not have.")


def _bad_map() -> BadUserInput:
    return BadUserInput("The field map must have, for each file, a list of paths into the variables of operations.")
