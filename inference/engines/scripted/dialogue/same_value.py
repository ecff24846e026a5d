"""Whether two values are the same but for how they are written."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[\s\-./()]+")


def same_value(one: str, other: str) -> bool:
    """Whether two values are the same but for case, spaces and separators, which tell e-mail addresses apart."""
    if "@" in one and "@" in other:
        return one.strip().casefold() == other.strip().casefold()
    return _SEPARATORS.sub("", one).casefold() == _SEPARATORS.sub("", other).casefold()
