"""Ends tool calls made by hand whose process died before it could: nobody knows what they did."""

from __future__ import annotations

import asyncio
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from db.logs import error_fields
from db.postgres.database import Database
from db.postgres.outage import DATABASE_ERRORS
from db.turns import tool_calls

#: Calls that are ended in one go.
_BATCH = 100

_LOST = "The server that called the tool was lost before the tool answered."

log = structlog.get_logger(__name__)


class AbandonedCalls:
    """Looks for calls whose deadline is over. A call that still runs has none that is: its runner ends it before.

    Any number of workers may look at the same time: a call is ended once. ``poll_seconds``: how often.
    """

    def __init__(self, database: Database, *, poll_seconds: float = 5) -> None:
        self._database = database
        self._poll_seconds = poll_seconds

    async def keep(self) -> None:
        """Looks until cancelled; a database that is away is waited for."""
        while True:
            try:
                await self.end_all()
            except DATABASE_ERRORS as error:
                log.warning("abandoned_calls_failed", **error_fields(error))
            await asyncio.sleep(self._poll_seconds)

    async def end_all(self) -> None:
        """Ends those that are there now, each in a commit of its own: a session's row is never held for another's."""
        async with self._database.reading() as session:
            found = await tool_calls.abandoned(session, _BATCH)
        for ids in found:
            try:
                await self._database.run(partial(_end, ids))
            except Exception as error:  # one call's trouble is not the others'
                log.error("abandoned_call_not_ended", tool_call_id=str(ids[2]), **error_fields(error))
        if found:
            log.warning("tool_calls_abandoned", calls=len(found))


async def _end(ids: tuple[UUID, UUID, UUID], session: AsyncSession) -> None:
    call = await tool_calls.lock(session, *ids)
    await tool_calls.end_unknown(session, call, _LOST)
