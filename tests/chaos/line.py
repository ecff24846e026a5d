"""A caller's connection over the Realtime protocol: sends audio in real time, plays replies, notes what comes."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.client import ClientConnection

from graph.cli.call.playout import BYTES_PER_SECOND
from tests.chaos.playback import PlayedAudio

_CHUNK_SECONDS = 0.05
_CHUNK = int(BYTES_PER_SECOND * _CHUNK_SECONDS)
_SILENCE = bytes(_CHUNK)

#: Seconds that the sender catches up on at most, as a sound card drops what was not fetched.
_CATCH_UP = 1.0


@dataclass(slots=True)
class Item:
    """An item of a reply. ``at``: when its first audio came. ``completed``: with a response that was completed.

    ``ms``: of its audio.
    """

    text: str = ""
    at: datetime | None = None
    completed: bool = False
    ms: float = 0.0
    played_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The words of a turn that the caller was told to be stored."""

    text: str
    at: datetime


@dataclass
class Line:
    """One connection. ``silence``: whether silence is sent between utterances. ``truncates``: whether the server is
    told where the playback stopped.

    ``speaking``: milliseconds sent of the utterance that is sent now, None between utterances.
    """

    socket: ClientConnection
    silence: bool
    truncates: bool
    connected: Callable[[], None]
    items: dict[str, Item] = field(default_factory=dict)
    accepted: list[Accepted] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    speaking: float | None = None
    #: Whether a turn was accepted, and no audio has come since.
    unanswered: bool = False
    backchannels: int = 0

    def __post_init__(self) -> None:
        self.playback = PlayedAudio()
        self.progress = asyncio.Event()
        self._outgoing: deque[bytes] = deque()
        self._sent = asyncio.Event()
        self._responses: dict[str, set[str]] = {}

    # --- what the caller does -----------------------------------------------------------------------------

    async def say(self, audio: bytes) -> None:
        """Returns when all of it is sent."""
        self._sent.clear()
        self.speaking = 0.0
        self._outgoing.extend(audio[start : start + _CHUNK] for start in range(0, len(audio), _CHUNK))
        await self._sent.wait()
        self.speaking = None

    async def tell(self, kind: str, **members: object) -> None:
        await self.socket.send(json.dumps({"type": kind, **members}))

    async def send(self) -> None:
        """Sends audio in real time, until cancelled."""
        due = time.monotonic()
        while True:
            due = max(due + _CHUNK_SECONDS, time.monotonic() - _CATCH_UP)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if self._outgoing:
                chunk = self._outgoing.popleft()
                await self.tell("input_audio_buffer.append", audio=base64.b64encode(chunk).decode())
                if self.speaking is not None:
                    self.speaking += len(chunk) * 1000 / BYTES_PER_SECOND
                if not self._outgoing:
                    self._sent.set()
            elif self.silence:
                await self.tell("input_audio_buffer.append", audio=base64.b64encode(_SILENCE).decode())

    # --- what the server says -----------------------------------------------------------------------------

    async def receive(self) -> None:
        """Until the connection ends, with its ConnectionClosed."""
        while True:
            text = await self.socket.recv()
            at = datetime.now(UTC)
            await self._on(json.loads(text), at)
            self.progress.set()

    async def _on(self, event: Mapping[str, Any], at: datetime) -> None:
        match event["type"]:
            case "conversation.created":
                self.connected()
            case "conversation.item.input_audio_transcription.completed":
                self.accepted.append(Accepted(event["transcript"], at))
                self.unanswered = True
            case "response.output_audio_transcript.delta":
                self._item(event).text += event["delta"]
            case "response.output_audio.delta":
                item = self._item(event)
                item.at = item.at or at
                self.unanswered = False
                size = len(event["delta"]) * 3 // 4
                item.ms += size * 1000 / BYTES_PER_SECOND
                self.playback.add(event["item_id"], size)
            case "input_audio_buffer.speech_started":
                cut = self.playback.stop()
                if cut is not None and self.truncates:
                    members = {"item_id": cut[0], "content_index": 0, "audio_end_ms": cut[1]}
                    await self.tell("conversation.item.truncate", **members)
            case "response.done" if event["response"]["status"] == "completed":
                for item_id in self._responses.get(event["response"]["id"], ()):
                    self.items[item_id].completed = True
            case "error":
                self.errors.append(event["error"]["code"])

    def _item(self, event: Mapping[str, Any]) -> Item:
        item_id = event["item_id"]
        self._responses.setdefault(event["response_id"], set()).add(item_id)
        return self.items.setdefault(item_id, Item())

    def finish(self) -> None:
        """The connection is gone, and with it what was not played."""
        self.playback.stop()
        for item_id, ms in self.playback.played().items():
            self.items[item_id].played_ms = ms
