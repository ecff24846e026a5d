"""Relay: relay-compiler accepts the schema, @refetchable and @connection, and its queries work."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import graph
from tests.client import Client
from tests.clients.test_clients import node, verdict

__all__ = ["node"]

pytestmark = pytest.mark.clients

_HERE = Path(__file__).parent
_CONFIG = {"src": ".", "schema": "schema.graphql", "language": "javascript", "customScalarTypes": {}}


async def compiled(directory: Path, program: str) -> dict[str, str]:
    """The texts of the operations that relay-compiler makes of relay_session.js, by their names."""
    shutil.copy(_HERE / "relay_session.js", directory / "relay_session.js")
    shutil.copy(Path(graph.__path__[0]) / "schema.graphql", directory)
    (directory / "relay.config.json").write_text(json.dumps(_CONFIG))
    process = await asyncio.create_subprocess_exec(
        program,
        str(_HERE / "node_modules" / "relay-compiler" / "cli.js"),
        "relay.config.json",
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    made = {}
    for file in (directory / "__generated__").glob("*.graphql.js"):
        text = re.search(r'"text": (".*")', file.read_text())
        if text is not None:
            made[file.name.removesuffix(".graphql.js")] = str(json.loads(text[1]))
    return made


@pytest.mark.usefixtures("worker")
async def test_what_relay_compiles_is_answered(node: str, client: Client, tmp_path: Path) -> None:
    made = await compiled(tmp_path, node)
    assert "node(id: $id)" in made["relay_session_CardRefetchQuery"]
    sessions = [await client.create_session() for _ in range(3)]
    turn = await client.say(sessions[0], "hello")
    page: dict[str, Any] = (await client.run(made["relay_session_ListQuery"], count=2))["sessions"]
    assert page["totalCount"] == 3
    rest = await client.run(made["relay_session_ListPaginationQuery"], count=2, cursor=page["pageInfo"]["endCursor"])
    found = [each["node"]["id"] for each in (*page["edges"], *rest["sessions"]["edges"])]
    assert found == sessions[::-1]
    card = (await client.run(made["relay_session_CardRefetchQuery"], id=sessions[0], last=1))["node"]
    assert [each["turn"]["id"] for each in card["messages"]] == [turn["id"]]
    again = (await client.run(made["relay_session_TurnRefetchQuery"], id=turn["id"]))["node"]
    assert (again["__typename"], again["status"]) == ("Turn", "COMPLETED")


@pytest.mark.usefixtures("worker")
async def test_apollo_with_the_documented_policies_merges_what_it_reads(node: str, api: str, key: str) -> None:
    assert await verdict(node, "apollo_cache.mjs", api, key) == {"warnings": [], "messages": 2}


def test_the_policies_are_those_of_the_docs() -> None:
    script = (_HERE / "apollo_cache.mjs").read_text()
    recipe = script.partition("// recipe: policies\n")[2].partition("// end")[0]
    assert recipe
    assert recipe in (_HERE.parents[1] / "docs" / "how-to" / "client-caches.md").read_text()
