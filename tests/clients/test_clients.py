"""Popular GraphQL clients against a live server and worker: a whole conversation in text and audio."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.clients

_HERE = Path(__file__).parent
_RECORDING = _HERE.parent / "audio" / "jfk.wav"
_WAIT_SECONDS = 200


@pytest.fixture(scope="module")
def node() -> str:
    return find_node()


def find_node() -> str:
    """Node's program, where the packages of package.json are installed; else the test is skipped."""
    found = shutil.which("node")
    if found is None or not (_HERE / "node_modules").is_dir():
        missing = "no Node, or its packages are not installed: make test-clients"
        if os.environ.get("CLIENTS_REQUIRED"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


async def verdict(node: str, script: str, address: str, key: str, recording: Path = _RECORDING) -> dict[str, Any]:
    """What a script printed last; it must end well."""
    process = await asyncio.create_subprocess_exec(
        node,
        str(_HERE / script),
        address,
        key,
        str(recording),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            told, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaints.decode()
    result: dict[str, Any] = json.loads(told.decode().splitlines()[-1])
    return result


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("graphql_ws.mjs", "graphql-ws"),
        ("graphql_sse.mjs", "graphql-sse"),
        ("apollo.mjs", "apollo"),
        ("urql.mjs", "urql"),
    ],
)
async def test_a_conversation(node: str, script: str, name: str, api: str, key: str) -> None:
    assert await verdict(node, script, api, key) == {"client": name, "completed": 2, "messages": 4, "gaps": 0}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("resume_graphql_ws.mjs", "graphql-ws"),
        ("resume_graphql_sse.mjs", "graphql-sse"),
        ("resume_apollo.mjs", "apollo"),
        ("resume_apollo_ws.mjs", "apollo-ws"),
        ("resume_urql.mjs", "urql"),
        ("resume_relay.mjs", "relay"),
    ],
)
async def test_each_event_once_though_connections_are_cut(
    node: str, script: str, name: str, api: str, key: str
) -> None:
    assert await verdict(node, script, api, key) == {"client": name, "missed": 0, "twice": 0}


async def test_every_audit_of_graphql_over_http(node: str, api: str, key: str) -> None:
    told = await verdict(node, "audits.mjs", api, key)
    assert told["failed"] == []
    assert told["audits"] == 61
    assert told["counts"] == {"MUST": 13, "SHOULD": 23, "MAY": 25}


async def test_apollo_sends_a_hash_in_place_of_a_query(node: str, api: str, key: str) -> None:
    assert await verdict(node, "apollo_persisted.mjs", api, key) == {"client": "apollo-persisted", "kinds": 3}


def test_the_packages_are_exact_and_their_list_names_no_host() -> None:
    wanted = json.loads((_HERE / "package.json").read_text())["dependencies"]
    locked = (_HERE / "package-lock.json").read_text()
    assert "://" not in locked
    packages = json.loads(locked)["packages"]
    assert wanted == {name: packages[f"node_modules/{name}"]["version"] for name in wanted}
