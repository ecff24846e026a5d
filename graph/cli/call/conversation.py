"""Holds a call: sends the caller's audio in real time, plays what comes back, stops it when the caller speaks."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable

from db.json_value import Json
from graph.cli.call.call_log import CallLog
from graph.cli.call.client import RealtimeClient
from graph.cli.call.playout import Playout


class Conversation:
    """``show``: called after each event."""

    def __init__(
        self, client: RealtimeClient, playout: Playout, show: Callable[[CallLog], None] = lambda _: None
    ) -> None:
        self._client = client
        self._playout = playout
        self._show = show
        self._started: float | None = None
        self.log = CallLog(self.now)

    def now(self) -> float:
        """Seconds since the first audio was sent."""
        return 0.0 if self._started is None else time.monotonic() - self._started

    async def run(self, audio: AsyncIterator[bytes]) -> None:
        """Until the audio ends, or the call does. Raises VoiceUnusable."""
        listening = asyncio.create_task(self._listen(), name="call-events")
        speaking = asyncio.create_task(self._speak(audio), name="call-audio")
        try:
            await asyncio.wait({listening, speaking}, return_when=asyncio.FIRST_COMPLETED)
            for task in (speaking, listening):
                if task.done():
                    task.result()
        finally:
            listening.cancel()
            speaking.cancel()
            await asyncio.gather(listening, speaking, return_exceptions=True)

    async def _speak(self, audio: AsyncIterator[bytes]) -> None:
        async for piece in audio:
            if self._started is None:
                self._started = time.monotonic()
            await self._client.speak(piece)

    async def _listen(self) -> None:
        async for event in self._client.events():
            self.log.follow(event)
            await self._play(event)
            self._show(self.log)

    async def _play(self, event: dict[str, Json]) -> None:
        match event["type"]:
            case "response.output_audio.delta":
                self._playout.add(event["item_id"], base64.b64decode(event["delta"]))
            case "input_audio_buffer.speech_started":
                cut = self._playout.stop()
                if cut is not None:
                    await self._client.truncate(*cut)

    @property
    def quiet(self) -> bool:
        """Whether nothing is replied or played."""
        return not self.log.replying and not self._playout.playing
