"""``voxloom doctor`` finds a fault of each kind, as a real process, and changes nothing."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.conftest import cloned
from tests.graph.cli.command import voxloom


def diagnosed(home: Path, *checks: str, code: int = 1, **settings: str) -> list[dict[str, Any]]:
    """The findings of these checks, as a machine reads them."""
    ended = voxloom("doctor", "--json", *checks, home=home, **settings)
    assert (ended.code, ended.err) == (code, "")
    told = json.loads(ended.out)
    assert told["ok"] == (code == 0)
    findings: list[dict[str, Any]] = told["findings"]
    assert all(each["advice"] for each in findings if each["level"] != "ok")
    return findings


def one(findings: list[dict[str, Any]], level: str) -> str:
    """The message and the advice of the only finding of that level."""
    (found,) = [each for each in findings if each["level"] == level]
    return f"{found['message']} -> {found['advice']}"


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_database_that_is_well(database_url: str, tmp_path: Path) -> None:
    findings = diagnosed(tmp_path, "database", code=0, DATABASE_URL=database_url)
    assert [each["level"] for each in findings] == ["ok"] * 5
    assert "LISTEN and NOTIFY work" in str(findings)


async def test_a_database_without_pgvector(database_url: str, tmp_path: Path) -> None:
    await execute(database_url, "drop extension vector")
    told = one(diagnosed(tmp_path, "database", code=0, DATABASE_URL=database_url), "warning")
    assert "pgvector" in told and "create extension vector" in told


def test_a_database_that_is_away(tmp_path: Path) -> None:
    told = one(diagnosed(tmp_path, "database", DATABASE_URL="postgresql://u:se-cret@127.0.0.1:1/d"), "fault")
    assert "Connection refused" in told and "se-cret" not in told


@pytest.mark.parametrize(
    ("revision", "told"),
    [("0001", "behind"), ("9999", "ahead of this version's"), (None, "no VoxLoom tables")],
)
async def test_a_schema_of_another_version(postgres: str, tmp_path: Path, revision: str | None, told: str) -> None:
    async with cloned(postgres) as url:
        if revision is None:
            await execute(url, "drop table alembic_version")
        else:
            await execute(url, f"update alembic_version set version_num = '{revision}'")
        assert told in one(diagnosed(tmp_path, "database", DATABASE_URL=url), "fault")


async def test_a_role_without_rights(database_url: str, tmp_path: Path) -> None:
    await execute(database_url, "create role doctors_guest login password 'x'")
    await execute(database_url, "grant select on alembic_version to doctors_guest")
    try:
        _, _, host = database_url.partition("?")
        name = database_url.rpartition("/")[2].partition("?")[0]
        guest = f"postgresql://doctors_guest:x@/{name}?{host}"
        assert "the role lacks rights" in one(diagnosed(tmp_path, "database", DATABASE_URL=guest), "fault")
    finally:
        await execute(database_url, "drop owned by doctors_guest")
        await execute(database_url, "drop role doctors_guest")


def test_settings_that_are_wrong(tmp_path: Path) -> None:
    wrong = {"VOXLOOM_PORT": "se-cret", "VOXLOOM_WORKER_CAPACITY": "0", "VOXLOOM_PROT": "1", "VOXLOOM_NONSENSE": "1"}
    findings = diagnosed(tmp_path, "settings", code=1, **wrong)
    told = [(each["level"], each["message"].partition(":")[0].split()[0]) for each in findings]
    assert sorted(told) == [
        ("fault", "VOXLOOM_PORT"),
        ("fault", "VOXLOOM_WORKER_CAPACITY"),
        ("warning", "VOXLOOM_NONSENSE"),
        ("warning", "VOXLOOM_PROT"),
    ]
    assert "Did you mean VOXLOOM_PORT?" in str(findings)
    assert "se-cret" not in str(findings)


def test_a_port_that_another_program_has(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = one(diagnosed(tmp_path, "port", VOXLOOM_PORT=str(taken.getsockname()[1])), "fault")
        assert "is taken by" in told and "VOXLOOM_PORT" in told
        port = str(taken.getsockname()[1])
        told = one(diagnosed(tmp_path, "port", VOXLOOM_PORT="0", VOXLOOM_VOICE_PORT=port), "fault")
    assert "is taken by" in told and "VOXLOOM_VOICE_PORT" in told


def test_directories_that_cannot_be_written(tmp_path: Path) -> None:
    told = one(diagnosed(tmp_path, "disk", VOXLOOM_DATA_DIR="/proc/voxloom"), "fault")
    assert "cannot be written" in told and "VOXLOOM_DATA_DIR" in told


def test_an_audio_store_that_is_away_or_none(tmp_path: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "se-cret", "AWS_REGION": "eu-west-1"}
    away = {**keys, "AWS_ENDPOINT": "http://127.0.0.1:1", "AWS_ALLOW_HTTP": "true"}
    told = one(diagnosed(tmp_path, "audio", code=1, VOXLOOM_AUDIO_STORE_URL="s3://bucket", **away), "fault")
    assert "cannot be used" in told and "se-cret" not in told
    assert "must be" in one(diagnosed(tmp_path, "audio", VOXLOOM_AUDIO_STORE_URL="nonsense://x"), "fault")
    folder = tmp_path / "audio"
    folder.mkdir()
    assert diagnosed(tmp_path, "audio", code=0, VOXLOOM_AUDIO_STORE_URL=folder.as_uri())
    assert not [each for each in folder.rglob("*") if each.is_file()]


def test_engines_and_tools(tmp_path: Path, model_dir: Path) -> None:
    """One that no package has; a damaged model in the cache; an MCP server that is down."""
    assert "nonsense" in one(diagnosed(tmp_path, "models", VOXLOOM_LLM_ENGINE="nonsense"), "fault")
    assert "nonsense" in one(diagnosed(tmp_path, "models", VOXLOOM_LIVE_ASR_ENGINE="nonsense"), "fault")
    damaged = tmp_path / "data" / "models" / "some-model"
    damaged.mkdir(parents=True)
    (damaged / "manifest.json").write_text('{"model.bin": "00"}')
    vectors = model_dir / "prototypes"  # of agents' examples, which other tests have made, or make use of
    vectors.mkdir(exist_ok=True)
    (damaged.parent / vectors.name).symlink_to(vectors)
    light = {"VOXLOOM_ASR_ENGINE": "fake", "VOXLOOM_ASR_DRAFT_ENGINE": "none", "VOXLOOM_TTS_ENGINE": "fake"}
    server = [{"name": "shop", "url": "http://127.0.0.1:1/mcp", "token": "se-cret", "timeout_seconds": 2}]
    findings = diagnosed(tmp_path, "models", "tools", code=1, VOXLOOM_MCP_SERVERS=json.dumps(server), **light)
    assert "some-model is damaged" in str(findings)
    assert sum("an engine for tests" in each["message"] for each in findings) == 2
    told = one(findings, "fault")  # damaged models are a warning
    assert "MCP server shop" in told and "se-cret" not in told


def test_it_changes_nothing(tmp_path: Path) -> None:
    """Lines for people, on a machine where nothing was started yet; an unknown check is a mistake of one line."""
    ended = voxloom("doctor", "database", "port", "disk", home=tmp_path, VOXLOOM_PORT="0")
    assert ended.code == 0, ended
    assert ended.out.startswith("OK      database   no DATABASE_URL")
    assert list(tmp_path.iterdir()) == []
    assert "'nonsense' is not a check" in voxloom("doctor", "nonsense", home=tmp_path).mistake(code=2)
