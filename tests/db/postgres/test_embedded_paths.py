"""Directories of the embedded Postgres: private, reachable by its user, and not another user's."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.errors import EngineUnavailable
from db.postgres.embedded_paths import (
    cluster_root,
    is_server,
    make_private,
    reachable_by_others,
    read_pid,
    socket_directory,
)


@pytest.fixture
def base() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="voxloom-paths-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_a_private_directory_is_made_private(base: Path) -> None:
    wanted = base / "a" / "b"
    before = os.umask(0)
    try:
        make_private(wanted, None)
    finally:
        os.umask(before)
    assert stat.S_IMODE(wanted.stat().st_mode) == 0o700
    wanted.chmod(0o777)
    make_private(wanted, None)
    assert stat.S_IMODE(wanted.stat().st_mode) == 0o700


def test_the_servers_user_can_pass_parents_whatever_the_umask(base: Path) -> None:
    wanted = base / "a" / "b" / "c"
    before = os.umask(0o077)
    try:
        make_private(wanted, (os.geteuid(), os.getegid()))
    finally:
        os.umask(before)
    assert reachable_by_others(wanted.parent)
    assert stat.S_IMODE((base / "a").stat().st_mode) == 0o711


def test_a_symbolic_link_is_refused(base: Path) -> None:
    target = base / "target"
    target.mkdir(mode=0o755)
    (base / "link").symlink_to(target)
    with pytest.raises(EngineUnavailable):
        make_private(base / "link", (65534, 65534))
    assert stat.S_IMODE(target.stat().st_mode) == 0o755
    assert target.stat().st_uid == os.geteuid()


def test_a_file_is_refused(base: Path) -> None:
    (base / "file").touch()
    with pytest.raises(EngineUnavailable):
        make_private(base / "file", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_another_users_directory_is_refused(base: Path) -> None:
    theirs = base / "theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    with pytest.raises(EngineUnavailable):
        make_private(theirs, (65534, 65534))
    assert theirs.stat().st_uid == 12345


def test_a_directory_is_reachable_only_through_its_parents(base: Path) -> None:
    inner = base / "outer" / "inner"
    inner.mkdir(parents=True)
    assert reachable_by_others(inner)
    assert reachable_by_others(inner / "not" / "there")
    inner.chmod(0o700)
    assert not reachable_by_others(inner)
    inner.chmod(0o755)
    inner.parent.chmod(0o700)
    assert not reachable_by_others(inner)


@pytest.mark.parametrize("name", ['a"b', "a$HOME", "a`id`", "a\\b", "a\nb"])
def test_a_path_with_special_characters_of_a_shell_is_refused(base: Path, name: str) -> None:
    with pytest.raises(EngineUnavailable):
        cluster_root(base / name, for_another=False)


def test_a_linked_data_directory_is_followed_once(base: Path) -> None:
    (base / "real").mkdir()
    (base / "postgres-elsewhere").mkdir()
    (base / "link").symlink_to(base / "real")
    (base / "real" / "postgres").symlink_to(base / "postgres-elsewhere")
    assert cluster_root(base / "link", for_another=False) == base.resolve() / "postgres-elsewhere"


@pytest.mark.parametrize("name", ["a,b", "it's", "a b", "ñ", "x" * 90, "語" * 28])
def test_a_path_that_needs_quotes_has_its_socket_elsewhere(name: str) -> None:
    found = socket_directory(Path("/srv") / name)
    assert found.parent == Path("/tmp")
    assert len(os.fsencode(found / ".s.PGSQL.5432")) < 100
    assert found == socket_directory(Path("/srv") / name), "every process finds the same"
    assert found != socket_directory(Path("/srv") / (name + "2"))


def test_a_plain_path_has_its_socket_beside_the_data() -> None:
    assert socket_directory(Path("/srv/voxloom/postgres")) == Path("/srv/voxloom/postgres")


@pytest.mark.parametrize(
    ("text", "pid"), [("17\n/data\n", 17), ("-17\n", 17), ("", None), ("x\n", None), ("\n\n", None)]
)
def test_the_pid_of_a_lock_file(base: Path, text: str, pid: int | None) -> None:
    file = base / "postmaster.pid"
    assert read_pid(file) is None
    file.write_text(text)
    assert read_pid(file) == pid


def test_this_process_is_not_a_server() -> None:
    assert not is_server(os.getpid(), Path("/data"))
    assert not is_server(2**22 + 1, Path("/data"))
