"""Postgres over TCP, and PgBouncer in front of it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from db.postgres.address import parse_database_url

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")

_INI = """
[databases]
* = host={host} port=5432
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {directory}/users.txt
pool_mode = {mode}
default_pool_size = {size}
server_round_robin = {round_robin}
max_client_conn = 300
logfile = {directory}/log
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def by_tcp(url: str, port: int, *, user: str | None = None, password: str | None = None) -> str:
    """The URL of the same database at a TCP port of this machine."""
    address = parse_database_url(url)
    return (
        f"postgresql://{user or address.user}:{quote(password or address.password or '', safe='')}"
        f"@127.0.0.1:{port}/{address.database}"
    )


@contextmanager
def pgbouncer(postgres: str, *, mode: str, size: int = 10, round_robin: bool = True) -> Iterator[int]:
    """Runs Debian's PgBouncer with default settings in the given ``pool_mode``; yields its port.

    ``size`` server connections. ``round_robin``: two transactions of one client rarely get the same one; otherwise the
    most recently used one is assigned first, as PgBouncer does by default.
    """
    if PGBOUNCER is None:
        pytest.skip("there is no pgbouncer")
    address = parse_database_url(postgres)
    directory = Path(tempfile.mkdtemp(prefix="voxloom-pgbouncer-"))
    directory.chmod(0o755)
    port = free_port()
    (directory / "users.txt").write_text(f'"{address.user}" "{address.password}"\n')
    ini = directory / "pgbouncer.ini"
    ini.write_text(
        _INI.format(
            host=address.hosts[0], port=port, directory=directory, mode=mode, size=size, round_robin=int(round_robin)
        )
    )
    as_user = {}
    if os.geteuid() == 0:  # it refuses to run as root
        nobody = pwd.getpwnam("nobody")
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        for each in (directory, *directory.iterdir()):
            os.chown(each, nobody.pw_uid, nobody.pw_gid)
    child = subprocess.Popen([PGBOUNCER, "-q", str(ini)], **as_user)  # type: ignore[call-overload]
    try:
        end = time.monotonic() + 10
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert child.poll() is None and time.monotonic() < end, (directory / "log").read_text()
            time.sleep(0.05)
        yield port
    finally:
        child.kill()
        child.wait()
        shutil.rmtree(directory, ignore_errors=True)
