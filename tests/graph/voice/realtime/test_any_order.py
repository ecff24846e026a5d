"""Events of both sides in any order: the connection goes on, responses end, no more is played than was sent."""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from typing import Any
from uuid import UUID, uuid4

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter
from websockets.asyncio.client import ClientConnection

from db.enums import PlaybackSource
from graph.voice.audio_format import AudioFormat
from inference.live.caller_events import (
    ClearPlayback,
    PausePlayback,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    ReplyStatus,
    ReplyText,
    ResumePlayback,
    SpeechEnded,
    SpeechStarted,
    ToCaller,
    TurnCommitted,
    WordsPartial,
)
from tests.graph.voice.realtime.fakes import RATE, FakeCall, FakeReception, tone
from tests.graph.voice.realtime.raw import hear, pcm, raw, tell
from tests.waiting import settled, until

_STEPS = 250
_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


class Client:
    """Keeps what it is sent; each item's audio in milliseconds."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.items: list[str] = []
        self.audio_ms: dict[str, float] = defaultdict(float)
        self.open: set[str] = set()

    async def run(self) -> None:
        async for message in self.socket:
            event = json.loads(message)
            _EVENT.validate_python(event)
            if event["type"] == "conversation.item.added":
                self.items.append(event["item"]["id"])
            elif event["type"] == "response.created":
                self.open.add(event["response"]["id"])
            elif event["type"] == "response.done":
                self.open.remove(event["response"]["id"])
            elif event["type"] == "response.output_audio.delta":
                assert event["response_id"] in self.open
                self.audio_ms[event["item_id"]] += AudioFormat.PCM.milliseconds(len(event["delta"]) * 3 // 4)

    async def step(self, rng: random.Random) -> None:
        item = rng.choice(self.items or ["none"])
        message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
        audio = {"input": {"turn_detection": self._detection(rng)}}
        end = int(rng.random() * self.audio_ms[item])
        events: list[tuple[str, dict[str, Any]]] = [
            ("input_audio_buffer.append", {"audio": pcm(0.02)}),
            ("input_audio_buffer.commit", {}),
            ("input_audio_buffer.clear", {}),
            ("output_audio_buffer.clear", {}),
            ("response.create", {}),
            ("response.cancel", {}),
            ("conversation.item.create", {"item": message}),
            ("conversation.item.retrieve", {"item_id": item}),
            ("conversation.item.truncate", {"item_id": item, "content_index": 0, "audio_end_ms": end}),
            ("session.update", {"session": {"type": "realtime", "audio": audio}}),
        ]
        kind, members = rng.choice(events)
        await tell(self.socket, kind, **members)

    def _detection(self, rng: random.Random) -> dict[str, Any] | None:
        return rng.choice([None, {"type": "semantic_vad"}, {"type": "server_vad", "silence_duration_ms": 500}])


class Assistant:
    """The call's side: any event of any turn and reply that it has begun."""

    def __init__(self, call: FakeCall) -> None:
        self.call = call
        self.turns = [uuid4()]
        self.replies = [uuid4()]

    async def step(self, rng: random.Random) -> None:
        turn, reply = rng.choice(self.turns[-3:]), rng.choice(self.replies[-3:])
        events: list[ToCaller] = [
            SpeechStarted(self._new(self.turns), 5),
            SpeechEnded(turn, 10),
            WordsPartial(turn, rng.choice(["a", "a b", "b", ""])),
            TurnCommitted(turn, uuid4(), "a b c", "en", rng.random() < 0.2),
            ReplyStarted(self._new(self.replies), None),
            ReplyText(reply, "word "),
            ReplyAudio(reply, 0, "word", tone(rng.random() * 0.4), RATE),
            ReplyAudio(reply, 0, "word", tone(rng.random() * 0.4), RATE),
            PausePlayback(reply),
            ResumePlayback(reply),
            ClearPlayback(reply, 5),
            ReplyFinished(reply, rng.choice(list(ReplyStatus)), "word "),
        ]
        await self.call.speaker.send(rng.choice(events))

    def _new(self, ids: list[UUID]) -> UUID:
        ids.append(uuid4())
        return ids[-1]


@pytest.mark.parametrize("seed", range(8))
async def test_events_in_any_order(address: str, reception: FakeReception, seed: int) -> None:
    rng = random.Random(seed)
    async with raw(address) as socket:
        await tell(socket, "session.update", session={"type": "realtime", "audio": {}})
        await hear(socket, "session.updated")
        call = await reception.call()
        client, assistant = Client(socket), Assistant(call)
        reading = asyncio.create_task(client.run())
        for _ in range(_STEPS):
            await (client if rng.random() < 0.4 else assistant).step(rng)
            await asyncio.sleep(rng.choice([0, 0, 0, 0.005]))
            assert not reading.done(), reading.exception()
        for reply in assistant.replies:
            await call.speaker.send(ResumePlayback(reply))
            await call.speaker.send(ReplyFinished(reply, ReplyStatus.INTERRUPTED, ""))
        await tell(socket, "conversation.item.retrieve", item_id="none")
        await until(lambda: reading.done() or not client.open)  # every response has ended
        await settled()
        assert not reading.done(), reading.exception()
        reading.cancel()
        assert client.open == set()
    sent = sum(client.audio_ms.values())
    heard: dict[UUID, float] = {}
    for reply, ms, source in call.reports:
        assert ms >= heard.get(reply, 0) or source is PlaybackSource.TRUNCATE
        heard[reply] = ms
    assert sum(heard.values()) <= sent + 1
