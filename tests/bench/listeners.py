"""Many subscribers in one subprocess, controlled over a pipe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any
from uuid import UUID

import uvloop

from tests.bench.websocket import Heard, Socket, hello, subscribe

EVENTS = """subscription($id: ID!, $after: Int! = 0) { sessionEvents(sessionId: $id, afterSeq: $after) {
  __typename seq sessionId at ... on ReplyDelta { text } ... on StageStarted { stage engine model } } }"""

#: So many open at once: a server must not be asked faster than it listens.
_AT_ONCE = 32

_OPEN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Opening:
    """Who shall listen: a session each, from behind an event that is there, whose coming says that it listens."""

    port: int
    key: str
    topics: Sequence[tuple[UUID, int]]


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Three columns: the listener (as it stood in the opening), the event's number, when it came."""

    listeners: Sequence[int]
    seqs: Sequence[int]
    times: Sequence[float]
    lost: Sequence[str]


class Listeners:
    """The process, seen from outside."""

    def __enter__(self) -> Listeners:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_main, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join()
        self._pipe.close()

    async def open(self, opening: Opening) -> float:
        """Opens them all; returns the seconds that it took."""
        return float(await self._ask("open", opening))

    async def hear(self, count: int, seconds: float) -> Deliveries:
        """What came since it was asked last, when there are ``count`` of it, or the time is over."""
        heard: Deliveries = await self._ask("hear", (count, seconds))
        return heard

    async def close(self) -> None:
        await self._ask("close", None)

    async def _ask(self, what: str, given: object) -> Any:
        self._pipe.send((what, given))
        answer = await asyncio.to_thread(self._pipe.recv)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _main(pipe: Connection) -> None:
    uvloop.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    crowd = _Crowd()
    does: dict[str, Callable[[Any], Awaitable[object]]] = {"open": crowd.open, "hear": crowd.hear, "close": crowd.close}
    while True:
        what, given = await asyncio.to_thread(pipe.recv)
        try:
            answer: object = await does[what](given)
        except Exception as error:  # told to whoever asked
            answer = RuntimeError(f"{type(error).__name__}: {error}")
        pipe.send(answer)


class _Crowd:
    def __init__(self) -> None:
        self._heard = Heard()
        self._sockets: list[Socket] = []

    async def open(self, opening: Opening) -> float:
        self._heard = Heard()
        self._sockets = []
        room = asyncio.Semaphore(_AT_ONCE)
        loop = asyncio.get_running_loop()

        async def one(number: int, session_id: UUID, after_seq: int) -> None:
            async with room:
                asked = subscribe(EVENTS, str(session_id), after_seq)
                socket = Socket(number, self._heard, opening.port, hello(opening.key), asked)
                self._sockets.append(socket)
                await loop.create_connection(lambda: socket, "127.0.0.1", opening.port)
                await socket.open

        begin = time.monotonic()
        async with asyncio.timeout(_OPEN_SECONDS):
            await asyncio.gather(*(one(number, *topic) for number, topic in enumerate(opening.topics)))
        return time.monotonic() - begin

    async def hear(self, given: tuple[int, float]) -> Deliveries:
        count, seconds = given
        self._heard.want(count)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._heard.enough.wait()
        return Deliveries(*self._heard.take(), list(self._heard.lost))

    async def close(self, _: None) -> None:
        for socket in self._sockets:
            socket.leave()
        self._sockets = []
