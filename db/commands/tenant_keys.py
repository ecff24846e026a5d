"""API keys as a tenant manages them itself: create and revoke. The caller commits.

A key may do all that another key of its tenant may, so it may also create keys that last longer than itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.commands.keys import MAX_LIFE, add_key, is_usable, notify_revoked
from db.errors import BadUserInput, Conflict, NotFound
from db.models.tenancy import ApiKey, Tenant
from db.viewer import Viewer

#: Most keys of a tenant that may be used at the same time.
MAX_KEYS = 100


async def create_tenant_key(
    session: AsyncSession, viewer: Viewer, *, name: str, expires_at: datetime | None
) -> tuple[ApiKey, str]:
    """Creates a key of the viewer's tenant; returns its row and the key, which cannot be shown again.

    ``expires_at``: with a time zone; None for a key that does not expire. Raises BadUserInput, and Conflict for a
    tenant with `MAX_KEYS` keys.
    """
    # Locks the tenant, so that the keys of concurrent requests are counted; new sessions and turns do not wait for it.
    locked = select(Tenant.id).where(Tenant.id == viewer.tenant_id).with_for_update(key_share=True)
    now = (await session.execute(locked.add_columns(func.clock_timestamp()))).one()[1]
    table = ApiKey.__table__
    usable = select(func.count()).select_from(table).where(table.c.tenant_id == viewer.tenant_id, is_usable(table))
    if (await session.execute(usable)).scalar_one() >= MAX_KEYS:
        raise Conflict(f"The tenant has {MAX_KEYS} API keys, the maximum: revoke one first.")
    return await add_key(session, viewer.tenant_id, name=name, expires_at=_checked(expires_at, now))


async def revoke_tenant_key(session: AsyncSession, viewer: Viewer, *, key_id: UUID) -> ApiKey:
    """Revokes a key of the viewer's tenant for good, also the one in use. Idempotent. Raises NotFound.

    The commit notifies all processes, which end the key's open subscriptions.
    """
    revoked = await session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.tenant_id == viewer.tenant_id)
        .values(revoked_at=func.coalesce(ApiKey.revoked_at, func.now()))
        .returning(ApiKey)
    )
    row = revoked.scalar_one_or_none()
    if row is None:
        raise NotFound("No such key.")
    await notify_revoked(session, key_id)
    return row


def _checked(expires_at: datetime | None, now: datetime) -> datetime | None:
    if expires_at is None:
        return None
    if expires_at.tzinfo is None:
        raise BadUserInput("expiresAt needs a time zone, as in 2026-01-31T12:00:00Z.")
    try:
        moment = expires_at.astimezone(UTC)
    except OverflowError:
        raise BadUserInput("expiresAt is out of range.") from None
    if not now < moment <= now + MAX_LIFE:
        raise BadUserInput(f"expiresAt must be in the future, and at most {MAX_LIFE.days} days from now.")
    return moment
