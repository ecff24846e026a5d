"""Turns that have left the floor, on their way to their end in the record; those of calls that have ended, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from db.logs import retrieve_exception

#: Turns that wait for the record at the same time.
_MOST = 8

#: Strong references: the event loop holds tasks weakly.
_outliving: set[asyncio.Task[None]] = set()


class Closing:
    """Does the work of one turn after that of the turn before. ``wake``: called when some is done.

    ``error``: the first that the work raised since it was last taken.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._last: asyncio.Task[None] | None = None
        self._open = 0
        self._error: Exception | None = None

    @property
    def done(self) -> bool:
        return self._open == 0

    @property
    def crowded(self) -> bool:
        """Whether so many turns wait for the record that no further one is to begin."""
        return self._open >= _MOST

    @property
    def last(self) -> asyncio.Task[None] | None:
        """Ends when all work so far is done."""
        return self._last

    def add(self, work: Coroutine[object, object, None]) -> None:
        self._open += 1
        self._last = asyncio.create_task(self._do(self._last, work), name="close-turn")

    async def _do(self, before: asyncio.Task[None] | None, work: Coroutine[object, object, None]) -> None:
        try:
            if before is not None:
                await asyncio.wait({before})
            await work
        except Exception as error:
            self._error = self._error or error
        finally:
            work.close()  # it was never begun, if this task was cancelled before
            self._open -= 1
            self._wake()

    def take_error(self) -> Exception | None:
        error, self._error = self._error, None
        return error

    async def wait(self) -> None:
        """Returns when all work is done, also what is added meanwhile."""
        while self._last is not None and not self._last.done():
            await asyncio.wait({self._last})

    async def cancel(self) -> None:
        if self._last is not None:
            self._last.cancel()
            await asyncio.wait({self._last})


def outlive(work: Coroutine[object, object, None]) -> None:
    """Does the work in a task of its own, which the call does not wait for."""
    task = asyncio.create_task(work, name="turn-after-call")
    _outliving.add(task)
    task.add_done_callback(_outliving.discard)
    task.add_done_callback(retrieve_exception)
