"""Embedded Postgres: data survives stops, kills and stale pid files; permissions; concurrent starts."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from db.postgres.embedded import EmbeddedPostgres, embedded_postgres
from db.postgres.embedded_paths import is_server, read_pid

_START = "import sys; from pathlib import Path; from db.postgres.embedded import EmbeddedPostgres; "


@contextmanager
def directory() -> Iterator[Path]:
    """A temporary directory that the server's user can reach, also if the tests run as root."""
    made = Path(tempfile.mkdtemp(prefix="voxloom-embedded-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def cluster_in(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """The cluster of a directory; stops the server and removes its socket at the end."""
    server = EmbeddedPostgres(data_dir)
    try:
        yield server
    finally:
        server.stop()
        if server._socket_dir != server.root:
            shutil.rmtree(server._socket_dir, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[EmbeddedPostgres]:
    """A cluster shared by the tests that only kill its server."""
    with directory() as data_dir, cluster_in(data_dir) as server:
        server.start()
        ask(server, "create table kept as select 42 as number")
        yield server


def ask(server: EmbeddedPostgres, query: LiteralString) -> object:
    """The first column of the first row; None without rows."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        answer = connection.execute(query)
        row = answer.fetchone() if answer.description else None
        return row and row[0]


def pid_of(server: EmbeddedPostgres) -> int:
    pid = read_pid(server.root / "data" / "postmaster.pid")
    assert pid is not None
    return pid


def test_data_survives_a_restart(cluster: EmbeddedPostgres) -> None:
    cluster.start()
    cluster.stop()
    assert not cluster.running()
    cluster.stop()  # idempotent
    assert EmbeddedPostgres(cluster.root.parent).start()
    assert cluster.running()
    assert ask(cluster, "select number from kept") == 42


def test_a_second_start_uses_the_running_server(cluster: EmbeddedPostgres) -> None:
    cluster.start()
    pid = pid_of(cluster)
    second = EmbeddedPostgres(cluster.root.parent)
    assert not second.start()
    assert second.url == cluster.url
    with embedded_postgres(cluster.root.parent):
        pass
    assert cluster.running(), "who did not start it must not stop it"
    assert pid_of(cluster) == pid


def test_only_the_process_that_started_it_stops_it(cluster: EmbeddedPostgres) -> None:
    cluster.stop()
    with embedded_postgres(cluster.root.parent) as url:
        assert url == cluster.url
        assert cluster.running()
    assert not cluster.running()


def test_its_directories_are_private(cluster: EmbeddedPostgres) -> None:
    cluster.start()
    for path, mode in ((cluster.root, 0o700), (cluster.root / "data", 0o700), (cluster.root / "password", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode, path
    assert cluster.root.stat().st_uid == (cluster.root / "password").stat().st_uid
    assert len((cluster.root / "password").read_text()) >= 32


def test_a_wrong_password_is_refused(cluster: EmbeddedPostgres) -> None:
    cluster.start()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(cluster.url.replace("voxloom:", "voxloom:x"))


def test_a_killed_server_starts_again(cluster: EmbeddedPostgres) -> None:
    cluster.start()
    busy = threading.Thread(target=ask_in_vain, args=(cluster,))
    busy.start()
    time.sleep(0.2)
    pid = pid_of(cluster)
    os.kill(pid, signal.SIGKILL)
    while is_server(pid, cluster.root / "data"):
        time.sleep(0.001)
    assert cluster.start()
    assert ask(cluster, "select number from kept") == 42
    busy.join()


def ask_in_vain(server: EmbeddedPostgres) -> None:
    """Keeps a backend busy, so that it does not notice the death of its server."""
    with suppress(psycopg.Error):
        ask(server, "select count(*) from generate_series(1, 8000000)")


@pytest.mark.parametrize("whose", ["server's user", "root", "zombie"])
def test_a_pid_file_that_names_another_process_is_stale(cluster: EmbeddedPostgres, whose: str) -> None:
    """After a restart of a container or of the machine another process may get the server's pid."""
    cluster.start()
    lock_files = (cluster.root / "data" / "postmaster.pid", cluster._socket_dir / ".s.PGSQL.5432.lock")
    contents = [file.read_text() for file in lock_files]
    cluster.stop()
    with living(cluster, whose) as other:
        for file, content in zip(lock_files, contents, strict=True):
            file.write_text("\n".join([str(other), *content.splitlines()[1:]]) + "\n")
            shutil.chown(file, cluster.root.stat().st_uid)
        assert not cluster.running()
        cluster.stop()  # pg_ctl signals the pid in the file
        assert cluster.start()
        assert ask(cluster, "select number from kept") == 42
        assert pid_of(cluster) != other
        if whose != "zombie":
            time.sleep(0.1)
            assert Path(f"/proc/{other}/cmdline").read_text(), "it is not ours to end"


@contextmanager
def living(cluster: EmbeddedPostgres, whose: str) -> Iterator[int]:
    """Yields the pid of another process."""
    user = cluster.root.stat().st_uid if whose == "server's user" else None
    other = subprocess.Popen(["/bin/sleep", "60"], user=user, cwd="/")
    try:
        if whose == "zombie":
            other.kill()
            while "Z" not in Path(f"/proc/{other.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]:
                time.sleep(0.01)
        yield other.pid
    finally:
        other.kill()
        other.wait()


def test_a_path_too_long_for_a_socket() -> None:
    with directory() as base:
        data_dir = base / ("long" * 30) / "it's, añd 100 %"
        data_dir.mkdir(parents=True)
        with cluster_in(data_dir) as server:
            assert len(str(server.root)) > 107
            assert server.start()
            assert ask(server, "select 1") == 1
            assert not EmbeddedPostgres(data_dir).start()
            assert stat.S_IMODE(server._socket_dir.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
@pytest.mark.parametrize("closed", ["parent", "itself"])
def test_data_is_elsewhere_if_the_servers_user_cannot_reach_the_directory(closed: str) -> None:
    with directory() as base:
        private = base / "private"
        private.mkdir(mode=0o700)
        with cluster_in(private / "data" if closed == "parent" else private) as server:
            assert server.root.parent == Path("/var/lib/voxloom")
            try:
                if closed == "parent":
                    assert server.start()
                    assert ask(server, "select 1") == 1
            finally:
                server.stop()
                shutil.rmtree(server.root, ignore_errors=True)
                with suppress(OSError):
                    server.root.parent.rmdir()
        assert stat.S_IMODE(private.stat().st_mode) == 0o700, "modes of others' directories are not ours to change"


def test_two_processes_start_it_at_the_same_time() -> None:
    script = _START + "print(EmbeddedPostgres(Path(sys.argv[1])).start())"
    with directory() as data_dir, cluster_in(data_dir) as server:
        racers = [
            subprocess.Popen([sys.executable, "-c", script, str(data_dir)], stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        told = [racer.communicate()[0].strip() for racer in racers]
        assert sorted(told) == ["False", "False", "True"]
        assert ask(server, "select 1") == 1


def test_a_kill_during_initdb_leaves_no_incomplete_cluster() -> None:
    script = _START + "EmbeddedPostgres(Path(sys.argv[1])).start()"
    with directory() as data_dir, cluster_in(data_dir) as server:
        starting = subprocess.Popen([sys.executable, "-c", script, str(data_dir)], start_new_session=True)
        marker = server.root / "data.draft" / "PG_VERSION"  # initdb is running
        while not marker.exists():
            assert starting.poll() is None
            time.sleep(0.001)
        os.killpg(starting.pid, signal.SIGKILL)
        starting.wait()
        assert not (server.root / "data").exists()
        assert server.start()
        assert ask(server, "select 1") == 1
        assert not (server.root / "data.draft").exists()
