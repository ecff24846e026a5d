"""Whether a regular expression of an eval is found in a text, case ignored: two engines.

Expectations of clients are searched in linear time (``db.agents.patterns``), which look-around and back-references
exclude. Those of the operator's own files (``voxloom eval``) may have them: Python's ``re``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from db.agents import patterns

#: The pattern and the text.
Search = Callable[[str, str], bool]

#: Case does not count.
_FLAGS = "(?i)"

#: Most parts of all patterns of a text (``db.agents.patterns``): compiling so many takes a second.
_MAX_PARTS = 20_000


@dataclass(slots=True)
class LinearPatterns:
    """Checks the patterns of one text, which may have ``left`` parts all together."""

    left: int = _MAX_PARTS

    def check(self, pattern: str) -> None:
        """Raises ValueError for a pattern that cannot be searched in linear time, or for too many large ones."""
        self.left -= patterns.parts_of(_FLAGS + pattern)
        if self.left < 0:
            raise ValueError("the regular expressions are too large, all of them together")
        patterns.check_pattern(_FLAGS + pattern)


def linear(pattern: str, text: str) -> bool:
    """The search for expectations of clients."""
    return patterns.matches(_FLAGS + pattern, text)


def backtracking(pattern: str, text: str) -> bool:
    """The search for expectations of the operator's own files."""
    return re.search(pattern, text, re.IGNORECASE) is not None


def check_backtracking(pattern: str) -> None:
    """Raises ValueError for a pattern that is no regular expression of Python's."""
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        raise ValueError("not a regular expression") from None
