"""Follows the reply of a turn that another process runs, by the session's events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from db.audio.store import AudioStore, retry_unavailable
from db.enums import EventType, TurnStatus
from db.feed.feed import Feed
from db.postgres.database import Database
from inference.audio.wav import decode_wav
from inference.ports import Speech, TextDelta

# A reply whose attempt began before is followed from there; text that is stored already has no further events.
_BEGIN = """
select coalesce(
  (select max(seq) from events
    where turn_id = $2::uuid and type = 'TurnStarted' and (data ->> 'attempt')::int > $3::int),
  (select max(seq) from events where turn_id = $2 and type = 'TurnQueued' and $3 = 0),
  (select last_seq from sessions where id = $1::uuid), 0),
  (select status from turns where id = $2)
"""

_REPLY = "select text from messages where turn_id = $1::uuid and role = 'ASSISTANT'"
_AUDIO = "select store_key, size_bytes from audio where id = $1::uuid"

_ENDS = {
    EventType.TURN_COMPLETED: TurnStatus.COMPLETED,
    EventType.TURN_FAILED: TurnStatus.FAILED,
    EventType.TURN_CANCELLED: TurnStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Followed:
    """The turn to follow. ``after_attempt``: the newest attempt that is not followed, 0 for none."""

    session_id: UUID
    turn_id: UUID
    after_attempt: int = 0


async def follow_turn(
    database: Database, store: AudioStore, feed: Feed, turn: Followed, *, patience_seconds: float
) -> AsyncIterator[TextDelta | Speech | TurnStatus]:
    """Yields the reply's text and audio as they become events, then how the turn ended, or ends with the feed."""
    row = await database.reader.row(_BEGIN, [turn.session_id, turn.turn_id, turn.after_attempt])
    assert row is not None
    begin, status = row[0], TurnStatus(row[1])
    if status.ended and not await _ends_after(database, turn, begin):
        yield status
        return
    has_text = False
    async with aclosing(feed.follow(turn.session_id, begin)) as events:
        async for event in events:
            if event.turn_id != turn.turn_id:
                continue
            if event.type is EventType.REPLY_DELTA:
                has_text = True
                yield TextDelta(str(event.data["text"]))
            elif event.type in (EventType.AUDIO_CHUNK_READY, *_ENDS) and not has_text:
                has_text = True  # of an earlier attempt, whose text was stored
                text = await database.reader.row(_REPLY, [turn.turn_id])
                if text is not None and text[0]:
                    yield TextDelta(text[0])
            if event.type is EventType.AUDIO_CHUNK_READY:
                yield await _chunk(database, store, UUID(event.data["audio_id"]), event.data["text"], patience_seconds)
            elif event.type in _ENDS:
                yield _ENDS[event.type]
                return


async def _ends_after(database: Database, turn: Followed, seq: int) -> bool:
    ends = [each.value for each in _ENDS]
    found = "select from events where turn_id = $1::uuid and seq > $2::int and type = any($3::text[])"
    return await database.reader.row(found, [turn.turn_id, seq, ends]) is not None


async def _chunk(database: Database, store: AudioStore, audio_id: UUID, text: str, patience_seconds: float) -> Speech:
    row = await database.reader.row(_AUDIO, [audio_id])
    assert row is not None
    key, size = row
    data = await retry_unavailable(lambda: store.get(database, key, 0, size), patience_seconds=patience_seconds)
    samples, rate = decode_wav(data)
    return Speech(samples, rate, text)
