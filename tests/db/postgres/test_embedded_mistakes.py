"""Errors of the embedded Postgres are one line, and it starts once their cause is gone."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.errors import BadUserInput, EngineUnavailable
from db.postgres.embedded import EmbeddedPostgres, _describe
from graph.cli.bootstrap import postgres as bootstrapped
from graph.cli.local_key import local_key
from graph.settings import ApiSettings
from tests.db.postgres.test_embedded import ask, cluster_in, directory


def refusal(server: EmbeddedPostgres) -> str:
    """The one-line error of a start, which must come without retries."""
    begun = time.monotonic()
    with pytest.raises(EngineUnavailable) as refused:
        server.start()
    assert time.monotonic() - begun < 20
    assert "\n" not in refused.value.message
    return refused.value.message


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A directory on a small file system; skips where mounting is not permitted."""
    with directory() as base:
        mount = shutil.which("mount")
        options = f"size={megabytes}m,mode=0755"
        if os.geteuid() != 0 or mount is None:
            pytest.skip("only root can make a small disk")
        if subprocess.run([mount, "-t", "tmpfs", "-o", options, "tmpfs", str(base)], check=False).returncode != 0:
            pytest.skip("no disk can be made here")
        try:
            yield base
        finally:
            subprocess.run(["umount", "--lazy", str(base)], check=True)


def test_initdb_on_a_full_disk() -> None:
    with small_disk(12) as base, cluster_in(base) as server:
        assert "No space left on device" in refusal(server)
        subprocess.run(["mount", "-o", "remount,size=300m", str(base)], check=True)
        assert server.start()
        assert ask(server, "select 1") == 1


def test_a_failed_copy_names_its_first_file() -> None:
    """Postgres's binaries are copied if the server's user cannot read them."""
    whole = shutil.Error([("/from/a", "/to/a", "[Errno 28] No space left on device"), ("/from/b", "/to/b", "?")])
    assert _describe(whole, Path("/to")) == "/to/a: [Errno 28] No space left on device"
    assert _describe(OSError(28, "No space left on device"), Path("/to")) == "/to: No space left on device"


def test_a_start_on_a_full_disk() -> None:
    with small_disk(300) as base, cluster_in(base) as server:
        server.start()
        server.stop()
        ballast = base / "ballast"
        with pytest.raises(OSError, match="No space left"), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        told = refusal(server)
        assert "No space left on device" in told or "where 0 MB are free" in told
        ballast.unlink()
        assert server.start()
        assert ask(server, "select 1") == 1


def test_a_cluster_of_another_version() -> None:
    with directory() as base, cluster_in(base) as server:
        server.start()
        server.stop()
        version = server.root / "data" / "PG_VERSION"
        version.write_text("9.6\n")
        assert "incompatible" in refusal(server)
        version.write_text("18\n")
        assert server.start()


@pytest.mark.parametrize("name", ["PGPORT", "PGDATA", "PGHOST", "PGOPTIONS"])
def test_variables_of_libpq_are_ignored(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with directory() as base, cluster_in(base) as server:
        monkeypatch.setenv(name, {"PGPORT": "6000", "PGOPTIONS": ""}.get(name, "/nowhere"))
        assert server.start()
        assert server.running()
        assert ask(server, "select 1") == 1


def test_a_data_directory_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    settings = ApiSettings(data_dir=file / "below", database_url=None, api_key=None)
    with pytest.raises(BadUserInput, match=r"VOXLOOM_DATA_DIR .*Not a directory"), bootstrapped(settings):
        pass
    with pytest.raises(BadUserInput, match="Not a directory"):
        local_key(settings)
