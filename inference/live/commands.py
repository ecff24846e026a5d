"""Commands of a call's transport, which the call's task carries out in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from db.errors import Overloaded

#: Commands that may wait.
_MOST = 32

Command = Callable[[], Awaitable[bool]]


class Commands:
    """``wake``: called when there is one. After ``close`` each answers False at once."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._waiting: deque[tuple[Command, asyncio.Future[bool]]] = deque()
        self._closed = False

    async def ask(self, command: Command, *, crowded: bool = False) -> bool:
        """The command's result. Raises Overloaded if too many wait, or the call is ``crowded``."""
        if self._closed:
            return False
        if crowded or len(self._waiting) >= _MOST:
            raise Overloaded("Too many commands of this call wait.", 1.0)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, done))
        self._wake()
        return await done

    async def carry_out_next(self) -> bool:
        """Carries out the next command; False if there is none. Raises what it raises, to the transport too."""
        if not self._waiting:
            return False
        command, done = self._waiting.popleft()
        try:
            result = await command()
        except Exception as error:
            if not done.done():
                done.set_exception(error)
            raise
        if not done.done():
            done.set_result(result)
        return True

    def stop(self) -> None:
        """Takes no more commands; those that wait may still be carried out."""
        self._closed = True

    def close(self) -> None:
        self.stop()
        for _, done in self._waiting:
            if not done.done():
                done.set_result(False)
        self._waiting.clear()
