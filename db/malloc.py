"""Memory that was freed, given back to the system: glibc's malloc keeps it, other C libraries do not."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim


def give_back_freed() -> None:
    """Calls malloc_trim(3) where there is one. It blocks for some milliseconds, without the GIL."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)
