"""Tells listeners which sessions have new events, just after the commit that wrote them.

Not inside the transaction: NOTIFY takes a lock that all committing transactions share. The message is a hint (a
session id); if it is lost, the slow poll of the feed finds the events all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from db.logs import error_fields
from db.postgres.connections import Connections
from db.postgres.outage import DATABASE_ERRORS

CHANNEL = "voxloom_events"

#: How long hints are collected, so that a burst of commits costs one statement.
_COALESCE_SECONDS = 0.005

_TOUCHED = "touched_sessions"
_NOTIFY = "select pg_notify($1, id) from unnest($2::text[]) as id"

log = structlog.get_logger(__name__)


def touch(session: AsyncSession, session_id: UUID) -> None:
    """Marks that this transaction wrote events of ``session_id``."""
    session.info.setdefault(_TOUCHED, set()).add(session_id)


def touched_sessions(session: AsyncSession) -> set[UUID]:
    touched: set[UUID] = session.info.get(_TOUCHED, set())
    return touched


class Notifier:
    """Collects session ids and sends them from one task, which lives only while there is something to send."""

    def __init__(self, writer: Connections) -> None:
        self._writer = writer
        self._waiting: set[UUID] = set()
        self._task: asyncio.Task[None] | None = None

    def tell(self, session_ids: Iterable[UUID]) -> None:
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
        """Sends what is still waiting."""
        if self._task is not None:
            await self._task
