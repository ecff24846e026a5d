"""GraphQL subscriptions: events, first replayed, then live, each exactly once and in order."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry
from sqlalchemy import func, select

from db.enums import EventType
from db.errors import BadUserInput, NotFound
from db.feed.events import StoredEvent
from db.models.conversation import Session as SessionRow
from db.models.events import Event as EventRow
from db.viewer import Viewer
from graph.api.context import Info
from graph.api.queries import own_session, own_turn
from graph.api.types.event import Event, event_of
from graph.api.wait_for_turn import FollowedTurn, follow_turn
from graph.parts import Parts


@strawberry.type(description="The subscriptions.")
class Subscription:
    @strawberry.subscription(
        description="All events of a session after afterSeq, first replayed, then live, until the session ends."
    )
    async def session_events(
        self, info: Info, session_id: strawberry.ID, after_seq: int = 0
    ) -> AsyncGenerator[Event, None]:
        viewer = await info.context.viewer()
        parts = info.context.parts
        async with parts.database.reading() as session:
            row = await session.scalar(own_session(viewer, session_id))
            if row is None:
                raise NotFound("No such session.")
            last = await session.scalar(
                select(EventRow.type).where(EventRow.session_id == row.id, EventRow.seq == row.last_seq)
            )
        after_seq = max(after_seq, info.context.seen or after_seq)  # a number below 0 stays one, and is refused
        _check(after_seq, row)
        if last is EventType.SESSION_ENDED and after_seq == row.last_seq:
            return  # no event will follow
        async with aclosing(_counted(parts, viewer, parts.feed.follow(row.id, after_seq))) as events:
            async for stored in events:
                info.context.seq = stored.seq
                yield event_of(stored, info.context.loaders)
                if stored.type is EventType.SESSION_ENDED:
                    return

    @strawberry.subscription(
        description="The events of one turn, all attempts included; completes when the latest attempt ends."
    )
    async def turn_events(self, info: Info, turn_id: strawberry.ID, after_seq: int = 0) -> AsyncGenerator[Event, None]:
        viewer = await info.context.viewer()
        parts = info.context.parts
        async with parts.database.reading() as session:
            turn = await session.scalar(own_turn(viewer, turn_id))
            if turn is None:
                raise NotFound("No such turn.")
            owner = (await session.execute(select(SessionRow).where(SessionRow.id == turn.session_id))).scalar_one()
            ends = EventRow.type.in_([each for each in EventType if each.ends_turn])
            first, queued, ended = (
                await session.execute(
                    select(
                        func.coalesce(func.min(EventRow.seq), 1),
                        func.coalesce(func.max(EventRow.seq).filter(EventRow.type == EventType.TURN_QUEUED), 0),
                        func.max(EventRow.seq).filter(ends),
                    ).where(EventRow.turn_id == turn.id)
                )
            ).one()
        after_seq = max(after_seq, info.context.seen or after_seq)  # a number below 0 stays one, and is refused
        _check(after_seq, owner)
        if turn.status.ended and ended is not None and after_seq >= ended:
            return
        followed = follow_turn(parts.feed, FollowedTurn(owner.id, turn.id, first, queued), after_seq)
        async with aclosing(_counted(parts, viewer, followed)) as events:
            async for stored in events:
                info.context.seq = stored.seq
                yield event_of(stored, info.context.loaders)


async def _counted(
    parts: Parts, viewer: Viewer, events: AsyncGenerator[StoredEvent, None]
) -> AsyncGenerator[StoredEvent, None]:
    """The events, until the key is revoked. Raises Overloaded above a limit of subscriptions, and Unauthenticated."""
    with parts.subscriptions.held(viewer.key_id), parts.revocations.held(viewer.key_id) as hold:
        async with aclosing(events):
            while True:
                try:
                    event = await hold.next(events)
                except StopAsyncIteration:
                    return
                yield event


def _check(after_seq: int, owner: SessionRow) -> None:
    if not 0 <= after_seq <= owner.last_seq:
        raise BadUserInput(f"afterSeq must be from 0 to {owner.last_seq}, the session's newest event.")
