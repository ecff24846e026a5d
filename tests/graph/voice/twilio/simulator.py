"""A phone network that speaks Twilio's protocols, from its documents: webhooks with TwiML, Media Streams at 8 kHz.

Sources: "Media Streams: WebSocket Messages", "TwiML Voice: <Connect>, <Stream>, <Reject>", "Security", all of Twilio.
It plays what it is sent in real time, and returns a mark when the audio before it was played, or at once on ``clear``.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from graph.voice.g711 import decode_ulaw, encode_ulaw
from graph.voice.twilio.signature import HEADER, signature

NUMBER, CALLER = "+15550001111", "+15552223333"
AUTH_TOKEN = "12345"
FRAME = 160
SILENCE = b"\xff" * FRAME


@dataclass(frozen=True, slots=True)
class Disturbance:
    """``lost``: every so many messages of the caller's audio is lost. ``swapped``: every so many comes after the next.
    ``jitter``: up to so many messages come late, in a burst.
    """

    lost: int = 0
    swapped: int = 0
    jitter: int = 0


@dataclass
class Stream:
    """One media stream, as the network sees it. ``played``: what the caller has heard of it. ``events``: received."""

    socket: ClientConnection
    sid: str = field(default_factory=lambda: f"MZ{uuid4().hex}")
    buffer: deque[bytes | str] = field(default_factory=deque)
    events: list[dict[str, Any]] = field(default_factory=list)
    played: bytearray = field(default_factory=bytearray)
    line_played: deque[bytes] = field(default_factory=lambda: deque(maxlen=3))
    sequence: int = 0

    async def tell(self, event: str, **members: Any) -> None:
        self.sequence += 1
        told = {"event": event, "sequenceNumber": str(self.sequence), **members, "streamSid": self.sid}
        await self.socket.send(json.dumps(told))

    def named(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["event"] == event]


@dataclass
class PhoneCall:
    """A call of a caller. ``speed``: of the network's clock. ``status``: as Twilio names it.

    ``echo``: how loud the caller's phone returns what it plays, 60 ms later.
    """

    base: str
    to: str = NUMBER
    caller: str = CALLER
    speed: float = 1.0
    echo: float = 0.0
    disturbance: Disturbance = field(default_factory=Disturbance)
    sid: str = field(default_factory=lambda: f"CA{uuid4().hex}")
    status: str = "ringing"
    answers: list[ElementTree.Element] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    line: deque[bytes] = field(default_factory=deque)
    closed: list[int] = field(default_factory=list)

    # --- the caller -----------------------------------------------------------------------------------------

    def say(self, audio: bytes) -> None:
        """Says µ-law audio after what was said before."""
        padded = audio + SILENCE[: -len(audio) % FRAME]
        self.line.extend(padded[at : at + FRAME] for at in range(0, len(padded), FRAME))

    async def press(self, keys: str) -> None:
        for key in keys:
            await self.stream.tell("dtmf", dtmf={"track": "inbound_track", "digit": key})

    async def hang_up(self) -> None:
        self.status = "completed"
        with suppress(ConnectionClosed):
            await self.stream.tell("stop", stop={"accountSid": "AC1", "callSid": self.sid})
        await self.stream.socket.close()

    def lose_connection(self) -> None:
        """The stream breaks; the call itself goes on."""
        self.stream.socket.transport.abort()

    @property
    def stream(self) -> Stream:
        return self.streams[-1]

    # --- the network ----------------------------------------------------------------------------------------

    async def webhook(self, path: str, **more: str) -> httpx.Response:
        url = path if path.startswith("http") else self.base + path
        form = {"CallSid": self.sid, "AccountSid": "AC1", "From": self.caller, "To": self.to, "CallStatus": self.status}
        form |= more
        async with httpx.AsyncClient() as http:
            return await http.post(
                url, data=form, headers={HEADER: signature(AUTH_TOKEN, url, form.items())}, timeout=10
            )

    async def run(self) -> None:
        """From the first ring to the end of the call."""
        path = "/v1/twilio/voice"
        while self.status != "completed":
            response = await self.webhook(path)
            assert response.status_code == 200, response.text
            self.answers.append(answer := ElementTree.fromstring(response.text))
            self.said += [each.text or "" for each in answer.iter("Say")]
            connecting = answer.find("Connect")
            if connecting is None:
                self.status = "completed"
                break
            self.status = "in-progress"
            stream = connecting.find("Stream")
            assert stream is not None
            parameters = {each.attrib["name"]: each.attrib["value"] for each in stream.iter("Parameter")}
            await self._stream(stream.attrib["url"], parameters)
            path = connecting.attrib["action"]
        assert (await self.webhook("/v1/twilio/status")).status_code == 204

    async def _stream(self, url: str, parameters: dict[str, str]) -> None:
        async with connect(url, close_timeout=1) as socket:
            stream = Stream(socket)
            await socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
            about = {"accountSid": "AC1", "callSid": self.sid, "streamSid": stream.sid, "tracks": ["inbound"]}
            media_format = {"encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1}
            await stream.tell("start", start={**about, "customParameters": parameters, "mediaFormat": media_format})
            self.streams.append(stream)
            tasks = [asyncio.create_task(each) for each in (self._receive(stream), self._tick(stream))]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.closed.append(socket.close_code or 0)

    async def _receive(self, stream: Stream) -> None:
        with suppress(ConnectionClosed):
            while True:
                event = json.loads(await stream.socket.recv())
                stream.events.append(event)
                assert event["streamSid"] == stream.sid
                if event["event"] == "media":
                    stream.buffer.append(base64.b64decode(event["media"]["payload"], validate=True))
                elif event["event"] == "mark":
                    stream.buffer.append(event["mark"]["name"])
                else:
                    assert event["event"] == "clear"
                    marks = [each for each in stream.buffer if isinstance(each, str)]
                    stream.buffer.clear()
                    for name in marks:
                        await stream.tell("mark", mark={"name": name})

    async def _tick(self, stream: Stream) -> None:
        """20 ms of the line, each way, again and again."""
        chance = random.Random(1)
        due, chunk = time.perf_counter(), 0
        held: list[dict[str, str]] = []
        late = 0
        with suppress(ConnectionClosed):
            while True:
                chunk += 1
                audio = self._with_echo(self.line.popleft() if self.line else SILENCE, stream)
                media = {"track": "inbound", "chunk": str(chunk), "timestamp": str((chunk - 1) * 20)}
                held.append({**media, "payload": base64.b64encode(audio).decode()})
                swaps = bool(self.disturbance.swapped) and chunk % self.disturbance.swapped == 0
                late = late - 1 if late > 0 else chance.randint(0, self.disturbance.jitter)
                if not swaps and late <= 0:
                    await self._send(stream, held)
                await self._play(stream)
                due += 0.02 / self.speed
                await asyncio.sleep(max(0.0, due - time.perf_counter()))

    def _with_echo(self, audio: bytes, stream: Stream) -> bytes:
        if not self.echo:
            return audio
        played = decode_ulaw(bytes(stream.line_played[-3])) if len(stream.line_played) > 2 else decode_ulaw(SILENCE)
        mixed = decode_ulaw(audio).astype(np.float32) + self.echo * played
        return encode_ulaw(np.clip(mixed, -32_767, 32_767).astype(np.int16))

    async def _send(self, stream: Stream, held: list[dict[str, str]]) -> None:
        lost, swapped = self.disturbance.lost, self.disturbance.swapped
        for at in range(len(held) - 1):
            if swapped and int(held[at]["chunk"]) % swapped == 0:
                held[at], held[at + 1] = held[at + 1], held[at]
        for media in held:
            if not (lost and int(media["chunk"]) % lost == 0):
                await stream.tell("media", media=media)
        held.clear()

    async def _play(self, stream: Stream) -> None:
        left, before = FRAME, len(stream.played)
        while stream.buffer and left:
            first = stream.buffer.popleft()
            if isinstance(first, str):
                await stream.tell("mark", mark={"name": first})
                continue
            stream.played += first[:left]
            if len(first) > left:
                stream.buffer.appendleft(first[left:])
            left -= min(left, len(first))
        stream.line_played.append(bytes(stream.played[before:]).ljust(FRAME, b"\xff"))
        while stream.buffer and isinstance(stream.buffer[0], str):
            await stream.tell("mark", mark={"name": stream.buffer.popleft()})


@asynccontextmanager
async def calling(base: str, **given: Any) -> AsyncIterator[PhoneCall]:
    """A call from its first ring on; its failure is the test's. ``given``: of ``PhoneCall``."""
    call = PhoneCall(base, **given)
    running = asyncio.create_task(call.run())
    try:
        yield call
        if running.done():
            running.result()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
