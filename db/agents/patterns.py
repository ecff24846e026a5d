"""Regular expressions of definitions, in an engine whose time is linear in the text (Rust's regex crate).

``re`` backtracks: of a pattern like ``(a+)+$`` a text of 30 characters takes minutes, in native code that no timeout
reaches. The Rust engine has no look-around and no back-references, and refuses what compiles to more than 10 MB.
"""

from __future__ import annotations

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

#: Compiled patterns that are kept.
_KEPT = 200

#: Most characters of a pattern.
MAX_PATTERN = 500


@lru_cache(_KEPT)
def _compiled(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex", strict=True))


def check_pattern(pattern: str) -> None:
    """Raises ValueError for a pattern that is too long or that the engine does not take."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters")
    try:
        _compiled(pattern)
    except SchemaError:
        raise ValueError(
            "not a regular expression of linear time: no look-around, no back-references, no huge repetitions"
        ) from None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text, as JSON Schema's ``pattern``."""
    return _compiled(pattern).isinstance_python(text)
