"""The voice role as a real process: it runs queued turns unless told otherwise, and stops when it is asked to."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.client import Client
from tests.graph.voice.process import voice_process


async def test_it_runs_queued_turns_and_says_how_it_is(client: Client, database_url: str, tmp_path: Path) -> None:
    async with voice_process(database_url, tmp_path / "voice.log") as voice:
        turn = await client.say(await client.create_session(), "hello")
        assert turn["status"] == "COMPLETED"
        async with httpx.AsyncClient(base_url=voice.base) as http:
            assert (await http.get("/healthz")).json() == {"status": "ok"}
            assert (await http.get("/readyz")).status_code == 200
            assert (await http.get("/graphql")).status_code == 404
            assert (await http.post("/healthz")).status_code == 405
        voice.process.terminate()
        assert await voice.process.wait() == 0
    assert "Traceback" not in (tmp_path / "voice.log").read_text()


async def test_it_leaves_queued_turns_to_workers_if_told_so(client: Client, database_url: str, tmp_path: Path) -> None:
    async with voice_process(database_url, tmp_path / "voice.log", VOXLOOM_VOICE_TAKES_TURNS="false"):
        session = await client.create_session()
        turn = await client.send(session, {"text": "hello"}, waitSeconds=2)
        assert turn["status"] == "QUEUED"
