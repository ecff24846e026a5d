"""The official Python SDK in a spoken conversation with the real call: an answer, an interruption, a backchannel."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from db.enums import PlaybackSource, TurnStatus
from db.postgres.database import Database
from db.turns.live_values import Playback
from inference.ports import AssistantMessage, ChatRequest
from tests.graph.voice.realtime.desk import RATE, Desk, Microphone, desk
from tests.graph.voice.realtime.fakes import served
from tests.graph.voice.realtime.test_python_sdk import connected
from tests.waiting import until as happens

_LONG = "Your bill is high because of calls abroad, which are not part of your plan, and of a fee for paper."

#: What the chat model was asked.
_asked: list[ChatRequest] = []


def answer(request: ChatRequest) -> str:
    _asked.append(request)
    return _LONG if "why" in str(request.history[-1]) else "Thirty euros."


@pytest.fixture
async def running(database: Database, database_url: str) -> AsyncIterator[Desk]:
    _asked.clear()
    async with desk(database, database_url, answer) as opened:
        yield opened


@pytest.fixture
async def address(running: Desk) -> AsyncIterator[str]:
    async with served(running.endpoint) as opened:
        yield opened


class Client:
    """A caller with the SDK: plays what it is sent in real time, and truncates where it stops, as the SDK's guide says.

    ``stopped``: milliseconds from each word over a reply to the stop.
    """

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.microphone = Microphone(self._send)
        self.events: list[Any] = []
        self._item: str | None = None
        self._item_at = 0.0
        self._item_ms = 0.0
        self.spoke_at = 0.0
        self.stopped_ms: list[float] = []

    async def _send(self, frame: bytes) -> None:
        await self.connection.input_audio_buffer.append(audio=base64.b64encode(frame).decode())

    def say(self, text: str) -> None:
        self.microphone.say(text)
        self.spoke_at = time.perf_counter()

    async def run(self) -> None:
        async for event in self.connection:
            self.events.append(event)
            if event.type == "response.output_audio.delta":
                if event.item_id != self._item:
                    self._item, self._item_at, self._item_ms = event.item_id, time.perf_counter(), 0.0
                self._item_ms += len(base64.b64decode(event.delta)) / 2 / RATE * 1e3
            elif event.type == "input_audio_buffer.speech_started" and self._item is not None:
                self.stopped_ms.append((time.perf_counter() - self.spoke_at) * 1e3)
                played = min((time.perf_counter() - self._item_at) * 1e3, self._item_ms)
                if played < self._item_ms:
                    item, self._item = self._item, None
                    await self.connection.conversation.item.truncate(
                        item_id=item, content_index=0, audio_end_ms=int(played)
                    )

    def kinds(self, kind: str) -> list[Any]:
        return [each for each in self.events if each.type == kind]

    @property
    def said(self) -> list[str]:
        return [each.transcript for each in self.kinds("conversation.item.input_audio_transcription.completed")]

    @property
    def answers(self) -> list[tuple[str, str | None]]:
        """Each response's status, and the transcript of its last item."""
        done = [each.response for each in self.kinds("response.done")]
        return [(each.status, each.output[-1].content[0].transcript if each.output else None) for each in done]


@asynccontextmanager
async def calling(address: str, key: str, **query: str) -> AsyncIterator[Client]:
    async with connected(address, key, **query) as connection:
        client = Client(connection)
        tasks = [asyncio.create_task(client.run()), asyncio.create_task(client.microphone.run())]
        try:
            yield client
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_conversation_with_an_interruption(address: str, key: str, running: Desk) -> None:
    async with calling(address, key) as client:
        client.say("what is my bill")
        await happens(lambda: client.answers)
        assert client.said == ["what is my bill"]
        assert client.answers == [("completed", "Thirty euros.")]
        record = running.record
        await happens(lambda: record.told("playback_finished"))

        client.say("why is it high")
        await happens(lambda: len(client.kinds("response.created")) > 1)
        await happens(lambda: client.events[-1].type == "response.output_audio.delta")
        await asyncio.sleep(1.5)
        client.say("stop that please now")
        await happens(lambda: len(client.answers) > 2)
        assert client.said[1:] == ["why is it high", "stop that please now"]
        statuses = [status for status, _ in client.answers]
        assert statuses == ["completed", "cancelled", "completed"]
        assert client.stopped_ms[-1] < 1_500, "told before the words have ended"
        first, second = (turn.playback for turn in list(record.turns.values())[:2])
        assert first == Playback("Thirty euros.", 780, 780, False, PlaybackSource.CLOCK)
        assert second is not None
        assert (second.interrupted, second.source) == (True, PlaybackSource.TRUNCATE)
        assert _LONG.startswith(second.heard_text)
        assert 800 < second.heard_ms < second.total_ms - 500
        assert AssistantMessage(second.heard_text) in _asked[-1].history, "the history holds what was heard"
        assert list(record.turns.values())[1].status is TurnStatus.CANCELLED or second.interrupted


async def test_a_backchannel_does_not_stop_the_reply(address: str, key: str, running: Desk) -> None:
    async with calling(address, key) as client:
        client.say("why is it high")
        await happens(lambda: client.kinds("response.output_audio.delta"))
        await asyncio.sleep(1.5)
        client.say("okay")
        await happens(lambda: client.answers and client.answers[-1][0] == "completed")
        record = running.record
        await happens(lambda: record.told("playback_finished"))
        (turn,) = record.turns.values()
        assert turn.playback is not None
        assert (turn.playback.heard_text, turn.playback.interrupted) == (_LONG, False)
        assert client.said == ["why is it high"]
        assert client.kinds("conversation.item.truncated"), "the client had stopped"
        assert "error" not in {each.type for each in client.events}
