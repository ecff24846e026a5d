"""Returns memory to the operating system after a burst: garbage collection of cycles, then glibc's malloc_trim.

A collection traverses all objects of all connections, so it runs when memory has grown, not by counts of objects: a few
objects in cycles may hold megabytes.
"""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

from db.malloc import trim_malloc

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = 4096
_CHECK_SECONDS = 15.0

#: Growth in bytes since the last collection that starts another.
_GROWTH_BYTES = 24_000_000


def configure_collector() -> None:
    """Call after startup: excludes loaded modules from garbage collection (gc.freeze), and raises the thresholds."""
    gc.collect()
    gc.freeze()
    # The default of 700 collects within requests; a full collection still needs a quarter more objects than there were.
    gc.set_threshold(10_000, 20, 20)


def resident_bytes() -> int | None:
    """This process's resident memory (RSS) in bytes; None where /proc is missing."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None


def give_back() -> None:
    """Collects garbage, and returns free pages to the operating system (malloc_trim(3), where available)."""
    gc.collect()
    trim_malloc()


async def keep_low() -> None:
    """Returns memory within a minute after a burst; runs until cancelled."""
    least = resident_bytes() or 0
    while True:
        await asyncio.sleep(_CHECK_SECONDS)
        now = resident_bytes()
        if now is None:
            return
        if now > least + _GROWTH_BYTES:
            give_back()
            least = resident_bytes() or now
        least = min(least, now)
