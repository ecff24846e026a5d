"""Write-behind queue of an attempt: ordered, bounded; writes that wait together share one commit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS, client_error, retry_outage
from db.turns import claims
from db.turns.values import Claim, FinishedCall
from db.turns.writes import TurnWrite
from inference.ports import JournalLost, Superseded

T = TypeVar("T")

#: Bounds of the queue: writes, and bytes of audio. When it is full, the pipeline waits.
_MAX_WAITING = 64
_MAX_WAITING_BYTES = 16_000_000

#: Most bytes of audio in one commit; a single larger write is committed alone.
_MAX_COMMIT_BYTES = 4_000_000

#: How long a write that may linger is held back, so that the next one shares its commit.
_LINGER_SECONDS = 0.01


@dataclass(slots=True, eq=False)
class _Waiting:
    """A queued write. ``committed``: resolved by its commit, None if no task waits. ``lingers``: may be held back."""

    write: TurnWrite
    committed: asyncio.Future[None] | None
    lingers: bool


class WriteBehind:
    """The ordered queue of one attempt's writes, and the task that commits them, which runs while the queue has any.

    ``patience_seconds``: how long commits are retried while the database is unavailable. Commits are numbered, so a
    commit whose answer was lost is retried with the same writes and applied once.
    """

    def __init__(self, database: Database, claim: Claim, *, patience_seconds: float) -> None:
        self._database = database
        self._claim = claim
        self._patience_seconds = patience_seconds
        self._step = 0
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._room = asyncio.Event()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._guarded: asyncio.Future[Any] | None = None
        self._failure: Exception | None = None
        self._raised = False

    async def put(self, write: TurnWrite, *, wait: bool = False, linger: bool = False) -> None:
        """Queues a write. ``wait``: returns when it is committed; such a write is the last of its commit.

        Raises the error of an earlier commit, since no later one is made: Superseded, JournalLost, or the database's
        error. After a database error was raised once, the turn may still be ended with a failure.
        """
        self._raise_failure(write)
        while len(self._queue) >= _MAX_WAITING or self._bytes >= _MAX_WAITING_BYTES:
            self._room.clear()
            await self._room.wait()  # until a commit, or until patience_seconds are over
            self._raise_failure(write)
        committed = asyncio.get_running_loop().create_future() if wait else None
        self._queue.append(_Waiting(write, committed, linger))
        self._bytes += write.size_bytes
        if not linger:
            self._hurry.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit_all(), name=f"journal-{self._claim.turn_id}")
        if committed is not None:
            await committed

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

    @property
    def unwritten_calls(self) -> dict[UUID, FinishedCall]:
        """Model calls of writes that were not committed."""
        return {call_id: call for each in self._queue for call_id, call in each.write.calls.items()}

    @property
    def _is_lost(self) -> bool:
        return isinstance(self._failure, Superseded | JournalLost)

    def _raise_failure(self, write: TurnWrite) -> None:
        if self._failure is None:
            return
        fails_turn = write.end is not None and write.end.failure is not None
        if self._is_lost or not (self._raised and fails_turn):
            self._raised = True
            raise self._failure
        self._failure = None
        self._queue.clear()
        self._bytes = 0

    async def _commit_all(self) -> None:
        try:
            while self._queue:
                await self._linger()
                commit = self._next_commit()
                await self._commit([each.write for each in commit])
                self._step += 1
                for each in commit:
                    self._queue.popleft()
                    self._bytes -= each.write.size_bytes
                    if each.committed is not None and not each.committed.done():  # else the waiting task was cancelled
                        each.committed.set_result(None)
                self._room.set()
        except Exception as error:
            self._fail(error)

    async def _linger(self) -> None:
        if all(each.lingers for each in self._queue):
            self._hurry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LINGER_SECONDS):
                    await self._hurry.wait()

    def _next_commit(self) -> list[_Waiting]:
        """The writes of the next commit, from the head of the queue."""
        commit: list[_Waiting] = []
        size = 0
        for each in self._queue:
            size += each.write.size_bytes
            if commit and size > _MAX_COMMIT_BYTES:
                break
            commit.append(each)
            if each.committed is not None:  # writes after an awaited one may change its rows
                break
        return commit

    async def _commit(self, writes: list[TurnWrite]) -> None:
        try:
            await retry_outage(
                lambda: claims.commit(self._database, self._claim, self._step, writes),
                patience_seconds=self._patience_seconds,
            )
        except claims.Fenced:
            raise Superseded from None
        except DATABASE_ERRORS as error:
            if client_error(error) is not None:  # a transient error that lasted longer than patience_seconds
                raise JournalLost from error
            raise

    def _fail(self, error: Exception) -> None:
        self._failure = error
        for each in self._queue:
            if each.committed is not None and not each.committed.done():
                each.committed.set_exception(error)
                self._raised = True
        self._room.set()
        if self._is_lost and self._guarded is not None:
            self._guarded.cancel()
