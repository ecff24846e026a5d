"""What processes have used of the machine, by /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; the second, the name, may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree_cpu_seconds(root: int) -> float:
    """User and system time of a process and its children, those that have ended included. Good to 10 ms."""
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = _stat(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(entry.name) == root:
                total += sum(int(each) for each in stat[11:15])
            elif int(stat[1]) == root:
                total += sum(int(each) for each in stat[11:13])
    return total / _TICKS


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def open_files(pid: int) -> int:
    """Its file descriptors, sockets above all."""
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - names alone
