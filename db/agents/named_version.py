"""A version of an agent in one text, as ``NAME@VERSION``."""

from __future__ import annotations

import re

_NAMED = re.compile("([a-z0-9_]+)@([1-9][0-9]{0,9})", re.ASCII)


def named_version(text: str) -> tuple[str, int | None]:
    """The agent's name, and the version's number or None. Another text is taken for a name, which no agent has."""
    found = _NAMED.fullmatch(text)
    return (text, None) if found is None else (found[1], int(found[2]))
