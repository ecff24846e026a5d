"""The official Python SDK, unchanged, against the endpoint."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from db.enums import CallEndReason, PlaybackSource
from db.turns.live_values import Eagerness
from tests.graph.voice.realtime.fakes import KEY, FakeReception, tone
from tests.waiting import until as happens


@asynccontextmanager
async def connected(address: str, key: str = KEY, **query: str) -> AsyncIterator[AsyncRealtimeConnection]:
    async with AsyncOpenAI(api_key=key, websocket_base_url=address, base_url="http://127.0.0.1:1") as client:
        wanted = {"model": "billing_agent", **query}
        async with client.realtime.connect(model=wanted.pop("model"), extra_query=wanted) as connection:
            yield connection


async def until(connection: AsyncRealtimeConnection, kind: str, seconds: float = 30) -> list[Any]:
    """The events up to the first of a kind."""
    events: list[Any] = []
    async with asyncio.timeout(seconds):
        while not events or events[-1].type != kind:
            events.append(await connection.recv())
            assert events[-1].type != "error" or kind == "error", events[-1]
    return events


def pcm(seconds: float) -> str:
    return base64.b64encode((tone(seconds, 24_000) * 32767).astype("<i2").tobytes()).decode()


# The SDK's types do not know metadata, which it sends all the same.
_SESSION: Any = {
    "type": "realtime",
    "audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}},
    "metadata": {"customer_id": "c-1", "language": "en", "phone": "5551234"},
}


async def test_a_spoken_conversation(address: str, reception: FakeReception) -> None:
    async with connected(address) as connection:
        (created,) = await until(connection, "session.created")
        assert created.session.model == "billing_agent"
        await connection.session.update(session=_SESSION)
        told = await until(connection, "session.updated")
        assert [each.type for each in told] == ["conversation.created", "session.updated"]
        call = await reception.call()
        assert told[0].conversation.id == str(call.opened.session_id)
        (new,) = reception.opened
        assert (new.agent, new.customer_id, new.language, new.metadata) == (
            "billing_agent",
            "c-1",
            "en",
            {"phone": "5551234"},
        )
        assert new.turn_taking.eagerness is Eagerness.LOW
        for _ in range(50):
            await connection.input_audio_buffer.append(audio=pcm(0.02))
        await happens(lambda: call.heard.size >= 15_000)
        assert 0.45 < np.abs(call.heard).max() < 0.55, "the tone comes through"
        message_id = await call.turn("My bill is wrong.", "My", "My bill.", "My bill is")
        events = await until(connection, "conversation.item.input_audio_transcription.completed")
        assert [each.type for each in events] == [
            "input_audio_buffer.speech_started",
            *["conversation.item.input_audio_transcription.delta"] * 3,
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "conversation.item.input_audio_transcription.completed",
        ]
        assert "".join(each.delta for each in events[1:4]) == "My bill is"
        assert events[-1].transcript == "My bill is wrong."
        assert {each.item_id for each in (*events[:6], events[-1])} == {str(message_id)}

        reply_id = await call.say(["Your bill ", "is 30 euros."], seconds=0.3)
        events = await until(connection, "response.done")
        kinds = [each.type for each in events]
        audio = b"".join(base64.b64decode(each.delta) for each in events if each.type == "response.output_audio.delta")
        assert abs(len(audio) / 2 / 24_000 - 0.6) < 0.005
        assert kinds[:4] == [
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
        ]
        assert kinds[-6:] == [
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
        ]
        text = "".join(each.delta for each in events if each.type == "response.output_audio_transcript.delta")
        assert text == "Your bill is 30 euros."
        done = events[-1].response
        assert (done.status, done.output[0].content[0].transcript) == ("completed", "Your bill is 30 euros.")
        await happens(lambda: call.reports and call.reports[-1][1] > 599.9)
        assert {each[0] for each in call.reports} == {reply_id}
        assert {each[2] for each in call.reports} == {PlaybackSource.CLOCK}
    await happens(lambda: call.log == [("hang_up", CallEndReason.CALLER)])


async def test_an_interruption_is_told_at_once_and_cut_where_the_client_was(
    address: str, reception: FakeReception
) -> None:
    async with connected(address) as connection:
        await connection.input_audio_buffer.append(audio=pcm(0.02))
        call = await reception.call()
        reply_id = await call.begin(["A long reply ", "that goes on ", "and on."], seconds=1.0)
        events = await until(connection, "response.output_audio.delta")
        item_id = events[-1].item_id
        await call.pause(reply_id)
        events = await until(connection, "input_audio_buffer.speech_started")
        await connection.conversation.item.truncate(item_id=item_id, content_index=0, audio_end_ms=40)
        await until(connection, "conversation.item.truncated")
        assert call.reports[-1] == (reply_id, 40, PlaybackSource.TRUNCATE)
        assert "truncated" not in call.names, "the call decides whether it was a backchannel"
        await call.cleared(reply_id)
        events = await until(connection, "response.done")
        assert [each.type for each in events if each.type == "response.output_audio.delta"] == []
        details = events[-1].response.status_details
        assert (events[-1].response.status, details.reason) == ("cancelled", "turn_detected")
        await asyncio.sleep(0.3)
        assert max(ms for _, ms, _ in call.reports) <= 1_000


async def test_a_backchannel_lets_the_reply_go_on_where_the_client_stopped(
    address: str, reception: FakeReception
) -> None:
    async with connected(address) as connection:
        await connection.input_audio_buffer.append(audio=pcm(0.02))
        call = await reception.call()
        reply_id = await call.say(["One two three ", "four five six ", "seven."], seconds=0.5)
        events = await until(connection, "response.done")
        first = events[-1].response.output[0].id
        await call.pause(reply_id)
        await until(connection, "input_audio_buffer.speech_started")
        await connection.conversation.item.truncate(item_id=first, content_index=0, audio_end_ms=600)
        await until(connection, "conversation.item.truncated")
        await call.go_on(reply_id)
        events = await until(connection, "response.done")
        kinds = [each.type for each in events]
        assert kinds[:3] == ["input_audio_buffer.speech_stopped", "response.created", "response.output_item.added"]
        audio = b"".join(base64.b64decode(each.delta) for each in events if each.type == "response.output_audio.delta")
        assert abs(len(audio) / 2 / 24_000 - 0.9) < 0.01
        (again,) = events[-1].response.output
        assert (again.id != first, again.content[0].transcript) == (True, "four five six seven.")
        await happens(lambda: call.reports[-1][1] > 1_499)
        # A truncate of the second item counts from the reply's beginning.
        await connection.conversation.item.truncate(item_id=again.id, content_index=0, audio_end_ms=100)
        await until(connection, "conversation.item.truncated")
        assert call.log[-1] == ("truncated", 700)
