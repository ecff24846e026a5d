"""An unusable database, or another schema revision: one line of error from every command."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from tests.conftest import cloned
from tests.graph.cli.command import voxloom

COMMANDS = [
    pytest.param("graph.cli", ("serve",), id="serve"),
    pytest.param("graph.cli", ("keys", "list"), id="keys"),
    pytest.param("graph.cli", ("migrate",), id="migrate"),
    pytest.param("graph.cli", ("up",), id="up"),
]
WORKER = pytest.param("inference.worker", (), id="worker")


@pytest.mark.parametrize(("module", "arguments"), COMMANDS)
def test_away(tmp_path: Path, module: str, arguments: tuple[str, ...]) -> None:
    away = "postgresql://u:se-cret@127.0.0.1:1/d"
    line = voxloom(*arguments, home=tmp_path, module=module, DATABASE_URL=away, VOXLOOM_PORT="0").mistake()
    assert line == "DATABASE_UNAVAILABLE: 127.0.0.1:1/d: Connection refused"


@pytest.mark.parametrize(("module", "arguments"), [COMMANDS[0], WORKER])
def test_without_a_schema(postgres: str, tmp_path: Path, module: str, arguments: tuple[str, ...]) -> None:
    line = voxloom(*arguments, home=tmp_path, module=module, DATABASE_URL=postgres, VOXLOOM_PORT="0").mistake()
    assert "has no VoxLoom tables: run `voxloom migrate`" in line


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(("module", "arguments"), COMMANDS[1:])
async def test_a_schema_newer_than_the_code(
    postgres: str, tmp_path: Path, module: str, arguments: tuple[str, ...]
) -> None:
    async with cloned(postgres) as url:
        await _execute(url, "update alembic_version set version_num = '9999'")
        line = voxloom(*arguments, home=tmp_path, module=module, DATABASE_URL=url, VOXLOOM_PORT="0").mistake()
    assert "revision 9999" in line and "a newer version" in line


async def test_a_schema_that_lacks_a_table(postgres: str, tmp_path: Path) -> None:
    """The API finds out while it starts: in its lifespan, whose traceback uvicorn would log before it exits with 0."""
    async with cloned(postgres) as url:
        await _execute(url, "drop table server_secrets cascade")
        line = voxloom("serve", home=tmp_path, DATABASE_URL=url, VOXLOOM_PORT="0").mistake()
    assert line.startswith("DATABASE_ERROR: the schema is not that of this version (UndefinedTableError")


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("VOXLOOM_API_KEY", "short", "An API key has 8 to 200 characters"),
        ("VOXLOOM_AUDIO_STORE_URL", "nonsense://bucket", "must be an object store's URL"),
        ("VOXLOOM_TRUSTED_DOCUMENTS", "nowhere.json", "VOXLOOM_TRUSTED_DOCUMENTS must name a file"),
    ],
)
async def test_a_setting_that_the_api_finds_wrong_while_it_starts(
    database_url: str, tmp_path: Path, variable: str, value: str, told: str
) -> None:
    settings = {variable: value, "DATABASE_URL": database_url, "VOXLOOM_PORT": "0"}
    assert told in voxloom("serve", home=tmp_path, **settings).mistake()


@pytest.mark.parametrize("revision", ["nonsense", "0001:0002", "+1", "", "00"])
async def test_a_revision_that_is_not_there(database_url: str, tmp_path: Path, revision: str) -> None:
    assert voxloom("migrate", revision, home=tmp_path, DATABASE_URL=database_url).mistake()


async def test_a_role_without_rights(database_url: str, tmp_path: Path) -> None:
    await _execute(database_url, "drop role if exists guest")
    await _execute(database_url, "create role guest login password 'x'")
    try:
        host = database_url.partition("?")[2]
        name = database_url.rpartition("/")[2].partition("?")[0]
        guest = f"postgresql://guest:x@/{name}?{host}"
        for arguments in (("serve",), ("keys", "create", "laptop")):
            line = voxloom(*arguments, home=tmp_path, DATABASE_URL=guest, VOXLOOM_PORT="0").mistake()
            assert "42501" in line
    finally:
        await _execute(database_url, "drop role guest")
