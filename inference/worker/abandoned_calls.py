"""Ends ``callTool`` calls whose API process died: their outcome is unknown."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from db.logs import error_fields
from db.postgres.database import Database
from db.postgres.outage import run_forever
from db.turns import tool_calls

#: Calls ended in one pass.
_BATCH = 100

_LOST = "The server that called the tool was lost before the tool answered."

log = structlog.get_logger(__name__)


class AbandonedCalls:
    """Polls for calls past their deadline. A running call is ended by its own process before that.

    Any number of workers may poll: a call is ended once. ``poll_seconds``: the interval.
    """

    def __init__(self, database: Database, *, poll_seconds: float = 5) -> None:
        self._database = database
        self._poll_seconds = poll_seconds

    async def run(self) -> None:
        """Polls until cancelled; database outages are logged and outlasted."""
        await run_forever(self.end_all, lost="abandoned_calls_failed", pause_seconds=self._poll_seconds)

    async def end_all(self) -> None:
        """Ends all abandoned calls, each in a transaction of its own, so that it locks one session at a time."""
        async with self._database.reading() as session:
            found = await tool_calls.find_expired(session, _BATCH)
        for ids in found:
            try:
                await self._database.run(partial(_end, ids))
            except Exception as error:  # the other calls are still ended
                log.error("abandoned_call_not_ended", tool_call_id=str(ids[2]), **error_fields(error))
        if found:
            log.warning("tool_calls_abandoned", calls=len(found))


async def _end(ids: tuple[UUID, UUID, UUID], session: AsyncSession) -> None:
    call = await tool_calls.lock(session, *ids)
    await tool_calls.fail_unknown(session, call, _LOST)
