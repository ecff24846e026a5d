"""Follows a turn's events until it ends (turnEvents, and waitSeconds of sendMessage)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from db.enums import EventType
from db.feed.events import StoredEvent
from db.feed.feed import Feed
from db.feed.listeners import Take
from db.postgres.outage import retry_outage
from db.postgres.reader import Reader

#: Numbers (seq) of a turn's first event and of its latest TurnQueued.
_TURN_SPAN = f"""
select coalesce(min(events.seq), 1),
  coalesce(max(events.seq) filter (where events.type = '{EventType.TURN_QUEUED.value}'), 0)
from events where events.turn_id = $1
"""  # noqa: S608 - a word of ours


@dataclass(frozen=True, slots=True)
class FollowedTurn:
    """A turn, with event numbers of its session.

    ``queued_seq``: its latest TurnQueued; the end of an attempt before a retry does not count.
    """

    session_id: UUID
    turn_id: UUID
    first_seq: int
    queued_seq: int

    def ends_with(self, event: StoredEvent) -> bool:
        return event.turn_id == self.turn_id and event.type.ends_turn and event.seq > self.queued_seq


async def follow_turn(
    feed: Feed, turn: FollowedTurn, after_seq: int, take: Take | None = None
) -> AsyncGenerator[StoredEvent, None]:
    """The turn's events after ``after_seq``, all attempts included, up to the end of the latest attempt.

    Earlier events of the session are not read. ``take``: as of `Feed.follow`.
    """
    events = feed.follow(turn.session_id, max(after_seq, turn.first_seq - 1), take)
    async with aclosing(events):
        async for event in events:
            if event.turn_id == turn.turn_id:
                yield event
                if turn.ends_with(event):
                    return


async def turn_ended(feed: Feed, reader: Reader, session_id: UUID, turn_id: UUID, seconds: float) -> bool:
    """Waits up to ``seconds`` for the end of the turn's latest attempt; returns whether it ended."""
    try:
        async with asyncio.timeout(seconds):
            row = await retry_outage(lambda: reader.row(_TURN_SPAN, [turn_id]), patience_seconds=seconds)
            assert row is not None
            turn = FollowedTurn(session_id, turn_id, *row)
            async with aclosing(follow_turn(feed, turn, turn.queued_seq)) as events:
                async for _ in events:
                    pass
        return True
    except TimeoutError:
        return False
