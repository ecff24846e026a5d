"""Write-behind queue: ordered, bounded; writes that wait together share one commit."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from db.errors import VoxLoomError
from db.postgres.outage import DATABASE_ERRORS, client_error, retry_outage
from inference.ports import JournalLost, Superseded


class Write(Protocol):
    @property
    def size_bytes(self) -> int: ...


T = TypeVar("T")
W = TypeVar("W", bound=Write)

#: Bounds of the queue: writes, and bytes of audio. When it is full, the pipeline waits.
_MAX_WAITING = 64
_MAX_WAITING_BYTES = 16_000_000

#: Most bytes of audio in one commit; a single larger write is committed alone.
_MAX_COMMIT_BYTES = 4_000_000

#: How long a write that may linger is held back, so that the next one shares its commit.
_LINGER_SECONDS = 0.01


@dataclass(slots=True, eq=False)
class _Waiting(Generic[W]):
    """A queued write, or a commit of its own (``act``). ``committed``: resolved by its commit with the act's result,
    None if no task waits. ``lingers``: may be held back.
    """

    write: W | None
    act: Callable[[int], Awaitable[Any]] | None
    committed: asyncio.Future[Any] | None
    lingers: bool

    @property
    def size_bytes(self) -> int:
        return 0 if self.write is None else self.write.size_bytes


class WriteBehind(ABC, Generic[W]):
    """An ordered queue of writes, and the task that commits them, which runs while the queue has any.

    ``patience_seconds``: how long commits are retried while the database is unavailable. Commits are numbered from 0,
    so a commit whose answer was lost is retried with the same writes and applied once. ``fenced``: the error of a
    commit that is refused because another process has taken over.
    """

    def __init__(self, name: str, *, fenced: type[Exception], patience_seconds: float) -> None:
        self._name = name
        self._fenced = fenced
        self._patience_seconds = patience_seconds
        self._step = 0
        self._queue: deque[_Waiting[W]] = deque()
        self._bytes = 0
        self._room = asyncio.Event()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._guarded: asyncio.Future[Any] | None = None
        self._failure: Exception | None = None
        self._raised = False
        #: How many writes, from the queue's head, are being committed.
        self._committing = 0

    @abstractmethod
    async def _commit(self, step: int, writes: Sequence[W]) -> None:
        """Makes commit number ``step``. Idempotent."""

    def _may_follow_failure(self, write: W | None) -> bool:
        """Whether the write is one that may still be made after a database error was raised."""
        return False

    async def put(self, write: W, *, wait: bool = False, linger: bool = False) -> None:
        """Queues a write. ``wait``: returns when it is committed; such a write is the last of its commit.

        Raises the error of an earlier commit, since no later one is made: Superseded, JournalLost, or the database's
        error.
        """
        await self._make_room(write)
        committed = asyncio.get_running_loop().create_future() if wait else None
        self._add(_Waiting(write, None, committed, linger))
        if committed is not None:
            await committed

    async def act(self, act: Callable[[int], Awaitable[T]]) -> T:
        """Queues a commit of its own, which gets its number, and returns its result. Raises as ``put``.

        A VoxLoomError of it is raised here, and means that nothing was written: the queue goes on.
        """
        await self._make_room(None)
        committed: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._add(_Waiting(None, act, committed, lingers=False))
        return await committed

    async def flush(self) -> None:
        """Returns when all that is queued now is committed. Raises as ``put``."""
        self._raise_failure(None)
        last = self._queue[-1] if self._queue else None
        while last is not None and last in self._queue and self._failure is None:
            if last.committed is None or last.committed.done():  # cancelled with the task that waited
                last.committed = asyncio.get_running_loop().create_future()
            self._hurry.set()
            await asyncio.wait({last.committed})
            if not last.committed.cancelled():
                last.committed.exception()  # raised below
        self._raise_failure(None)

    async def _make_room(self, write: W | None) -> None:
        self._raise_failure(write)
        while len(self._queue) >= _MAX_WAITING or self._bytes >= _MAX_WAITING_BYTES:
            self._room.clear()
            await self._room.wait()  # until a commit, or until patience_seconds are over
            self._raise_failure(write)

    def _add(self, waiting: _Waiting[W]) -> None:
        self._queue.append(waiting)
        self._bytes += waiting.size_bytes
        if not waiting.lingers:
            self._hurry.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit_all(), name=self._name)

    async def guard(self, work: Coroutine[object, object, T]) -> T:
        """Runs the attempt's work; cancels it as soon as nothing more can be written for it.

        Raises Superseded or JournalLost then.
        """
        working = asyncio.ensure_future(work)
        self._guarded = working
        try:
            return await working
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._is_lost and not (task and task.cancelling()):
                assert self._failure is not None
                raise self._failure from None
            raise

    async def close(self, seconds: float) -> None:
        """Commits the queue within ``seconds``, then drops what is left."""
        self._hurry.set()
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=seconds)
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def stop(self) -> None:
        """Nothing more is written, as if the next commit were refused: stops the work under ``guard``.

        A commit that is under way is not judged here: whether it was made is known when it ends.
        """
        if self._failure is None:
            self._fail(Superseded(), but=self._committing)

    @property
    def _is_lost(self) -> bool:
        return isinstance(self._failure, Superseded | JournalLost)

    def _raise_failure(self, write: W | None) -> None:
        if self._failure is None:
            return
        if self._is_lost or not (self._raised and self._may_follow_failure(write)):
            self._raised = True
            raise self._failure
        self._failure = None
        self._queue.clear()
        self._bytes = 0

    async def _commit_all(self) -> None:
        try:
            while self._queue and self._failure is None:
                await self._linger()
                if self._failure is not None:  # it was stopped meanwhile
                    return
                head = self._queue[0]
                if head.act is not None:
                    await self._act(head, head.act)
                else:
                    await self._commit_next()
                self._committing = 0
                self._room.set()
        except Exception as error:
            self._fail(error)

    async def _commit_next(self) -> None:
        commit = self._next_commit()
        step = self._step
        writes = [each.write for each in commit if each.write is not None]
        self._committing = len(commit)
        await self._retried(lambda: self._commit(step, writes))
        self._step += 1
        for each in commit:
            self._queue.popleft()
            self._bytes -= each.size_bytes
            if each.committed is not None and not each.committed.done():  # else the waiting task was cancelled
                each.committed.set_result(None)

    async def _act(self, head: _Waiting[W], act: Callable[[int], Awaitable[Any]]) -> None:
        step = self._step
        assert head.committed is not None
        self._committing = 1
        try:
            result = await self._retried(lambda: act(step))
        except VoxLoomError as error:
            self._queue.popleft()
            if not head.committed.done():
                head.committed.set_exception(error)
            return
        self._step += 1
        self._queue.popleft()
        if not head.committed.done():
            head.committed.set_result(result)

    async def _linger(self) -> None:
        if all(each.lingers for each in self._queue):
            self._hurry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LINGER_SECONDS):
                    await self._hurry.wait()

    def _next_commit(self) -> list[_Waiting[W]]:
        """The writes of the next commit, from the head of the queue."""
        commit: list[_Waiting[W]] = []
        size = 0
        for each in self._queue:
            size += each.size_bytes
            if each.act is not None or (commit and size > _MAX_COMMIT_BYTES):
                break
            commit.append(each)
            if each.committed is not None:  # writes after an awaited one may change its rows
                break
        return commit

    async def _retried(self, work: Callable[[], Awaitable[T]]) -> T:
        try:
            return await retry_outage(work, patience_seconds=self._patience_seconds)
        except self._fenced:
            raise Superseded from None
        except DATABASE_ERRORS as error:
            if client_error(error) is not None:  # a transient error that lasted longer than patience_seconds
                raise JournalLost from error
            raise

    def _fail(self, error: Exception, *, but: int = 0) -> None:
        """``but``: so many writes, from the queue's head, whose commit is under way, are left to it."""
        self._failure = self._failure or error
        for each in list(self._queue)[but:]:
            if each.committed is not None and not each.committed.done():
                each.committed.set_exception(error)
                each.committed.exception()  # asyncio would log it, if the task that waited has been cancelled
                self._raised = True
        self._room.set()
        if self._is_lost and self._guarded is not None:
            self._guarded.cancel()
