"""Ctrl-C and SIGTERM at any moment of any command: at most one line, and no process left."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from db.postgres.embedded import EmbeddedPostgres
from tests.graph.cli.command import Ended, started

_SECONDS = 200


def interrupted(process: subprocess.Popen[str], number: int = signal.SIGINT) -> Ended:
    """Sends the signal to all of the job, as a terminal does for Ctrl-C."""
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=_SECONDS)
    return Ended(process.returncode, out, err)


@contextmanager
def silent_server() -> Iterator[socket.socket]:
    """A server at a port of 127.0.0.1 that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(_SECONDS)
        yield listener


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("graph.cli", ("up",)),
        ("graph.cli", ("serve",)),
        ("graph.cli", ("migrate",)),
        ("graph.cli", ("keys", "list")),
        ("graph.cli", ("demo",)),
        ("graph.cli", ("worker",)),
        ("inference.worker.health", ()),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_while_it_waits_for_another_server(tmp_path: Path, module: str, arguments: tuple[str, ...]) -> None:
    with silent_server() as server:
        port = str(server.getsockname()[1])
        away = {"DATABASE_URL": f"postgresql://u:x@127.0.0.1:{port}/d"}
        settings = {"VOXLOOM_PORT": port} if arguments == ("demo",) else {**away, "VOXLOOM_PORT": "0"}
        with started(arguments, tmp_path, settings, module=module) as process:
            connection, _ = server.accept()
            with connection:
                assert connection.recv(1)  # it has asked, and waits
                assert interrupted(process).mistake(code=130) == "Interrupted."


def test_sigterm_while_it_waits(tmp_path: Path) -> None:
    with silent_server() as server:
        away = f"postgresql://u:x@127.0.0.1:{server.getsockname()[1]}/d"
        with started(("migrate",), tmp_path, {"DATABASE_URL": away}) as process:
            connection, _ = server.accept()
            with connection:
                assert interrupted(process, signal.SIGTERM) == Ended(143, "", "")


@pytest.mark.parametrize("module", ["graph.cli", "inference.worker"])
def test_while_it_imports(tmp_path: Path, module: str) -> None:
    """A package of the same name stands before the real one, and takes its time."""
    reached = tmp_path / "reached"
    slow = f"import pathlib, time\npathlib.Path({str(reached)!r}).touch()\ntime.sleep(60)\n"
    for package in ("typer", "structlog"):
        (tmp_path / f"{package}.py").write_text(slow)
    root = Path(__file__).parents[3]
    settings = {"PYTHONPATH": f"{tmp_path}:{root}", "DATABASE_URL": "postgresql://u:x@127.0.0.1:1/d"}
    with started((), tmp_path, settings, module=module) as process:
        _wait_for(reached)
        assert interrupted(process).mistake(code=130) == "Interrupted."


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
async def test_a_server_that_is_stopped_ends_well(database_url: str, tmp_path: Path, number: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"DATABASE_URL": database_url, "VOXLOOM_PORT": str(port)}
    with started(("serve",), tmp_path, settings) as process:
        for _ in range(_SECONDS * 20):
            if _listens(port):
                break
            time.sleep(0.05)  # noqa: ASYNC251 - nothing else runs in this loop
        assert interrupted(process, number) == Ended(0, "", "")


def _listens(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that Postgres' own user can enter, when the tests run as root."""
    directory = Path(tempfile.mkdtemp(prefix="voxloom-home-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_embedded_postgres_that_is_starting_is_stopped_again(home: Path, number: int) -> None:
    server = EmbeddedPostgres(home / "data")
    with started(("migrate",), home) as process:
        _wait_for(server.root / "data" / "postmaster.pid")
        ended = interrupted(process, number)
    assert not server.running()
    assert ended.code == 128 + number
    assert not (server.root / "data" / "postmaster.pid").exists()


def _wait_for(file: Path) -> None:
    end = time.monotonic() + _SECONDS
    while not file.exists():
        assert time.monotonic() < end, f"{file} did not come"
        time.sleep(0.002)
