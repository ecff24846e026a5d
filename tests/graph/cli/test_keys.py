"""``voxloom keys``: create, list and revoke."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

ASK = {"query": "{ viewer { tenant keyName } }"}


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOXLOOM_", "DATABASE_URL"))}
    return {**kept, "DATABASE_URL": database_url, "VOXLOOM_DATA_DIR": str(tmp_path), "COLUMNS": "200"}


async def keys(environment: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Runs the command; its exit code, standard output and standard error."""
    command: Sequence[str] = (sys.executable, "-m", "graph.cli.main", "keys", *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def viewer(api: str, secret: str) -> object:
    """Whom the key speaks for; the error's code if it is refused, in an answer that has no data then."""
    async with httpx.AsyncClient(base_url=api, headers={"Authorization": f"Bearer {secret}"}) as http:
        answer = (await http.post("/graphql", json=ASK)).json()
    return answer["data"] if "errors" not in answer else (answer["errors"][0]["extensions"]["code"], "data" in answer)


async def test_a_key_lives_from_create_to_revoke(api: str, environment: dict[str, str]) -> None:
    code, out, err = await keys(environment, "create", "laptop", "--tenant", "acme")
    assert (code, err) == (0, "")
    secret = out.strip()
    assert re.fullmatch(r"vxl_[\w-]{43}", secret)  # alone on its line, so that a script can take it
    assert await viewer(api, secret) == {"viewer": {"tenant": "acme", "keyName": "laptop"}}

    code, out, _ = await keys(environment, "list")
    (line,) = [each for each in out.splitlines() if "laptop" in each]
    assert code == 0
    assert "acme" in line
    assert secret not in out
    assert secret[:10] in line
    (key_id,) = re.findall(r"[0-9a-f-]{36}", line)

    for _ in range(2):  # revoking it again changes nothing
        assert (await keys(environment, "revoke", key_id))[0] == 0
    assert await viewer(api, secret) == ("UNAUTHENTICATED", False)
    (line,) = [each for each in (await keys(environment, "list"))[1].splitlines() if "laptop" in each]
    assert len(re.findall(r"\d{4}-\d{2}-\d{2}", line)) == 2


async def test_a_key_may_expire(environment: dict[str, str]) -> None:
    code, _, err = await keys(environment, "create", "visitor", "--expires-in", "90d")
    assert (code, err) == (0, "")
    (line,) = [each for each in (await keys(environment, "list"))[1].splitlines() if "visitor" in each]
    created, expires = (date.fromisoformat(each) for each in re.findall(r"\d{4}-\d{2}-\d{2}", line))
    assert expires - created == timedelta(days=90)


async def test_a_link_signs_in_once(api: str, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "graph.cli.main", "console-link", "--tenant", "acme"]
    environment["VOXLOOM_PUBLIC_URL"] = "https://voice.example.com/"
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    link, _, token = out.decode().strip().partition("#sign-in=")
    assert link == "https://voice.example.com/"
    async with httpx.AsyncClient(base_url=api) as http:
        found = (await http.post("/sign-in", json={"token": token})).json()
    assert await viewer(api, found["key"]) == {"viewer": {"tenant": "acme", "keyName": "console"}}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("revoke", str(uuid.uuid4())), "NOT_FOUND"),
        (("revoke", "laptop"), "NOT_FOUND"),
        (("create", " "), "BAD_USER_INPUT"),
        (("create", "a" * 101), "BAD_USER_INPUT"),
        (("create", "laptop", "--tenant", ""), "BAD_USER_INPUT"),
        (("create", "laptop", "--expires-in", "soon"), "BAD_USER_INPUT"),
        (("create", "laptop", "--expires-in", "0h"), "BAD_USER_INPUT"),
        (("create", "laptop", "--expires-in", "9999d"), "BAD_USER_INPUT"),
    ],
    ids=["unknown", "no id", "blank name", "long name", "no tenant", "no duration", "no life", "too long"],
)
async def test_a_command_that_cannot_be(environment: dict[str, str], arguments: tuple[str, ...], code: str) -> None:
    exit_code, out, err = await keys(environment, *arguments)
    assert exit_code == 1
    assert out == ""
    assert err.startswith(f"{code}: ")
    assert len(err.splitlines()) == 1
