"""A load generator with little overhead: it counts bytes and does not parse responses.

It runs in a process of its own, so that its time is nobody else's. What the answers hold is checked by agreement.py.
"""

from __future__ import annotations

import asyncio
import re
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import cast

import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_MOST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked. ``seconds``: go through the bodies again and again for so long; None: each body once."""

    port: int
    bodies: Sequence[bytes]
    key: str
    connections: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back. ``client_cpu_seconds`` is the generator's own."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    bytes: int
    client_cpu_seconds: float


class _Asking(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks again."""

    def __init__(self, requests: Iterator[bytes], until: float, taken: list[float], done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._until = until
        self._taken = taken
        self.done = done
        self.bytes = 0
        self._head = b""
        self._missing = -1
        self._began = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._ask()

    def _ask(self) -> None:
        now = time.perf_counter()
        request = next(self._requests, None) if now < self._until else None
        if request is None:
            self._end(None)
            return
        self._began = now
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        if self._missing < 0:
            self._head += data
            end = self._head.find(_HEAD_END)
            if end < 0:
                return
            length = _LENGTH.search(self._head, 0, end)
            if length is None or not self._head.startswith(b"HTTP/1.1 200 "):
                self._end(RuntimeError(f"An answer that nobody asked for: {self._head[:600]!r}"))
                return
            self._missing = end + len(_HEAD_END) + int(length[1]) - len(self._head)
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._head, self._missing = b"", -1
            self._taken.append(time.perf_counter() - self._began)
            self._ask()

    def _end(self, error: Exception | None) -> None:
        if not self.done.done():
            if error is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(error)
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("The server hung up."))


def run(load: Load) -> Answered:
    """Puts the load on, in this process. Raises for any answer but 200, and for a lost connection."""
    return uvloop.run(_run(load))


async def _run(load: Load) -> Answered:
    requests = [_request(load, body) for body in load.bodies]
    each: Iterator[bytes] = iter(requests) if load.seconds is None else cycle(requests)
    taken: list[float] = []
    loop = asyncio.get_running_loop()
    cpu, begin = _cpu_seconds(), time.perf_counter()
    until = begin + (load.seconds or _MOST_SECONDS)
    made = [
        await loop.create_connection(lambda: _Asking(each, until, taken, loop.create_future()), "127.0.0.1", load.port)
        for _ in range(load.connections)
    ]
    async with asyncio.timeout(_MOST_SECONDS + 10):
        await asyncio.gather(*(asking.done for _, asking in made))
    seconds = time.perf_counter() - begin
    if load.seconds is None and len(taken) != len(requests):
        raise RuntimeError(f"{len(requests) - len(taken)} requests were not answered in {_MOST_SECONDS} s.")
    return Answered(
        requests=len(taken),
        seconds=seconds,
        p50_ms=percentile(taken, 50) * 1000,
        p99_ms=percentile(taken, 99) * 1000,
        bytes=sum(asking.bytes for _, asking in made),
        client_cpu_seconds=_cpu_seconds() - cpu,
    )


def _request(load: Load, body: bytes) -> bytes:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\nAuthorization: Bearer {load.key}\r\n"
        f"Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; 0 of nothing."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100).__int__() - 1)] if ranked else 0.0
