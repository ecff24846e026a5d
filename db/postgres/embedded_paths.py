"""Where the embedded Postgres may live: directories that its user can reach and nobody else can enter."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

from db.errors import EngineUnavailable

#: For root, whose own directories the server's user cannot reach.
_SHARED = Path("/var/lib/voxloom")

#: Not the configured one: all processes must find the same socket, whatever their environment.
_TEMPORARY = Path("/tmp")  # noqa: S108 - what is made there is refused if it is somebody else's

#: A socket's path has at most 107 bytes (103 on macOS), of which its name takes 20.
_MAX_SOCKET_DIR = 83

#: What pg_ctl hands to a shell between double quotes must not hold these.
_SHELL = re.compile(r'["$`\\\n]')

#: What stands before the words of an error in the logs of the server and of its tools.
_ERROR = re.compile(r"(?:FATAL|PANIC|ERROR|error): ")

#: A new cluster takes some 40 MB.
_LITTLE_ROOM = 50_000_000

#: What a list of socket directories can name without quotes.
_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")


def root_of(data_dir: Path, *, for_another: bool) -> Path:
    """The directory of the cluster. ``for_another``: it is run by another user, who must be able to get there.

    Raises EngineUnavailable for a path that Postgres's own tools cannot be trusted with.
    """
    data_dir = data_dir.resolve()
    root = (data_dir / "postgres").resolve()
    if for_another and not (open_to_others(data_dir) and open_to_others(root.parent)):
        root = _SHARED / _short_hash(data_dir)
    if _SHELL.search(str(root)):
        raise EngineUnavailable("The data directory's path has a character that a shell would not leave alone.")
    return root


def socket_directory(root: Path) -> Path:
    """Where the server's socket is: beside its data, unless the path is too long or too odd for one."""
    if len(os.fsencode(root)) <= _MAX_SOCKET_DIR and _PLAIN.fullmatch(str(root)):
        return root
    return _TEMPORARY / f"voxloom-{_short_hash(root)}"


def make_private(directory: Path, owner: tuple[int, int] | None) -> None:
    """Makes the directory for its owner alone (this user, if null). Raises EngineUnavailable if it is somebody else's.

    A link in its place is refused: whoever made it would choose the directory whose owner is changed here.
    """
    _make_parents(directory.parent, open_up=owner is not None)
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (os.geteuid(), owner[0] if owner else os.geteuid()):
        raise EngineUnavailable(f"{directory} is not a directory of the embedded Postgres.")
    directory.chmod(0o700)
    if owner is not None:
        os.chown(directory, *owner)


def _make_parents(directory: Path, *, open_up: bool) -> None:
    if directory.exists():
        return
    _make_parents(directory.parent, open_up=open_up)
    directory.mkdir(exist_ok=True)
    if open_up:  # whatever the umask: another user must pass through
        directory.chmod(directory.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def open_to_others(path: Path) -> bool:
    """Whether another user can reach this path, as far as it and its parents exist."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents) if each.exists())


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def size_of(file: Path) -> int:
    """How many bytes the file has; 0 if there is none."""
    return file.stat().st_size if file.exists() else 0


def lines_behind(log: Path, start: int) -> list[str]:
    """What was logged behind the byte ``start``; nothing if the log cannot be read."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(start)
        return file.read().decode(errors="replace").splitlines()
    return []


def last_error(log: Path, start: int) -> str:
    """The last error that was logged behind the byte ``start``, in its own words, and where to read on.

    A full disk takes no words, or only a part of them: so it says too if there is little room.
    """
    errors = [line for line in lines_behind(log, start) if _ERROR.search(line)]
    free = shutil.disk_usage(log.parent).free
    room = f", where {free // 1_000_000} MB are free" if free < _LITTLE_ROOM else ""
    return f"{_ERROR.split(errors[-1])[-1].strip()} (see {log}{room})" if errors else f"see {log}{room}"


def pid_in(file: Path) -> int | None:
    """The pid on the first line of a Postgres lock file; null if there is none."""
    with suppress(OSError, ValueError, IndexError):
        return abs(int(file.read_text().split()[0]))
    return None


def is_server(pid: int, data: Path) -> bool:
    """Whether this process lives and is the Postgres server of that data directory.

    A zombie is not: it has no command line any more, though its pid is still taken.
    """
    listed = Path("/proc", str(pid), "cmdline")
    if Path("/proc/self/cmdline").exists():
        with suppress(OSError):
            return str(data) in os.fsdecode(listed.read_bytes()).split("\0")
        return False
    answer = subprocess.run(  # noqa: S603 - macOS has no /proc
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
    )
    return str(data) in answer.stdout
