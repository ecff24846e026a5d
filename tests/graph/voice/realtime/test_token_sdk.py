"""The official Python SDK with the token of a call, as docs/how-to/call-from-a-browser.md shows it."""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode, b64encode

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from db.commands.calls import open_call
from db.commands.sessions import create_session
from db.enums import CallTransport, Channel
from db.models.calls import Call
from db.postgres.database import Database
from db.viewer import Viewer
from inference.engines.fake.chat import echo
from tests.graph.voice.realtime.desk import at_wire_rate, desk
from tests.graph.voice.realtime.fakes import served
from tests.inference.live.fakes import spoken


# recipe: python
async def call(url: str, token: str, speech: bytes) -> tuple[str, str, bytes]:
    """Says pcm16 of 24 kHz; returns its words, the reply, and the reply's pcm16."""
    words, reply, audio = "", "", b""
    client = AsyncOpenAI(api_key=token, websocket_base_url=url.removesuffix("/realtime"))
    async with client, client.realtime.connect() as connection:
        speaking = asyncio.create_task(speak(connection, speech))
        try:
            async for event in connection:
                if event.type == "conversation.item.input_audio_transcription.completed":
                    words = event.transcript
                elif event.type == "response.output_audio.delta":
                    audio += b64decode(event.delta)
                elif event.type == "response.output_audio_transcript.done":
                    reply = event.transcript
                elif event.type == "response.done" and words:  # the greeting is a response too
                    break
        finally:
            speaking.cancel()
    return words, reply, audio


async def speak(connection: AsyncRealtimeConnection, speech: bytes) -> None:
    """In real time, 20 ms at a time, and silence behind it, as a microphone does."""
    due, frame = time.monotonic(), 960
    while True:
        piece, speech = speech[:frame], speech[frame:]
        await connection.input_audio_buffer.append(audio=b64encode(piece.ljust(frame, b"\0")).decode())
        due += 0.02
        await asyncio.sleep(max(0, due - time.monotonic()))


# end


@pytest.fixture
async def opened(database: Database, viewer: Viewer) -> Call:
    async with database.transaction() as session:
        owner = await create_session(
            session, viewer, customer_id="c", language="en", channel=Channel.WEB, persona="billing_agent", metadata=None
        )
        return await open_call(session, viewer, session_id=owner.id, transport=CallTransport.REALTIME)


async def test_a_token_and_the_python_sdk_hold_a_call(database: Database, database_url: str, opened: Call) -> None:
    async with desk(database, database_url, echo) as running, served(running.endpoint) as address:
        token, _ = running.tokens.sign(opened)
        async with asyncio.timeout(20):
            told = await call(f"{address}/realtime", token, at_wire_rate(spoken("my bill is wrong")))
    words, reply, audio = told
    assert words == "my bill is wrong"
    assert "my bill is wrong" in reply
    assert len(audio) > 10_000
