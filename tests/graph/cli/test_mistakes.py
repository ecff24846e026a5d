"""Usage and configuration errors: one line on standard error and a non-zero exit code."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.graph.cli.command import started, voxloom

WORKER = "inference.worker"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nonsense",), "voxloom: No such command 'nonsense'. See `voxloom --help`."),
        (("up", "--fast"), "No such option: --fast. See `voxloom up --help`."),
        (("keys", "create"), "voxloom keys create: Missing argument 'name'. See `voxloom keys create --help`."),
        (("keys", "begin"), "No such command 'begin'"),
        (("migrate", "head", "more"), "unexpected extra argument"),
        (("demo", "--audio"), "requires an argument"),
    ],
    ids=["command", "option", "argument", "key command", "too many", "no value"],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in voxloom(*arguments, home=tmp_path).mistake(code=2)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("VOXLOOM_DATABASE_POOL", "se-cret", "VOXLOOM_DATABASE_POOL: Input should be a valid integer"),
        ("VOXLOOM_MCP_SERVERS", '[{"token": "se-cret"', "VOXLOOM_MCP_SERVERS: it must be JSON"),
        ("VOXLOOM_MCP_SERVERS", '[{"name": "a", "token": "se-cret"}]', "VOXLOOM_MCP_SERVERS (0): an MCP server has"),
        ("VOXLOOM_MAX_AUDIO_SECONDS", "1e9", "VOXLOOM_MAX_AUDIO_SECONDS: Input should be less than or equal to 3600"),
    ],
    ids=["no number", "no JSON", "no address", "too large"],
)
def test_wrong_settings(tmp_path: Path, variable: str, value: str, told: str) -> None:
    for module, arguments in (("graph.cli", ("up",)), (WORKER, ())):
        line = voxloom(*arguments, home=tmp_path, module=module, **{variable: value}).mistake(code=os.EX_CONFIG)
        assert line.startswith(f"BAD_SETTINGS: {told}")
        assert "se-cret" not in line


@pytest.mark.parametrize("command", ["serve", "migrate", "demo", "keys list"])
def test_a_wrong_setting_in_any_command(tmp_path: Path, command: str) -> None:
    assert "VOXLOOM_PORT: " in voxloom(*command.split(), home=tmp_path, VOXLOOM_PORT="x").mistake(code=os.EX_CONFIG)


def test_all_wrong_settings_are_told_at_once(tmp_path: Path) -> None:
    line = voxloom("up", home=tmp_path, VOXLOOM_PORT="x", VOXLOOM_MAX_DEPTH="0").mistake(code=os.EX_CONFIG)
    assert "VOXLOOM_PORT: " in line and "; VOXLOOM_MAX_DEPTH: " in line


@pytest.mark.parametrize("module", ["graph.cli", WORKER])
def test_a_dotenv_that_is_no_text(tmp_path: Path, module: str) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    arguments = ("up",) if module != WORKER else ()
    line = voxloom(*arguments, home=tmp_path, module=module).mistake(code=os.EX_CONFIG)
    assert line == "BAD_SETTINGS: .env: it is not text in UTF-8"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_dotenv_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / ".env").touch(mode=0)
    assert voxloom("up", home=tmp_path).mistake(code=os.EX_CONFIG) == "BAD_SETTINGS: .env: Permission denied"


@pytest.mark.parametrize("arguments", [("up",), ("demo",), ("migrate",), ("keys", "list")], ids=lambda each: each[0])
def test_a_data_directory_that_cannot_be(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "file").touch()
    line = voxloom(*arguments, home=tmp_path, VOXLOOM_DATA_DIR=str(tmp_path / "file" / "data"), VOXLOOM_PORT="0")
    assert "Not a directory" in line.mistake()


@pytest.mark.parametrize("content", [b"\xff\xfe", None], ids=["no text", "a folder"])
def test_a_key_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "data" / "api-key"
    file.parent.mkdir()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    assert str(file) in voxloom("demo", home=tmp_path).mistake()


def test_files_that_are_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere" / "file"
    assert "No such file or directory" in voxloom("demo", "--audio", str(missing), home=tmp_path).mistake()
    assert "folder that exists" in voxloom("demo", "--save", str(missing), home=tmp_path).mistake()
    assert "folder that exists" in voxloom("demo", "--save", str(tmp_path), home=tmp_path).mistake()
    assert "No such file or directory" in voxloom("schema", str(missing), home=tmp_path).mistake()
    assert "Is a directory" in voxloom("schema", str(tmp_path), home=tmp_path).mistake()


def test_a_recording_without_an_end(tmp_path: Path) -> None:
    assert "VOXLOOM_MAX_AUDIO_BYTES" in voxloom("demo", "--audio", "/dev/zero", home=tmp_path).mistake()


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """Somebody else's program, at a port of 127.0.0.1."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


@pytest.mark.parametrize("command", ["up", "serve"])
def test_an_address_that_cannot_be_listened_at(tmp_path: Path, taken: socket.socket, command: str) -> None:
    port = str(taken.getsockname()[1])
    assert f"Port {port} is taken" in voxloom(command, home=tmp_path, VOXLOOM_PORT=port).mistake()
    for host, told in (
        ("999.1.1.1", "is not an address"),
        ("192.0.2.1", "not an address of this machine"),
        ("a" * 80, "no"),
    ):
        line = voxloom(command, home=tmp_path, VOXLOOM_HOST=host, VOXLOOM_PORT="0").mistake()
        assert line.startswith("BAD_USER_INPUT: VOXLOOM_HOST ") and told in line
    if command == "up":
        ended = voxloom(command, home=tmp_path, VOXLOOM_PORT="0", VOXLOOM_VOICE_PORT=port)
        assert f"Port {port} is taken: set VOXLOOM_VOICE_PORT to a free one." in ended.mistake()
    assert not (tmp_path / "data").exists()  # found before anything was made


def test_the_worker_without_a_database(tmp_path: Path) -> None:
    for module, arguments in ((WORKER, ()), ("inference.worker.main", ()), ("graph.cli", ("worker",))):
        assert "needs DATABASE_URL" in voxloom(*arguments, home=tmp_path, module=module).mistake()


def test_no_command_shows_the_map(tmp_path: Path) -> None:
    ended = voxloom(home=tmp_path)
    assert (ended.code, ended.err) == (2, "")
    assert "voxloom up" in ended.out


def _closed_reader() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("arguments", [("schema",), ("--help",), ("--version",)], ids=lambda each: each[0])
@pytest.mark.parametrize(
    ("opened", "lines"),
    [(_closed_reader, 0), (lambda: os.open("/dev/full", os.O_WRONLY), 1)],
    ids=["reader gone", "disk full"],
)
@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")
def test_output_that_cannot_be_written(
    tmp_path: Path, arguments: tuple[str, ...], opened: Callable[[], int], lines: int
) -> None:
    output = opened()
    with started(arguments, tmp_path, stdout=output) as process:
        os.close(output)
        _, err = process.communicate(timeout=200)
    assert process.returncode == 1
    assert len(err.splitlines()) == lines, err
    assert "Traceback" not in err
