"""The reply of a turn that another process runs, as its events tell it."""

from __future__ import annotations

from uuid import UUID

from db.enums import TurnStatus
from db.turns.values import Failure
from inference.live.ports import CallRecord
from inference.live.spoken_reply import SpokenReply
from inference.ports import Speech, TextDelta
from inference.turn.call_meter import close


async def follow_reply(record: CallRecord, turn_id: UUID, reply: SpokenReply) -> Failure | None:
    """Passes the reply on until the turn has ended; a cancelled turn stops it. Returns the turn's failure."""
    status: TurnStatus | None = None
    items = record.follow(turn_id)
    try:
        async for item in items:
            if isinstance(item, TextDelta):
                await reply.reply_text(item.text)
            elif isinstance(item, Speech):
                await reply.reply_piece(item)
            else:
                status = item
    finally:
        await close(items)
    if status is TurnStatus.COMPLETED:
        return None
    if status is TurnStatus.CANCELLED:
        await reply.clear()
        return Failure("CANCELLED", "The turn was cancelled.")
    return Failure("INTERNAL", "The turn did not complete.")
