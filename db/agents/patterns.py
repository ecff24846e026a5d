"""Regular expressions of definitions, in an engine whose time is linear in the text (Rust's regex crate).

``re`` backtracks: of a pattern like ``(a+)+$`` a text of 30 characters takes minutes, in native code that no timeout
reaches. The Rust engine has no look-around and no back-references. It compiles counted repetitions by writing them out,
so their size is estimated first.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

#: Most characters of a pattern.
MAX_PATTERN = 500

#: Most parts of a pattern with its repetitions written out; compiling so many takes some 0.1 s and 2 MB.
_MAX_PARTS = 2_000

#: Parts of a class of characters: in Unicode it is hundreds of ranges.
_CLASS_PARTS = 20

#: Compiled patterns that are kept.
_KEPT = 64

_TOKEN = re.compile(r"\\[pP]\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])*\]|\{(\d{1,9})(?:,(\d{0,9}))?\}|.", re.ASCII | re.DOTALL)


@lru_cache(_KEPT)
def _compiled(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex", strict=True))


def check_pattern(pattern: str) -> None:
    """Raises ValueError for a pattern that is too long or too large, or that the engine does not take."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters")
    if parts_of(pattern) > _MAX_PARTS:
        raise ValueError("its repetitions are too large: use minLength and maxLength")
    try:
        _compiled(pattern)
    except SchemaError:
        raise ValueError("not a regular expression of linear time: no look-around, no back-references") from None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text, as JSON Schema's ``pattern``."""
    return _compiled(pattern).isinstance_python(text)


def parts_of(pattern: str) -> int:
    """An estimate of the pattern's parts, its counted repetitions written out; compiling takes some 50 µs for each."""
    groups: list[list[int]] = [[]]
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if text == "(":
            groups.append([])
        elif text == ")" and len(groups) > 1:
            closed = sum(groups.pop())
            groups[-1].append(closed)
        elif token[1] is not None and groups[-1]:
            groups[-1][-1] *= max(int(token[2] or token[1]), 1)
        elif (len(text) > 1 and text[1:2].isalpha()) or text[0] in ".[":
            groups[-1].append(_CLASS_PARTS)
        else:
            groups[-1].append(1)
    return sum(map(sum, groups))
