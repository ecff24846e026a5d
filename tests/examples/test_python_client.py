from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.programs import started


@pytest.mark.usefixtures("worker")
async def test_it_prints_the_events_and_the_reply(api: str, key: str, tmp_path: Path) -> None:
    program = "python-client/converse.py"
    async with started(program, "My bill is wrong.", address=api, key=key, directory=tmp_path) as process:
        printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    lines = printed.decode().splitlines()
    *events, reply, audio = lines
    assert [int(line.split()[0]) for line in events] == list(range(1, len(events) + 1))
    assert events[-1].split()[1] == "TurnCompleted"
    assert reply == "Reply: You said: My bill is wrong."
    assert audio.startswith(f"Audio: {api}/")
