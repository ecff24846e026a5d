"""Cancelling a queued write: it is committed or not, and later writes are not lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from db.enums import EventType, Stage
from db.postgres.database import Database
from db.viewer import Viewer
from inference.journal.database_journal import DatabaseJournal
from inference.ports import ToolRequest
from tests.db.rows import STORE, claimed, events_of, open_session, say


async def test_the_write_behind_a_cancelled_one_is_made(database: Database, viewer: Viewer) -> None:
    session_id = await open_session(database, viewer)
    journal = DatabaseJournal(database, STORE, await claimed(database, await say(database, viewer, session_id)))
    for number in range(80):
        cancelled = asyncio.create_task(journal.tool_started(ToolRequest("1", "n", {}), "s", number))
        await asyncio.sleep(number / 10_000)  # at different moments of the commit
        cancelled.cancel()
        with suppress(asyncio.CancelledError):
            await cancelled
        await journal.stage_skipped(Stage.TTS, str(number))
    await journal.close(10)
    told = [event for event in await events_of(database, session_id) if event.type is EventType.STAGE_SKIPPED]
    assert [event.data["reason"] for event in told] == [str(number) for number in range(80)]
