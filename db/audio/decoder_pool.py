"""Decodes recordings in processes of their own, which can be killed: what the API and the worker call.

A recording is hostile until it is decoded, and so is the process that decodes it. Each has limits of CPU time, memory
and wall-clock time; a place in the pool is held until the process has answered or is gone and replaced.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Hashable
from types import TracebackType
from typing import Any, Self

import structlog

from db.audio import limits
from db.audio.decode_request import DecodeRequest
from db.audio.decoder_child import DecoderChild, DecoderDied
from db.audio.fair_share import FairShare
from db.audio.recorded import CustomerChannel, Recording, RecordingFacts
from db.errors import AudioTooLong, AudioUnreadable, InternalError, Overloaded
from db.logs import looked_at

#: Recordings of one owner that may wait; each is in memory.
_WAITING = 100

#: Errors that a decoder process may report.
_ERRORS = {each.code: each for each in (AudioUnreadable, AudioTooLong)}

log = structlog.get_logger(__name__)


class DecoderPool:
    """``processes`` that decode side by side; one owner's recordings have all but one of them at most.

    ``wait_seconds``: how long a recording waits for one. ``customer_channel``: which of two channels is taken.
    Belongs to the event loop that it is used in.
    """

    def __init__(self, processes: int, *, wait_seconds: float, customer_channel: CustomerChannel = "auto") -> None:
        self._places = FairShare(processes, waiting=_WAITING, seconds=wait_seconds)
        self._processes = processes
        self._customer_channel = customer_channel
        self._idle: list[DecoderChild] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Starts all processes, so that the first recordings do not wait for them. Raises DecoderDied if one cannot."""
        self._idle += await asyncio.gather(*(DecoderChild.start() for _ in range(self._processes - len(self._idle))))

    async def close(self) -> None:
        """Ends all processes, at work or not."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            if not task.cancelling():  # else it is ending its process, and must not be disturbed
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        idle, self._idle = self._idle, []
        await asyncio.gather(*(child.kill() for child in idle))

    async def facts(
        self, data: bytes, *, owner: Hashable, max_seconds: float, declared_mime_type: str | None = None
    ) -> RecordingFacts:
        """Decodes a recording to its end to learn what it is. ``owner``: whose share of the processes it uses.

        Raises AudioUnreadable for what is no recording, is damaged, cut off, empty, declared to be something else than
        sound, or takes too much work; AudioTooLong for more than ``max_seconds``; Overloaded when there was no process.
        """
        request = DecodeRequest(
            max_seconds=max_seconds,
            samples=False,
            customer_channel=self._customer_channel,
            declared_mime_type=declared_mime_type,
        )
        head, _ = await self._decode(request, data, owner)
        return RecordingFacts(**_checked(head["facts"]))

    async def recording(self, data: bytes, *, owner: Hashable, max_seconds: float) -> Recording:
        """Decodes a recording. Raises as ``facts`` does."""
        import numpy as np  # noqa: PLC0415 - an API process asks for facts alone, and does without

        request = DecodeRequest(max_seconds=max_seconds, samples=True, customer_channel=self._customer_channel)
        head, samples = await self._decode(request, data, owner)
        return Recording(samples=np.frombuffer(samples, np.float32), **_checked(head["facts"]))

    async def _decode(self, request: DecodeRequest, data: bytes, owner: Hashable) -> tuple[dict[str, Any], bytes]:
        await self._places.take(owner)
        # A task of the pool's own: whoever waits may be cancelled, and the place stays taken until the work has ended.
        work = asyncio.create_task(self._work(request, data, owner), name="decode")
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)
        work.add_done_callback(looked_at)
        try:
            head, payload = await asyncio.shield(work)
        except asyncio.CancelledError:
            if not work.cancelling():
                work.cancel()
            raise
        if (code := head.get("error")) is not None:
            raise _ERRORS.get(code, InternalError)(head["message"])
        return head, payload

    async def _work(self, request: DecodeRequest, data: bytes, owner: Hashable) -> tuple[dict[str, Any], bytes]:
        child: DecoderChild | None = None
        try:
            child = await self._take_child()
            head, payload = await child.ask(request, data)
            if not head["last"]:
                self._idle.append(child)
                child = None
            return head, payload
        except DecoderDied as death:
            raise _refusal(death) from None
        finally:
            try:
                if child is not None:
                    await child.kill()
                    # Before the place is given back: another owner must not wait for a process to start.
                    if not self._closed:
                        self._idle.append(await DecoderChild.start())
            except DecoderDied:
                log.error("decoder_not_restarted")  # the next recording tries again
            finally:
                self._places.give_back(owner)

    async def _take_child(self) -> DecoderChild:
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                return child
            await child.kill()
        return await DecoderChild.start()


def _checked(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts as a decoder process told them. Raises InternalError for what is none: it may have been taken over."""
    numbers = [facts.get(name) for name in ("duration_ms", "source_sample_rate", "channels")]
    known = re.fullmatch(r"(audio|video)/[a-z0-9]{1,20}", str(facts.get("mime_type")))
    if known is None or len(facts) != 4 or not all(type(each) is int and 0 < each < 2**31 for each in numbers):
        raise InternalError("The decoder gave no sense.")
    return facts


def _refusal(death: DecoderDied) -> AudioUnreadable | Overloaded:
    log.warning("decoder_ended", cause=death.cause, exit_code=death.exit_code)
    if death.cause == "cpu":
        return AudioUnreadable(limits.TOO_MUCH_TIME)
    if death.cause == "memory":
        return AudioUnreadable(limits.TOO_MUCH_MEMORY)
    if death.cause == "crash":
        return AudioUnreadable("The recording could not be decoded. Send it in another format.")
    return Overloaded("The recording could not be decoded in time.", 5.0)
