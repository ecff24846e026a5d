"""Check of available memory for the models."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from db.findings import Finding, fault, ok, warning
from graph.cli.doctor.context import Context

_NAME = "memory"
_MB = 1_000_000

#: A worker with the default engines takes some 1,700 MB, an API some 200 MB.
_LEAST, _LITTLE = 300 * _MB, 2_000 * _MB

_CGROUP = Path("/sys/fs/cgroup")


async def check(context: Context) -> Sequence[Finding]:
    available = min(filter(None, (_of_machine(), _of_container())), default=None)
    if available is None:
        return [ok(_NAME, "this system does not report available memory")]
    message = f"{available // _MB:,} MB available, {os.cpu_count()} processors"
    advice = "A worker with the default engines needs 2 GB: stop other programs, or choose lighter engines."
    if available < _LITTLE:
        return [(fault if available < _LEAST else warning)(_NAME, message, advice)]
    return [ok(_NAME, message)]


def _of_machine() -> int | None:
    """Available memory of the machine in bytes (without swapping); None without /proc."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024
    return None


def _of_container() -> int | None:
    """Remaining bytes of the container's memory limit (cgroup v2); None without one."""
    with suppress(OSError, ValueError):
        limit = int((_CGROUP / "memory.max").read_text())
        return max(0, limit - int((_CGROUP / "memory.current").read_text()))
    return None
