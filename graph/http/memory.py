"""Returns memory to the operating system after a burst: garbage collection of cycles, then glibc's malloc_trim.

A full collection traverses all objects of all connections: half a second for 5,000 subscriptions, in which nobody is
served. So whatever survives a collection is excluded from the next ones (``gc.freeze``), which then traverse only what
has been allocated since. All of it is traversed when memory has grown beyond what open subscriptions explain: a few
objects in cycles may hold megabytes.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from db.malloc import trim_malloc

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = 4096

_STEP_SECONDS = 1.0
_STEPS_PER_CHECK = 15

#: Growth in bytes that starts a collection.
_GROWTH_BYTES = 24_000_000

#: Memory of a subscription with its socket: at most while it is open, at least when it has ended (measured: 45 kB).
_MOST_PER_SUBSCRIPTION, _LEAST_PER_SUBSCRIPTION = 64_000, 32_000

#: Collections of the middle generation, of 25,000 objects each, after which survivors are frozen.
_FREEZE_AFTER = 2


def configure_collector() -> None:
    """Call after startup: excludes loaded modules from garbage collection (gc.freeze), and sets the thresholds."""
    gc.collect()
    gc.freeze()
    # Two milliseconds, and twelve. Full collections are left to `keep_low`: 1,000 are 25 million objects.
    gc.set_threshold(5_000, 5, 1_000)


def resident_bytes() -> int | None:
    """This process's resident memory (RSS) in bytes; None where /proc is missing."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None


def collect_new() -> None:
    """Collects garbage among the objects since the last collection, and excludes the survivors from the next ones."""
    gc.collect()
    gc.freeze()


def collect_all() -> None:
    """Collects all garbage. Blocks for about half a microsecond an object."""
    gc.unfreeze()
    collect_new()


@dataclass(frozen=True, slots=True)
class _Level:
    """Memory at some time, and the subscriptions that were open then."""

    bytes: int
    subscriptions: int

    def explains(self, now: _Level) -> bool:
        """Whether ``now`` is no more than this and the subscriptions opened or closed since."""
        more = now.subscriptions - self.subscriptions
        change = more * (_MOST_PER_SUBSCRIPTION if more > 0 else _LEAST_PER_SUBSCRIPTION)
        return now.bytes <= self.bytes + change + _GROWTH_BYTES


async def keep_low(subscriptions: Callable[[], int]) -> None:
    """Returns memory within a minute after a burst; runs until cancelled. ``subscriptions``: how many are open."""
    least = _level(subscriptions)
    steps = 0
    grown = False
    while least is not None:
        await asyncio.sleep(_STEP_SECONDS)
        steps += 1
        if steps % _STEPS_PER_CHECK:
            if gc.get_count()[2] >= _FREEZE_AFTER:
                collect_new()
            continue
        now = _level(subscriptions)
        if now is None:
            return
        if least.explains(now):
            grown = False
            least = now if now.bytes < least.bytes else least
            continue
        if grown:  # the young garbage was not all
            collect_all()
        else:
            collect_new()
        await asyncio.to_thread(trim_malloc)
        now = _level(subscriptions) or now
        least = now if grown or now.bytes < least.bytes else least
        grown = not least.explains(now)


def _level(subscriptions: Callable[[], int]) -> _Level | None:
    resident = resident_bytes()
    return None if resident is None else _Level(resident, subscriptions())
