"""Follows a turn until it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from db.events import StoredEvent
from db.feed import Feed
from db.listeners import Take


async def follow_turn(
    feed: Feed, session_id: UUID, turn_id: UUID, after_seq: int, take: Take | None = None
) -> AsyncGenerator[StoredEvent, None]:
    """The turn's events after ``after_seq``; ends with the one that ends the turn. ``take``: as of the feed."""
    events = feed.follow(session_id, after_seq, take)
    async with aclosing(events):
        async for event in events:
            if event.turn_id == turn_id:
                yield event
                if event.type.ends_turn:
                    return


async def turn_ended(feed: Feed, session_id: UUID, turn_id: UUID, seconds: float) -> bool:
    """Waits for the turn's end, but no longer than that; returns whether it came."""
    try:
        async with asyncio.timeout(seconds):
            async with aclosing(follow_turn(feed, session_id, turn_id, 0)) as events:
                async for _ in events:
                    pass
        return True
    except TimeoutError:
        return False
