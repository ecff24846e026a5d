"""The voice role as a real process: turns of the queue, spoken calls, and a drain."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from rich.console import Console

from db.enums import CallEndReason
from db.postgres.database import Database
from graph.cli.call.client import RealtimeClient, VoiceUnusable, connected
from graph.cli.call.conversation import Conversation
from graph.cli.call.demo import hold_call
from graph.cli.call.playout import BYTES_PER_SECOND, CHUNK_BYTES, Playout
from graph.cli.call.recorded_caller import Line, RecordedCaller
from graph.cli.call.run import CallPlan
from graph.cli.call.sound_files import read_sound
from graph.cli.demo import shipped_recording
from tests.client import Client
from tests.db.rows import scalar
from tests.graph.voice.process import REAL_ENGINES, voice_process


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


async def test_a_spoken_call_is_answered_and_a_drain_ends_it(
    database: Database, database_url: str, key: str, tmp_path: Path
) -> None:
    """The recogniser, the language model and the voice are fakes; the ear, the call and its record are real."""
    (tmp_path / "caller.wav").write_bytes(shipped_recording())
    speech = read_sound(tmp_path / "caller.wav")[: BYTES_PER_SECOND * 2 // CHUNK_BYTES * CHUNK_BYTES]
    settings = {"VOXLOOM_FAKE_HEARD": "one more thing", "VOXLOOM_DRAIN_SECONDS": "1"}
    async with (
        voice_process(database_url, tmp_path / "voice.log", **settings) as voice,
        connected(voice.base.replace("http", "ws"), key, "billing_agent") as client,
    ):
        conversation, heard = await _spoken_to(client, speech)
        (turn,) = conversation.log.turns.values()
        assert turn.words == "one more thing"
        assert list(conversation.log.replies.values())[-1]
        assert any(heard)
        began = time.monotonic()
        voice.process.terminate()
        with suppress(VoiceUnusable):
            async for _ in client.events():
                pass
        assert await voice.process.wait() == 0
        assert time.monotonic() - began > 0.5
    call = "select status || ' ' || end_reason from calls"
    assert await scalar(database, call) == f"ENDED {CallEndReason.DRAINED.value}"
    assert await scalar(database, "select status from turns") == "COMPLETED"
    assert await scalar(database, "select count(*) from procrastinate_jobs") == 0
    assert await scalar(database, "select count(*) from procrastinate_workers") == 0
    session = conversation.log.session_id
    assert session is not None
    assert await scalar(database, "select id from sessions") == UUID(session)
    assert "Traceback" not in (tmp_path / "voice.log").read_text()


async def _spoken_to(client: RealtimeClient, speech: bytes) -> tuple[Conversation, bytes]:
    """Speaks in real time until the reply has been played."""
    playout, heard = Playout(), bytearray()
    conversation = Conversation(client, playout)
    await client.begin(customer_id="customer-1", language="en")
    caller = RecordedCaller(conversation, playout, heard.extend)
    log = conversation.log

    def answered() -> bool:
        return any(turn.first_sound_ms for turn in log.turns.values()) and conversation.quiet

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in caller.pieces([Line(speech, caller.greeted)], answered):
            yield piece

    await conversation.run(pieces())
    return conversation, bytes(heard)


@pytest.mark.models
@pytest.mark.timeout(400)
async def test_a_spoken_conversation_with_an_interruption(
    client: Client, key: str, database_url: str, model_dir: Path, tmp_path: Path
) -> None:
    """The demo's call with the real models: what was heard, answered, cut off and filed is in the record."""
    models = {**REAL_ENGINES, "VOXLOOM_MODEL_DIR": str(model_dir), "VOXLOOM_MODEL_THREADS": "1"}
    out = io.StringIO()
    async with voice_process(database_url, tmp_path / "voice.log", **models) as voice:
        plan = CallPlan(voice.base.replace("http", "ws"), key, "billing_agent", "customer-1", "en")
        done = await hold_call(plan, client.base, Console(file=out, width=200), tmp_path / "heard.wav")
    assert done, out.getvalue()
    assert any(await asyncio.to_thread(read_sound, tmp_path / "heard.wav"))
