"""Callers: each holds one call after the other, with interruptions, backchannels, lost connections and hang-ups."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tests.chaos.call_sounds import stored_ms
from tests.chaos.line import Line
from tests.chaos.processes import SystemUnderTest, Voice
from tests.chaos.spoken_numbers import LIMIT, numbered_speech, plain_speech
from tests.client import Client, GraphQLFailed

T = TypeVar("T")

OPEN = """mutation($input: OpenCallInput!) { openCall(input: $input) { call { id } token } }"""
CLOSE = "mutation($id: ID!) { closeCall(input: {callId: $id}) { call { status } } }"

#: A server that does not answer a ping for so long is gone.
_SILENT_SECONDS = 3.0
_OPEN_SECONDS = 4.0
_REPLY_SECONDS = 8.0


class Moment(StrEnum):
    """Where in a turn a caller is."""

    UTTERANCE = "mid-utterance"
    COMMITTED = "after commit"
    REPLY = "mid-reply"


class _HungUp(Exception):
    """The caller has hung up."""


@dataclass
class HeldCall:
    """A call and all that its caller noticed. ``lines``: its connections. ``spoken``: begun utterances."""

    id: str
    token: str
    session_id: str
    manual: bool
    lines: list[Line] = field(default_factory=list)
    spoken: int = 0


@dataclass(frozen=True)
class Network:
    """What all callers share. ``numbers``: of their utterances."""

    client: Client
    system: SystemUnderTest
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, LIMIT)))


class Caller:
    """``manual``: ends its turns itself (push to talk).

    ``back``: by fault, seconds from a lost connection to the next one. ``lost_ms``: sound that was sent and not kept
    when the process was killed. ``ends``: of connections and refusals.
    """

    def __init__(self, network: Network, session_id: str, rng: random.Random, *, manual: bool = False) -> None:
        self.session_id = session_id
        self.calls: list[HeldCall] = []
        self.back: list[tuple[str, float]] = []
        self.lost_ms: list[float] = []
        self.ends: Counter[str] = Counter()
        self.voice: Voice | None = None
        self.did: Counter[str] = Counter()
        self._network = network
        self._rng = rng
        self._manual = manual
        self._line: Line | None = None
        self._lost: tuple[str, float] | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Hang up soon."""
        self._stopping.set()

    @property
    def moment(self) -> Moment | None:
        line = self._line
        if line is None:
            return None
        if line.speaking:
            return Moment.UTTERANCE
        if line.unanswered:
            return Moment.COMMITTED
        return Moment.REPLY if line.playback.playing else None

    def cut(self) -> None:
        """Aborts the connection."""
        if self._line is not None:
            self._note_lost("cut sockets")
            self._line.socket.transport.abort()

    async def run(self) -> None:
        """Until ``stop``; all calls have ended then."""
        while not self._stopping.is_set():
            call = await self._open()
            while await self._connect(call):
                pass
            await self._insist(partial(self._network.client.run, CLOSE, id=call.id))
        self._line = self.voice = None

    async def _open(self) -> HeldCall:
        key = f"call-{len(self.calls)}"
        taking = {"eagerness": "MANUAL"} if self._manual else {"eagerness": "HIGH", "maxSilenceMs": 600}
        given = {"sessionId": self.session_id, "turnTaking": taking, "idempotencyKey": key}
        opened = (await self._insist(lambda: self._network.client.run(OPEN, input=given)))["openCall"]
        call = HeldCall(opened["call"]["id"], opened["token"], self.session_id, self._manual)
        self.calls.append(call)
        return call

    async def _insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await ask()
            except GraphQLFailed as failed:
                self.ends[f"API: {failed.code}"] += 1
            except (httpx.HTTPError, ValueError):
                self.ends["API: no answer"] += 1
            await asyncio.sleep(self._rng.uniform(0.1, 0.6))

    # --- one connection -----------------------------------------------------------------------------------

    async def _connect(self, call: HeldCall) -> bool:
        """Holds one connection; returns whether the call goes on."""
        await asyncio.sleep(self._rng.uniform(0.05, 0.4))
        voice = self._rng.choice([each for each in self._network.system.voices if each is not self.voice])
        self.voice = voice
        began = time.monotonic()
        try:
            socket = await connect(
                voice.realtime,
                additional_headers={"Authorization": f"Bearer {call.token}"},
                proxy=None,
                open_timeout=_OPEN_SECONDS,
                ping_interval=_SILENT_SECONDS / 2,
                ping_timeout=_SILENT_SECONDS,
                close_timeout=1,
            )
        except InvalidStatus as refused:
            code = _code_of(refused)
            self.ends[f"refused: {code}"] += 1
            return code not in ("SESSION_ENDED", "CONFLICT", "UNAUTHENTICATED")
        except (OSError, WebSocketException, TimeoutError) as error:
            self.ends[f"no connection: {type(error).__name__}"] += 1
            await asyncio.sleep(self._rng.uniform(0.1, 0.5))
            return True
        line = Line(socket, silence=not call.manual, truncates=self._rng.random() < 0.6, connected=self._connected)
        call.lines.append(line)
        self._line = line
        try:
            return await self._hold(call, line, voice, began)
        finally:
            line.finish()
            self._line = None
            socket.transport.abort()

    async def _hold(self, call: HeldCall, line: Line, voice: Voice, began: float) -> bool:
        tasks = [asyncio.create_task(work) for work in (line.receive(), line.send(), self._converse(call, line))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and not isinstance(task.exception(), ConnectionClosed | None):
                    task.result()
            closed = line.socket.close_code, line.socket.close_reason or ""
        except _HungUp:
            self.did["hung up"] += 1
            await line.socket.close()
            return False
        finally:
            spoken_ms = line.speaking
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._note_end(voice, began, *closed)
        return await self._after(call, voice, spoken_ms, closed[1])

    def _note_end(self, voice: Voice, began: float, code: int | None, reason: str) -> None:
        self.ends[f"closed: {code} {reason}".rstrip()] += 1
        struck = voice.under_fault and voice.fault_at > began
        self._note_lost(*((voice.fault, voice.fault_at) if struck else ("other faults", 0.0)))

    async def _after(self, call: HeldCall, voice: Voice, spoken_ms: float | None, reason: str) -> bool:
        """After the connection has ended; whether the call goes on."""
        if "call has ended" in reason.lower():
            return False
        if spoken_ms and voice.fault.startswith("kill") and not voice.running:
            kept = await stored_ms(self._network.system.url, call.id)
            if kept is not None:
                self.lost_ms.append(max(0.0, spoken_ms - kept))
        return True

    def _note_lost(self, kind: str, at: float = 0.0) -> None:
        self._lost = self._lost or (kind, at or time.monotonic())

    def _connected(self) -> None:
        if self._lost is not None:
            kind, at = self._lost
            self.back.append((kind, time.monotonic() - at))
            self._lost = None

    # --- the conversation ---------------------------------------------------------------------------------

    async def _converse(self, call: HeldCall, line: Line) -> None:
        """Raises _HungUp."""
        rng = self._rng
        while True:
            await asyncio.sleep(rng.uniform(0.2, 1.2))
            if self._stopping.is_set() or rng.random() < 0.04:
                raise _HungUp
            await self._say_number(call, line)
            if not call.manual and rng.random() < 0.25:  # goes on, and reopens the turn
                await asyncio.sleep(rng.uniform(0.5, 1.6))
                await self._say_number(call, line)
                self.did["went on"] += 1
            await self._until(lambda: bool(line.playback.left), line)
            kind = rng.random()
            if kind < 0.3:
                self.did["interrupted"] += 1
                await asyncio.sleep(rng.uniform(0.2, 1.5))  # and says the next number
            elif kind < 0.5:
                self.did["listened aloud"] += 1
                await asyncio.sleep(rng.uniform(0.2, 1))
                call.spoken += 1
                await line.say(plain_speech(0.35))
                await self._until(lambda: not line.playback.left, line)
            elif kind < 0.58:
                self.did["dropped"] += 1
                await asyncio.sleep(rng.uniform(0, 1))
                self._note_lost("cut sockets")
                line.socket.transport.abort()
            else:
                await self._until(lambda: not line.playback.left, line)

    async def _say_number(self, call: HeldCall, line: Line) -> None:
        call.spoken += 1
        await line.say(numbered_speech(next(self._network.numbers), self._rng.uniform(1.0, 2.0)))
        if call.manual:
            await line.tell("input_audio_buffer.commit")
            await line.tell("response.create")

    async def _until(self, true: Callable[[], bool], line: Line) -> None:
        """Waits for something that the server or time brings, not for ever."""
        end = time.monotonic() + _REPLY_SECONDS
        while not true() and time.monotonic() < end and not self._stopping.is_set():
            line.progress.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await line.progress.wait()


def _code_of(refused: InvalidStatus) -> str:
    body = bytes(refused.response.body or b"")
    known = ("SESSION_ENDED", "CONFLICT", "UNAUTHENTICATED", "OVERLOADED", "DATABASE_UNAVAILABLE", "ENGINE_UNAVAILABLE")
    found: Any = next((code for code in known if code.encode() in body), None)
    return str(found or refused.response.status_code)
