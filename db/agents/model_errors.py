"""Pydantic's errors of an agent definition or an eval file, said for the author of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from db.agents.problems import Loc

#: Most characters of an unknown key that are repeated.
_SHOWN = 64

_MESSAGES = {
    "missing": "This key is missing.",
    "string_type": "This must be a text. A number, true, false or null that is meant as a text needs quotes.",
    "string_unicode": "This text has a lone surrogate (half a character).",
    "list_type": "This must be a list.",
    "dict_type": "This must be a mapping of keys to values.",
    "model_type": "This must be a mapping of keys to values.",
    "bool_type": "This must be true or false.",
    "bool_parsing": "This must be true or false.",
    "int_type": "This must be a whole number.",
    "int_parsing": "This must be a whole number.",
    "int_from_float": "This must be a whole number.",
    "string_too_short": "This text is empty.",
    "string_too_long": "This text has more than {max_length} characters.",
    "too_short": "This list is empty.",
    "too_long": "This list has more than {max_length} items.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than_equal": "This must be at most {le}.",
    "literal_error": "This must be {expected}.",
}

_PATTERNS = {
    "^[a-z]{2}$": "A language is its two letters of ISO 639-1, as en.",
    "^[a-z][a-z0-9_]{0,63}$": "A name has small letters, digits and underscores, and starts with a letter; at most 64.",
}


def model_errors(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Loc, str, bool]]:
    """Each error as the way to the value, the message, and whether it is about the key rather than the value.

    ``model``: of the whole value.
    """
    for each in error.errors(include_url=False, include_input=False):
        kind, context = each["type"], each.get("ctx", {})
        loc = tuple(part for part in each["loc"] if part != "[key]")
        about_key = "[key]" in each["loc"] or kind == "extra_forbidden"
        if kind == "extra_forbidden":
            message = _unknown(model, loc)
        elif kind == "string_pattern_mismatch":
            message = _PATTERNS.get(context["pattern"], "This text has not the required form.")
        elif kind == "missing":
            message = f"The key {loc[-1]!r} is missing."
            loc = loc[:-1]
        else:
            said = each["msg"].removeprefix("Value error, ")
            message = _MESSAGES[kind].format_map(context) if kind in _MESSAGES else f"{said[:1].upper()}{said[1:]}."
        yield loc, message, about_key


def _unknown(model: type[BaseModel], loc: Loc) -> str:
    known = _keys_of(model, loc[:-1])
    near = get_close_matches(str(loc[-1])[:_SHOWN], known, 1)
    told = f"Unknown key {str(loc[-1])[:_SHOWN]!r}"
    return f"{told}: did you mean {near[0]!r}?" if near else f"{told}: use one of {', '.join(sorted(known))}."


# Any: a type as an annotation has it.
def _keys_of(kind: Any, loc: Iterable[str | int]) -> list[str]:
    """The keys that a mapping at ``loc`` may have."""
    for part in loc:
        kind = _bare(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}[str(part)]
        else:
            kind = get_args(kind)[-1]  # the items of a list, the values of a mapping
    model: type[BaseModel] = _bare(kind)
    return [field.alias or name for name, field in model.model_fields.items()]


# Any: a type as an annotation has it.
def _bare(kind: Any) -> Any:
    """The type without ``Annotated`` and ``None``."""
    while get_origin(kind) in (Annotated, Union, UnionType):
        kind = get_args(kind)[0]
    return kind
