"""Directories, log files and pid files of the embedded Postgres: reachable by its user, private to it."""

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

#: Fixed rather than TMPDIR: all processes must find the same socket, whatever their environment.
_TEMPORARY = Path("/tmp")  # noqa: S108 - a directory of another user is refused there

#: A socket's path has at most 107 bytes (103 on macOS), of which its name takes 20.
_MAX_SOCKET_DIR = 83

#: Characters that are special within double quotes: pg_ctl passes paths to a shell.
_SHELL = re.compile(r'["$`\\\n]')

#: The severity before an error message in the logs of the server and of its tools.
_ERROR = re.compile(r"(?:FATAL|PANIC|ERROR|error): ")

#: Free bytes below which an error mentions the disk; a new cluster takes some 40 MB.
_LOW_DISK_SPACE = 50_000_000

#: Paths that need no quotes in a list of socket directories.
_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")


def cluster_root(data_dir: Path, *, for_another: bool) -> Path:
    """The directory of the cluster. ``for_another``: another user runs the server and must be able to reach it.

    Raises EngineUnavailable for a path with characters that are special to a shell, which pg_ctl calls.
    """
    data_dir = data_dir.resolve()
    root = (data_dir / "postgres").resolve()
    if for_another and not (reachable_by_others(data_dir) and reachable_by_others(root.parent)):
        root = _SHARED / _short_hash(data_dir)
    if _SHELL.search(str(root)):
        raise EngineUnavailable("The path of the data directory must not have quotes, $, backslashes or line breaks.")
    return root


def socket_directory(root: Path) -> Path:
    """The directory of the server's socket: the cluster's, or one in /tmp if that path is too long or needs quotes."""
    if len(os.fsencode(root)) <= _MAX_SOCKET_DIR and _PLAIN.fullmatch(str(root)):
        return root
    return _TEMPORARY / f"voxloom-{_short_hash(root)}"


def make_private(directory: Path, owner: tuple[int, int] | None) -> None:
    """Makes a directory of mode 0700 for ``owner`` (uid, gid; None: this user).

    Raises EngineUnavailable if it belongs to another user, or is a symbolic link, by which another user could have the
    owner of any directory changed.
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
    if open_up:  # whatever the umask: the server's user must be able to pass
        directory.chmod(directory.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def reachable_by_others(path: Path) -> bool:
    """Whether other users can pass through this path and its parents, as far as they exist."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents) if each.exists())


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def size_of(file: Path) -> int:
    """The file's size in bytes; 0 if it does not exist."""
    return file.stat().st_size if file.exists() else 0


def lines_after(log: Path, start: int) -> list[str]:
    """The lines of a log after byte ``start``; none if it cannot be read."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(start)
        return file.read().decode(errors="replace").splitlines()
    return []


def last_error(log: Path, start: int) -> str:
    """The last error message of a log after byte ``start``, and the path of the log.

    Also mentions low disk space: a full disk may have cut the message.
    """
    errors = [line for line in lines_after(log, start) if _ERROR.search(line)]
    free = shutil.disk_usage(log.parent).free
    room = f", where {free // 1_000_000} MB are free" if free < _LOW_DISK_SPACE else ""
    return f"{_ERROR.split(errors[-1])[-1].strip()} (see {log}{room})" if errors else f"see {log}{room}"


def read_pid(file: Path) -> int | None:
    """The pid on the first line of a Postgres lock file; None without one."""
    with suppress(OSError, ValueError, IndexError):
        return abs(int(file.read_text().split()[0]))
    return None


def is_server(pid: int, data: Path) -> bool:
    """Whether the process is alive and the Postgres server of the data directory, by its command line.

    A zombie, which has no command line, is not.
    """
    command_line = Path("/proc", str(pid), "cmdline")
    if Path("/proc/self/cmdline").exists():
        with suppress(OSError):
            return str(data) in os.fsdecode(command_line.read_bytes()).split("\0")
        return False
    listing = subprocess.run(  # noqa: S603 - macOS has no /proc
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
    )
    return str(data) in listing.stdout
