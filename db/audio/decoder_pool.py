"""Process pool that decodes untrusted recordings in sandboxed subprocesses, for the API and the worker.

A decoder process is as untrusted as its input: its answers are validated, and it has limits of CPU time, memory and
wall-clock time. A slot of the pool is held until the process has answered, or was killed and replaced.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Hashable
from types import TracebackType
from typing import Self

import structlog

from db.audio import limits
from db.audio.decoder_child import DecoderChild
from db.audio.decoder_protocol import DecodeRequest
from db.audio.recording import CustomerChannel, Recording, RecordingInfo
from db.errors import AudioTooLong, AudioUnreadable, InternalError, Overloaded
from db.fair_semaphore import FairSemaphore
from db.json_value import Json
from db.logs import retrieve_exception
from db.subprocesses.child import ChildDied

#: Recordings of one owner that may wait, each of them in memory.
_MAX_WAITING = 100

#: Errors that a decoder process may report.
_ERRORS = {each.code: each for each in (AudioUnreadable, AudioTooLong)}

log = structlog.get_logger(__name__)


class DecoderPool:
    """A pool of ``processes``, of which one owner uses at most all but one. Bound to one event loop.

    ``wait_seconds``: longest wait for a process. ``customer_channel``: see ``db.audio.downmix``.
    """

    def __init__(self, processes: int, *, wait_seconds: float, customer_channel: CustomerChannel = "auto") -> None:
        self._slots = FairSemaphore(processes, max_waiting=_MAX_WAITING, timeout_seconds=wait_seconds)
        self._processes = processes
        self._customer_channel = customer_channel
        self._idle: list[DecoderChild] = []
        self._tasks: set[asyncio.Task[object]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Starts all processes in advance. Raises ChildDied if one does not start."""
        self._idle += await asyncio.gather(
            *(DecoderChild.start_decoder() for _ in range(self._processes - len(self._idle)))
        )

    async def close(self) -> None:
        """Kills all processes, busy ones too."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            if not task.cancelling():  # a second cancellation would interrupt the cleanup
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        idle, self._idle = self._idle, []
        await asyncio.gather(*(child.kill() for child in idle))

    async def inspect(
        self, data: bytes, *, owner: Hashable, max_seconds: float, declared_mime_type: str | None = None
    ) -> RecordingInfo:
        """Decodes a recording completely and returns its metadata. ``owner``: the tenant whose share is used.

        Raises AudioUnreadable if the data is not audio, damaged, truncated, empty, too costly to decode, or declared as
        another media type; AudioTooLong above ``max_seconds``; Overloaded if no process was free in time.
        """
        request = DecodeRequest(
            max_seconds=max_seconds,
            samples=False,
            customer_channel=self._customer_channel,
            declared_mime_type=declared_mime_type,
        )
        header, _ = await self._decode(request, data, owner)
        return RecordingInfo(**_validated(header["info"]))

    async def recording(self, data: bytes, *, owner: Hashable, max_seconds: float) -> Recording:
        """Decodes a recording and returns its samples. Raises as ``inspect`` does."""
        import numpy as np  # noqa: PLC0415 - API processes do not need it

        request = DecodeRequest(max_seconds=max_seconds, samples=True, customer_channel=self._customer_channel)
        header, samples = await self._decode(request, data, owner)
        return Recording(samples=np.frombuffer(samples, np.float32), **_validated(header["info"]))

    async def _decode(self, request: DecodeRequest, data: bytes, owner: Hashable) -> tuple[dict[str, Json], bytes]:
        await self._slots.acquire(owner)
        # A task of the pool: when the caller is cancelled, the slot stays taken until the process is cleaned up.
        work = asyncio.create_task(self._work(request, data, owner), name="decode")
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)
        work.add_done_callback(retrieve_exception)
        try:
            header, payload = await asyncio.shield(work)
        except asyncio.CancelledError:
            if not work.cancelling():
                work.cancel()
            raise
        if (code := header.get("error")) is not None:
            raise _ERRORS.get(code, InternalError)(header["message"])
        return header, payload

    async def _work(self, request: DecodeRequest, data: bytes, owner: Hashable) -> tuple[dict[str, Json], bytes]:
        child: DecoderChild | None = None
        try:
            child = await self._take_child()
            header, payload = await child.request(request, data)
            if not header["last"]:
                self._idle.append(child)
                child = None
            return header, payload
        except ChildDied as death:
            raise _client_error(death) from None
        finally:
            try:
                if child is not None:
                    await child.kill()
                    # Before the slot is released: the next owner must not wait for a process to start.
                    if not self._closed:
                        self._idle.append(await DecoderChild.start_decoder())
            except ChildDied:
                log.error("decoder_not_restarted")  # the next recording tries again
            finally:
                self._slots.release(owner)

    async def _take_child(self) -> DecoderChild:
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                return child
            await child.kill()
        return await DecoderChild.start_decoder()


def _validated(info: dict[str, Json]) -> dict[str, Json]:
    """The metadata in a decoder's answer. Raises InternalError if it is invalid: the process may be compromised."""
    numbers = [info.get(name) for name in ("duration_ms", "source_sample_rate", "channels")]
    mime_type = re.fullmatch(r"(audio|video)/[a-z0-9]{1,20}", str(info.get("mime_type")))
    if mime_type is None or len(info) != 4 or not all(type(each) is int and 0 < each < 2**31 for each in numbers):
        raise InternalError("The decoder gave an invalid answer.")
    return info


def _client_error(death: ChildDied) -> AudioUnreadable | Overloaded:
    log.warning("decoder_ended", cause=death.cause, exit_code=death.exit_code)
    if death.cause == "cpu":
        return AudioUnreadable(limits.TOO_MUCH_TIME)
    if death.cause == "memory":
        return AudioUnreadable(limits.TOO_MUCH_MEMORY)
    if death.cause == "crash":
        return AudioUnreadable("The recording could not be decoded. Send it in another format.")
    return Overloaded("The recording could not be decoded in time.", 5.0)
