"""Start of a subscription in one SQL statement: checks the key, the session or turn, and ``afterSeq``."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from db.commands.keys import USABLE_KEY
from db.enums import EventType, TurnStatus
from db.postgres.reader import Reader
from graph.api.wait_for_turn import FollowedTurn
from graph.compiled.live.plans import Following

_SESSION = f"""
select api_keys.id, sessions.id, sessions.last_seq, events.type, null, null, null, null
from api_keys
join sessions on sessions.tenant_id = api_keys.tenant_id
left join events on events.session_id = sessions.id and events.seq = sessions.last_seq
where api_keys.secret_hash = $1 and {USABLE_KEY} and sessions.id = $2
"""  # noqa: S608 - words of ours

_ENDS = ", ".join(f"'{each.value}'" for each in EventType if each.ends_turn)

_TURN = f"""
select api_keys.id, sessions.id, sessions.last_seq, null, turns.status, own.first, own.queued, own.ended
from api_keys
join sessions on sessions.tenant_id = api_keys.tenant_id
join turns on turns.session_id = sessions.id
cross join lateral (
  select coalesce(min(events.seq), 1) as first,
    coalesce(max(events.seq) filter (where events.type = '{EventType.TURN_QUEUED.value}'), 0) as queued,
    max(events.seq) filter (where events.type in ({_ENDS})) as ended
  from events where events.turn_id = turns.id
) as own
where api_keys.secret_hash = $1 and {USABLE_KEY} and turns.id = $2
"""  # noqa: S608 - words of ours


@dataclass(frozen=True, slots=True)
class Opened:
    """A subscription that may start. ``turn``: set if it follows one turn only. ``over``: no event will follow."""

    following: Following
    key_id: UUID
    session_id: UUID
    turn: FollowedTurn | None
    over: bool


async def open_following(reader: Reader, following: Following, key_hash: bytes) -> Opened | None:
    """None if the key is invalid, the target is missing or another tenant's, or ``after_seq`` is out of range."""
    is_turn = following.turn_id is not None
    row = await reader.row(_TURN if is_turn else _SESSION, [key_hash, following.turn_id or following.session_id])
    if row is None:
        return None
    key_id, session_id, last_seq, newest, status, first, queued, ended = row
    if not 0 <= following.after_seq <= last_seq:
        return None
    turn: FollowedTurn | None = None
    if following.turn_id is not None:
        turn = FollowedTurn(session_id, following.turn_id, first, queued)
        over = TurnStatus(status).ended and ended is not None and following.after_seq >= ended
    else:
        over = newest == EventType.SESSION_ENDED.value and following.after_seq == last_seq
    return Opened(following, key_id, session_id, turn, over)
