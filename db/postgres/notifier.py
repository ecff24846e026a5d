"""Sends NOTIFY with the ids of sessions that have new events, just after the commit (compare: outbox).

Not within the transaction: NOTIFY takes a lock that serializes all commits. A notification is only a hint; if it is
lost, the feed finds the events by polling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from db.logs import error_fields
from db.postgres.outage import DATABASE_ERRORS
from db.postgres.pool import ConnectionPool

CHANNEL = "voxloom_events"

#: Debounce interval: the notifications of a burst of commits are sent by one statement.
_COALESCE_SECONDS = 0.005

_INFO_KEY = "sessions_to_notify"
_NOTIFY = "select pg_notify($1, id) from unnest($2::text[]) as id"

log = structlog.get_logger(__name__)


def notify_after_commit(session: AsyncSession, session_id: UUID) -> None:
    """Marks ``session_id`` for a notification once this transaction is committed."""
    session.info.setdefault(_INFO_KEY, set()).add(session_id)


def sessions_to_notify(session: AsyncSession) -> set[UUID]:
    marked: set[UUID] = session.info.get(_INFO_KEY, set())
    return marked


class Notifier:
    """Collects session ids and sends them from one task, which ends when the queue is empty."""

    def __init__(self, writer: ConnectionPool) -> None:
        self._writer = writer
        self._waiting: set[UUID] = set()
        self._task: asyncio.Task[None] | None = None

    def notify(self, session_ids: Iterable[UUID]) -> None:
        self._waiting.update(session_ids)
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._waiting:
            await asyncio.sleep(_COALESCE_SECONDS)
            ids, self._waiting = [str(each) for each in self._waiting], set()
            try:
                await self._writer.rows(_NOTIFY, [CHANNEL, ids])
            except DATABASE_ERRORS as error:
                log.warning("notify_failed", sessions=len(ids), **error_fields(error))

    async def close(self) -> None:
        """Waits until all notifications are sent."""
        if self._task is not None:
            await self._task
