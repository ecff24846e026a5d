"""Commands on live calls: open, close, interrupt the reply. The caller commits.

Each finds only rows of the viewer's tenant; another tenant's id raises NotFound like an unknown one.
"""

from __future__ import annotations

import hashlib
import json
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.calls.ending import INTERRUPT, end_call, find_open, signal_call
from db.calls.turn_taking import turn_taking_json
from db.commands.sessions import lock_session
from db.enums import CallEndReason, CallTransport, LiveCallStatus, SessionStatus
from db.errors import Conflict, IdempotencyConflict, NotFound, SessionEnded
from db.feed.events import touch_session
from db.ids import new_id
from db.models.calls import Call
from db.turns.live_values import TurnTaking
from db.validation import validate_text
from db.viewer import Viewer

_MAX_KEY = 200
_DEFAULTS = TurnTaking()


async def open_call(
    session: AsyncSession,
    viewer: Viewer,
    *,
    session_id: UUID,
    transport: CallTransport,
    turn_taking: TurnTaking = _DEFAULTS,
    record: bool = False,
    idempotency_key: str | None = None,
) -> Call:
    """Opens a live call, to which a caller may connect for ``db.calls.lifetimes.CONNECT_SECONDS``.

    A session has at most one open call. A new one ends one that has no connection now: the client of a page that was
    loaded again has lost its token. A repeated ``idempotency_key`` returns the first call, even if it has ended since.
    Raises NotFound, SessionEnded, BadUserInput, IdempotencyConflict for a key of another request, and Conflict while
    the session's call is connected.
    """
    settings = turn_taking_json(turn_taking)
    request_hash = _hash({"transport": transport.value, "turn_taking": settings, "record": record})
    if idempotency_key is not None:
        validate_text(idempotency_key, "idempotencyKey", max_length=_MAX_KEY)
    owner = await lock_session(session, viewer, session_id)
    if idempotency_key is not None:
        known = await session.scalar(
            select(Call).where(Call.session_id == owner.id, Call.idempotency_key == idempotency_key)
        )
        if known is not None:
            if known.request_hash != request_hash:
                raise IdempotencyConflict("This idempotencyKey was used in this session for another call.")
            return known
    if owner.status is SessionStatus.ENDED:
        raise SessionEnded("The session has ended.")
    before = await find_open(session, owner.id)
    if before is not None:
        if before.status is LiveCallStatus.CONNECTED:
            raise Conflict("The session has a live call: close it first.")
        await end_call(session, before, CallEndReason.DROPPED)
    call = Call(
        id=new_id(),
        tenant_id=owner.tenant_id,
        session_id=owner.id,
        transport=transport,
        language=owner.language,
        turn_taking=settings,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
        record=record,
    )
    session.add(call)
    await session.flush()
    await touch_session(session, owner.id)  # no event: a call begins when the caller connects
    await session.refresh(call)
    return call


async def close_call(session: AsyncSession, viewer: Viewer, *, call_id: UUID) -> Call:
    """Ends the call at once; turns that are committed go on. Idempotent. Raises NotFound."""
    call = await _lock(session, viewer, call_id)
    await end_call(session, call, CallEndReason.CLOSED)
    return call


async def interrupt_reply(session: AsyncSession, viewer: Viewer, *, call_id: UUID) -> Call:
    """Asks the call's process to stop the reply that plays, as if the caller spoke over it. Raises NotFound.

    The event ReplyInterrupted follows, if a reply plays.
    """
    call = await _lock(session, viewer, call_id)
    if call.status is LiveCallStatus.CONNECTED:
        await signal_call(session, call, INTERRUPT)
    return call


async def _lock(session: AsyncSession, viewer: Viewer, call_id: UUID) -> Call:
    session_id = await session.scalar(
        select(Call.session_id).where(Call.id == call_id, Call.tenant_id == viewer.tenant_id)
    )
    if session_id is None:
        raise NotFound("No such call.")
    await lock_session(session, viewer, session_id)
    return (
        await session.execute(
            select(Call).where(Call.id == call_id).with_for_update().execution_options(populate_existing=True)
        )
    ).scalar_one()


def _hash(request: object) -> bytes:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).digest()
