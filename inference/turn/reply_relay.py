"""Relay from a turn's pipeline to the listener of its reply; the pipeline neither waits for it nor fails with it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import structlog

from db.json_value import Json
from inference.ports import ReplyListener, Speech

#: Bounds of what waits for the listener: items, and bytes of audio (several minutes of speech).
_MAX_WAITING = 10_000
_MAX_WAITING_BYTES = 100_000_000

#: Seconds that the listener may take over one item.
_DELIVERY_SECONDS = 30.0

log = structlog.get_logger(__name__)

_Delivery = Callable[[ReplyListener], Awaitable[None]]


class ReplyRelay:
    """Passes the reply on, in order, in a task of its own. Nothing is passed on before ``release``.

    A listener that raises, that takes longer than 30 s over one item, or for which too much waits, gets nothing more;
    the turn goes on without it. ``now``: the clock of ``lead``, in seconds.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._waiting: deque[tuple[_Delivery, int]] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._ended = False
        self._lost = False
        self._task: asyncio.Task[None] | None = None
        #: Seconds of speech that are held, and, once released, when all speech so far will have been played.
        self._held: float | None = None
        self._ends_at: float | None = None

    @property
    def lead(self) -> float | None:
        """Seconds of speech that are made and not played yet, if playback begins at the release and with the first
        piece; below 0 once it has run dry, None before the first piece. May be asked in any thread."""
        ends_at = self._ends_at
        return self._held if ends_at is None else ends_at - self._now()

    def restarted(self) -> None:
        self._held = self._ends_at = None
        self._put(lambda listener: listener.reply_restarted())

    def text(self, delta: str) -> None:
        self._put(lambda listener: listener.reply_text(delta))

    def piece(self, speech: Speech) -> None:
        seconds = speech.samples.size / speech.sample_rate
        if self._task is None:
            self._held = (self._held or 0.0) + seconds
        else:
            now = self._now()
            self._ends_at = max(now, self._ends_at or now) + seconds
        self._put(lambda listener: listener.reply_piece(speech), speech.samples.nbytes)

    def details(self, details: Mapping[str, Json]) -> None:
        self._put(lambda listener: listener.reply_details(details))

    def tool_started(self, call_id: str, name: str) -> None:
        self._put(lambda listener: listener.tool_started(call_id, name))

    def tool_finished(self, call_id: str, name: str, *, ok: bool) -> None:
        self._put(lambda listener: listener.tool_finished(call_id, name, ok=ok))

    def release(self, listener: ReplyListener) -> None:
        """Passes on what is held, and from now on everything; called once."""
        if self._held is not None:
            self._ends_at = self._now() + self._held
        self._task = asyncio.create_task(self._deliver(listener), name="reply-relay")

    async def drain(self) -> None:
        """Returns when the listener, to which the reply was released, has all of it or is lost."""
        self._ended = True
        self._arrived.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """Stops at once; what waits is dropped."""
        self._drop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _put(self, deliver: _Delivery, size: int = 0) -> None:
        if self._lost:
            return
        if len(self._waiting) >= _MAX_WAITING or self._bytes + size > _MAX_WAITING_BYTES:
            log.warning("reply_listener_too_slow", waiting=len(self._waiting))
            self._drop()
            return
        self._waiting.append((deliver, size))
        self._bytes += size
        self._arrived.set()

    def _drop(self) -> None:
        self._lost = True
        self._waiting.clear()
        self._bytes = 0
        self._arrived.set()

    async def _deliver(self, listener: ReplyListener) -> None:
        try:
            while not self._lost:
                if self._waiting:
                    deliver, size = self._waiting.popleft()
                    self._bytes -= size
                    async with asyncio.timeout(_DELIVERY_SECONDS):
                        await deliver(listener)
                elif self._ended:
                    return
                else:
                    self._arrived.clear()
                    await self._arrived.wait()
        except Exception as error:  # the caller is gone, or the listener is broken: the turn goes on and is stored
            log.info("reply_listener_lost", error=type(error).__name__)
            self._drop()
