"""CPU time of processes, from /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; the second, the name, may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _own_cpu_seconds(process: Path) -> float:
    """User and system time of a process, thread by thread: the scheduler counts nanoseconds, stat only ticks."""
    total = 0
    for thread in (process / "task").iterdir():
        total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def tree_cpu_seconds(root: int) -> float:
    """User and system time of a process and its children, those that have ended included."""
    total = sum(int(each) for each in _stat(root)[13:15]) / _TICKS
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):  # it, or one of its threads, ended meanwhile
                if int(entry.name) == root or int(_stat(int(entry.name))[1]) == root:
                    total += _own_cpu_seconds(entry)
    return total


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def client_sockets(pid: int, port: int) -> int:
    """The TCP sockets that the process holds on its own ``port``, the one that listens among them.

    Those to Postgres are not counted: a pool opens its next one when so many statements meet, whenever that is.
    """
    local = f":{port:04X}"
    inodes = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(local):
                inodes.add(f"socket:[{fields[9]}]")
    return sum(_target(file) in inodes for file in Path(f"/proc/{pid}/fd").iterdir())


def _target(file: Path) -> str | None:
    try:
        return os.readlink(file)  # noqa: PTH115 - no path, but a name
    except FileNotFoundError:  # closed meanwhile
        return None
