"""Keeps a worker's memory flat, whatever lengths of text and sound it has met.

Two native libraries keep what they once needed. oneDNN, under torch, keeps a compiled primitive with its memory for
each of up to 1,024 shapes, and every sentence has a shape of its own. glibc's malloc keeps freed blocks, and after a
large one has been freed it takes even large ones from its heap, where they leave holes. 26 sentences of 2 to 30 words
took a worker with the voice "joe" from 0.7 to 2.0 GB; with both remedies it stays under 0.7 GB.

Import this before torch: oneDNN reads its setting once.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable

#: Compiled primitives that oneDNN keeps. Those of one model run again within a call, hardly ever after it.
_PRIMITIVES = 8
_SECONDS = 5.0

os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(_PRIMITIVES))


def _malloc_trim() -> Callable[[int], object] | None:
    """glibc's ``malloc_trim``; None where the C library is another one, which gives memory back by itself."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return trim


async def give_back_periodically(seconds: float = _SECONDS) -> None:
    """Gives freed memory back to the system every ``seconds``, in a thread, until cancelled; takes milliseconds."""
    trim = _malloc_trim()
    while True:
        await asyncio.sleep(seconds)
        if trim is not None:
            await asyncio.to_thread(trim, 0)
