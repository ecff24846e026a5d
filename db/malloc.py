"""Returns freed memory to the operating system (malloc_trim), which glibc's allocator keeps."""

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


def trim_malloc() -> None:
    """Calls malloc_trim(3) on glibc; no effect elsewhere. Blocks for some milliseconds, without the GIL."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)
