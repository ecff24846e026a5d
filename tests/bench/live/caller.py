"""A caller of the Realtime protocol in real time: a microphone that never stops, and a loudspeaker on a clock.

Every 20 ms of the caller's audio is sent when it has been spoken. What the server sends is played as a client does:
from its arrival on, piece after piece; at ``input_audio_buffer.speech_started`` it stops and says where it stopped.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import soxr
from websockets.asyncio.client import ClientConnection, connect

from inference.ports import SAMPLE_RATE, Samples
from tests.bench.live.clips import Clip

#: Of pcm16 in the protocol, Hz.
_RATE = 24_000
_FRAME_SECONDS = 0.02
_FRAME = int(_RATE * _FRAME_SECONDS)
_BYTES_PER_SECOND = 2 * _RATE

#: Noise of the caller's room, as a share of full scale: -68 dB.
_ROOM = 4e-4
_ROOM_FRAMES = 100

#: A piece that comes so late after the end of the one before is a gap that is heard.
_GAP_SECONDS = 0.02

Frames = Sequence[str]


def frames(samples: Samples, seed: int = 0) -> Frames:
    """The messages that carry 16 kHz audio in a room, 20 ms each."""
    wide = soxr.resample(samples, SAMPLE_RATE, _RATE) if samples.size else samples
    wide = np.pad(wide, (0, -wide.size % _FRAME))
    wide = wide + np.random.default_rng(seed).standard_normal(wide.size) * _ROOM
    pcm = (np.clip(wide, -1, 1) * 32767).astype("<i2")
    return [_append(pcm[start : start + _FRAME].tobytes()) for start in range(0, pcm.size, _FRAME)]


def _append(audio: bytes) -> str:
    message = {"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()}
    return orjson.dumps(message).decode()


def room_frames(seed: int) -> Frames:
    return frames(np.zeros(_ROOM_FRAMES * SAMPLE_RATE // 50, np.float32), seed)


@dataclass(slots=True)
class Reply:
    """A response of the server. Times: ``time.perf_counter``. ``ends``: of its playback, with what came so far."""

    response_id: str
    item_id: str
    first_sound: float
    ends: float
    seconds: float = 0.0
    gaps: int = 0
    done: bool = False


@dataclass(slots=True)
class Heard:
    """What came of the server over a call. ``words``: pieces of the caller's words. ``problems``: error events."""

    replies: dict[str, Reply] = field(default_factory=dict)
    stops: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    words: list[tuple[float, str]] = field(default_factory=list)
    transcripts: list[tuple[float, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Caller:
    """One call. ``heard`` grows while it lasts."""

    def __init__(self, socket: ClientConnection, room: Frames) -> None:
        self._socket = socket
        self._room = room
        self._saying: Frames = ()
        self._said = 0
        self._began = 0.0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._changed = asyncio.Event()
        self._playing: Reply | None = None
        self.heard = Heard()
        self.session_id = ""

    async def say(self, clip: Frames) -> float:
        """Says it and returns when all of it is sent; the time at which it began."""
        self._saying, self._said = clip, 0
        self._quiet.clear()
        await self._quiet.wait()
        return self._began

    async def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Whether it became true within the time."""
        end = time.perf_counter() + seconds
        while not true():
            left = end - time.perf_counter()
            if left <= 0:
                return False
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                continue
        return True

    def reply_since(self, at: float) -> Reply | None:
        """The first whose sound began after ``at``."""
        return next((each for each in self.heard.replies.values() if each.first_sound > at), None)

    async def microphone(self) -> None:
        """Sends for ever."""
        begin, number = time.perf_counter(), 0
        while True:
            number += 1
            await asyncio.sleep(max(0.0, begin + number * _FRAME_SECONDS - time.perf_counter()))
            if self._saying:
                if not self._said:
                    self._began = begin + (number - 1) * _FRAME_SECONDS
                await self._socket.send(self._saying[self._said])
                self._said += 1
                if self._said == len(self._saying):
                    self._saying = ()
                    self._quiet.set()
            else:
                await self._socket.send(self._room[number % len(self._room)])

    async def listen(self) -> None:
        """Receives until the connection ends."""
        async for message in self._socket:
            now = time.perf_counter()
            event: dict[str, Any] = orjson.loads(message)
            kind = event["type"]
            if kind == "response.output_audio.delta":
                self._sound(event, now)
            elif kind == "input_audio_buffer.speech_started":
                await self._stop(now)
            elif kind == "input_audio_buffer.committed":
                self.heard.commits.append(now)
            elif kind == "conversation.item.input_audio_transcription.delta":
                self.heard.words.append((now, event["delta"]))
            elif kind == "conversation.item.input_audio_transcription.completed":
                self.heard.transcripts.append((now, event["transcript"]))
            elif kind == "conversation.created":
                self.session_id = event["conversation"]["id"]
            elif kind == "response.done":
                reply = self.heard.replies.get(event["response"]["id"])
                if reply is not None:
                    reply.done = True
            elif kind == "error":
                self.heard.problems.append(f"{event['error'].get('code')}: {event['error']['message']}")
            self._changed.set()

    def _sound(self, event: Mapping[str, Any], now: float) -> None:
        encoded: str = event["delta"]
        seconds = (len(encoded) * 3 // 4 - encoded.count("=", -2)) / _BYTES_PER_SECOND
        reply = self.heard.replies.get(event["response_id"])
        if reply is None:
            reply = Reply(event["response_id"], event["item_id"], now, now)
            self.heard.replies[reply.response_id] = reply
        elif now > reply.ends + _GAP_SECONDS:
            reply.gaps += 1
        reply.item_id = event["item_id"]
        reply.ends = max(reply.ends, now) + seconds
        reply.seconds += seconds
        self._playing = reply

    async def _stop(self, now: float) -> None:
        self.heard.stops.append(now)
        reply = self._playing
        if reply is None or reply.ends <= now:
            return
        played = max(0.0, reply.seconds - (reply.ends - now))
        reply.ends = now
        self._playing = None
        await self._socket.send(
            orjson.dumps(
                {
                    "type": "conversation.item.truncate",
                    "item_id": reply.item_id,
                    "content_index": 0,
                    "audio_end_ms": int(played * 1000),
                }
            ).decode()
        )


@asynccontextmanager
async def calling(url: str, key: str, *, customer: str, seed: int) -> AsyncIterator[Caller]:
    """A call that has been opened, with its microphone on. Raises what ``websockets`` raises if it is refused."""
    headers = {"Authorization": f"Bearer {key}"}
    async with connect(url, additional_headers=headers, max_size=None, open_timeout=30) as socket:
        session = {"type": "realtime", "metadata": {"customer_id": customer, "language": "en"}}
        await socket.send(orjson.dumps({"type": "session.update", "session": session}).decode())
        caller = Caller(socket, room_frames(seed))
        tasks = [asyncio.create_task(caller.listen()), asyncio.create_task(caller.microphone())]
        try:
            yield caller
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def frames_of(clips: Mapping[str, Clip]) -> dict[str, Frames]:
    return {name: frames(clip.samples) for name, clip in clips.items()}
