"""Calls that a telephone network announces: a session and its call for each, found again by the network's own id.

The caller commits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.calls.ending import end_call
from db.commands.calls import open_call
from db.commands.sessions import create_session, lock_session
from db.enums import CallEndReason, CallTransport, Channel
from db.errors import NotFound
from db.languages import LANGUAGES
from db.models.calls import Call
from db.models.conversation import Session
from db.models.tenancy import Tenant
from db.viewer import Viewer

#: A network asks about a call again while it lasts; a call has 30 minutes at most. Bounds the search.
_LOOK_BACK_SECONDS = 7_200

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")

#: Milliseconds are the first 48 bits of a UUID of version 7.
_UUID7_TIME_BIT = 80


async def phone_viewer(session: AsyncSession, tenant: str) -> Viewer:
    """The tenant of a dialled number, who acts without an API key. Raises NotFound."""
    tenant_id = await session.scalar(select(Tenant.id).where(Tenant.name == tenant))
    if tenant_id is None:
        raise NotFound("No such tenant.")
    return Viewer(tenant_id, tenant, tenant_id, "telephone")


async def open_phone_call(
    session: AsyncSession,
    viewer: Viewer,
    *,
    network_id: str,
    customer_id: str,
    language: str,
    persona: str,
    metadata: dict[str, object],
    check: Callable[[], None],
    answered: Collection[str] = LANGUAGES,
) -> Call:
    """Opens a session and its call, or returns those of an earlier request, also if the call has ended.

    ``network_id``: the network's id of the call. ``check``: raises if no new call is taken. Raises BadUserInput too.
    """
    await session.execute(_LOCK, {"name": f"{viewer.tenant_id} {network_id}"})
    known = await find_phone_call(session, viewer, network_id=network_id, customer_id=customer_id)
    if known is not None:
        return known
    check()
    owner = await create_session(
        session,
        viewer,
        customer_id=customer_id,
        language=language,
        channel=Channel.PHONE,
        persona=persona,
        metadata=metadata,
        answered=answered,
    )
    return await open_call(
        session, viewer, session_id=owner.id, transport=CallTransport.TWILIO, idempotency_key=network_id
    )


async def find_phone_call(session: AsyncSession, viewer: Viewer, *, network_id: str, customer_id: str) -> Call | None:
    """The tenant's call with the network's id, among the customer's of the last two hours."""
    since = UUID(int=int((time.time() - _LOOK_BACK_SECONDS) * 1_000) << _UUID7_TIME_BIT)
    return await session.scalar(
        select(Call)
        .join(Session, Session.id == Call.session_id)
        .where(
            Session.tenant_id == viewer.tenant_id,
            Session.customer_id == customer_id,
            Session.id > since,
            Call.transport == CallTransport.TWILIO,
            Call.idempotency_key == network_id,
        )
    )


async def end_phone_call(session: AsyncSession, viewer: Viewer, *, network_id: str, customer_id: str) -> Call | None:
    """The caller has hung up: ends the call, if there is one. Idempotent."""
    found = await find_phone_call(session, viewer, network_id=network_id, customer_id=customer_id)
    if found is not None:
        await lock_session(session, viewer, found.session_id)
        await session.refresh(found)
        await end_call(session, found, CallEndReason.CALLER)
    return found
