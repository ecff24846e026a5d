"""Whether two values are the same but for how they are written."""

from __future__ import annotations

import re

_SEPARATORS = re.compile(r"[\s\-./()]+")


def same_value(one: str, other: str) -> bool:
    """Whether two values are the same but for case, spaces and separators."""
    return _SEPARATORS.sub("", one).casefold() == _SEPARATORS.sub("", other).casefold()
