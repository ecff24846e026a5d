"""The attacker of `tests.bench.attack`, and a sink for its bytes, a process each.

Both end with the process that started them, however that ends.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any

import uvloop

from tests.bench.floods import FLOODS, Target

#: Answered to each request. It has what an attack looks for.
_ANSWER_BODY = b'{"data":{"createSession":{"session":{"id":"none"}}}}'
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_ANSWER_BODY)
_ANSWER += _ANSWER_BODY

_END_SECONDS = 10


class Process:
    """A process that answers what it is asked over a pipe."""

    def __init__(self, pipe: Connection, pid: int) -> None:
        self._pipe = pipe
        self.pid = pid

    async def ask(self, given: object) -> Any:
        self._pipe.send(given)
        answer = await asyncio.to_thread(self._pipe.recv)
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def attacker() -> Iterator[Process]:
    """Asked for (name of the flood, target, seconds), it attacks for so long; it answers with the target's counts.

    It runs on the last core alone, and yields to whoever else wants it (nice 10): it stands for machines elsewhere.
    """
    with _started(_attack) as process:
        os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
        os.setpriority(os.PRIO_PROCESS, process.pid, 10)
        yield process


@contextmanager
def sink() -> Iterator[Process]:
    """Asked for anything, it answers with its port."""
    with _started(_sink) as process:
        yield process


@contextmanager
def _started(main: Callable[[Connection], Any]) -> Iterator[Process]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(main, theirs), daemon=True)
    process.start()
    theirs.close()
    assert process.pid is not None
    try:
        yield Process(ours, process.pid)
    finally:
        process.terminate()
        process.join(_END_SECONDS)
        process.kill()
        process.join()
        ours.close()


def _run(main: Callable[[Connection], Any], pipe: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    uvloop.run(main(pipe))


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


async def _attack(pipe: Connection) -> None:
    while True:
        name, target, seconds = await asyncio.to_thread(pipe.recv)
        try:
            answer = await _counts(name, target, seconds)
        except Exception as error:  # told to whoever asked
            pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))
        else:
            pipe.send(answer)


async def _counts(name: str, target: Target, seconds: float) -> Target:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await FLOODS[name](target)
    return target


async def _sink(pipe: Connection) -> None:
    server = await asyncio.get_running_loop().create_server(_Sink, "127.0.0.1", 0, backlog=2048)
    while True:
        await asyncio.to_thread(pipe.recv)
        pipe.send(server.sockets[0].getsockname()[1])


class _Sink(asyncio.Protocol):
    """Answers each head, and throws away all the rest."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        if data.startswith((b"GET ", b"POST ")) and b"\r\n\r\n" in data:
            self._transport.write(_ANSWER)
