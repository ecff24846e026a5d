from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.client import Client
from tests.clients.test_gql import cuttable
from tests.examples.programs import started

_LAST = "query($id: ID!) { conversation(sessionId: $id) { lastSeq } }"


async def numbers(process: asyncio.subprocess.Process, *, until: int | None = None) -> list[int]:
    """What it printed, as far as event ``until`` or its end."""
    assert process.stdout is not None
    seen: list[int] = []
    async for line in process.stdout:
        seen.append(int(line.split()[0]))
        if seen[-1] == until:
            break
    return seen


@pytest.mark.usefixtures("worker")
async def test_each_event_once_through_a_cut_connection_and_a_restart(
    api: str, key: str, client: Client, tmp_path: Path
) -> None:
    session = await client.create_session()

    async def last() -> int:
        return int((await client.run(_LAST, id=session))["conversation"]["lastSeq"])

    program = "listener/listen.py"
    async with cuttable(api) as (proxy, cut):
        async with started(program, session, address=proxy, key=key, directory=tmp_path) as process:
            await client.say(session, "one")
            seen = await numbers(process, until=await last())
            assert cut() > 0
            await client.say(session, "two")  # while nobody listens
            seen += await numbers(process, until=await last())
            while int((tmp_path / f"{session}.seq").read_text()) < seen[-1]:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.01)
            process.kill()
            await process.wait()
        await client.say(session, "three")
        async with started(program, session, address=proxy, key=key, directory=tmp_path) as process:
            await client.run("mutation($s: ID!) { endSession(input: {sessionId: $s}) { session { id } } }", s=session)
            seen += await numbers(process)
            assert await process.wait() == 0
    assert seen == list(range(1, await last() + 1))
