"""API keys of tenants: create, import, list, revoke, look up by hash; and secrets shared by all API processes.

Clients do the same with their own tenant's keys by ``db.commands.tenant_keys``.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, and_, func, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.commands.builtin_agents import publish_builtin_agents
from db.defaults import DEFAULT_TENANT
from db.errors import BadUserInput, NotFound
from db.ids import new_id
from db.models.tenancy import ApiKey, ServerSecret, Tenant
from db.postgres.reader import Reader
from db.validation import validate_text
from db.viewer import Viewer

#: NOTIFY channel; the payload is the id of a key that was revoked.
REVOKED_CHANNEL = "voxloom_revoked_keys"

MEDIA_SECRET = "media"  # noqa: S105 - the name of a secret, not one

_KEY_PREFIX = "vxl_"
#: Most characters of a key that are stored in clear, to recognize it in a list.
_SHOWN = 10

#: SQL: whether a row of ``api_keys`` may be used now, by the database's clock.
USABLE_KEY = "(api_keys.revoked_at is null and coalesce(api_keys.expires_at > now(), true))"


def is_usable(api_keys: FromClause) -> ColumnElement[bool]:
    """`USABLE_KEY` of an alias of the table."""
    return and_(api_keys.c.revoked_at.is_(None), func.coalesce(api_keys.c.expires_at > func.now(), true()))


FIND_KEY = """
select tenants.id, tenants.name, api_keys.id, api_keys.name,
  extract(epoch from api_keys.expires_at - now())::double precision
from api_keys join tenants on tenants.id = api_keys.tenant_id
where api_keys.secret_hash = $1 and api_keys.revoked_at is null
"""
_UNUSABLE = f"""
select asked.id, api_keys.id is not null and api_keys.revoked_at is null
from unnest($1::uuid[]) as asked(id) left join api_keys on api_keys.id = asked.id
where api_keys.id is null or not {USABLE_KEY}
"""  # noqa: S608 - words of ours
_NOTIFY = text("select pg_notify(:channel, :id)")

#: Longest life that may be given to a key that expires at all.
MAX_LIFE = timedelta(days=3650)

#: Keys that fit an Authorization header.
_VALID_KEY = re.compile(r"[!-~]{8,200}")


def hash_secret(secret: str) -> bytes:
    """SHA-256 of a key, which is stored in its place."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


async def find_or_create_tenant(session: AsyncSession, name: str) -> UUID:
    """The id of the tenant of this name. Raises BadUserInput."""
    name = validate_text(name, "The tenant's name", max_length=100)
    added: UUID | None = await session.scalar(
        insert(Tenant).values(id=new_id(), name=name).on_conflict_do_nothing().returning(Tenant.id)
    )
    if added is not None:
        await publish_builtin_agents(session, added)
        return added
    return (await session.execute(select(Tenant.id).where(Tenant.name == name))).scalar_one()


def new_secret() -> str:
    """Generates a key: ``vxl_`` and 256 random bits as 43 characters of base64url."""
    return _KEY_PREFIX + secrets.token_urlsafe(32)


async def create_key(
    session: AsyncSession, *, name: str, tenant: str = DEFAULT_TENANT, life: timedelta | None = None
) -> str:
    """Creates a key, and its tenant if needed; returns the key, which is not stored and cannot be shown again.

    ``life``: from now until it expires; None for a key that does not expire. Raises BadUserInput.
    """
    if life is not None and not timedelta(0) < life <= MAX_LIFE:
        raise BadUserInput(f"A key's life is more than nothing, and at most {MAX_LIFE.days} days.")
    tenant_id = await find_or_create_tenant(session, tenant)
    _, secret = await add_key(session, tenant_id, name=name, expires_at=None if life is None else func.now() + life)
    return secret


async def add_key(
    session: AsyncSession, tenant_id: UUID, *, name: str, expires_at: ColumnElement[datetime] | datetime | None
) -> tuple[ApiKey, str]:
    """Stores a new key of a tenant; returns its row and the key. Raises BadUserInput."""
    secret = new_secret()
    values = _values(secret, tenant_id, name)
    row = await session.execute(insert(ApiKey).values(values | {"expires_at": expires_at}).returning(ApiKey))
    return row.scalar_one(), secret


async def import_key(session: AsyncSession, secret: str, *, name: str, tenant: str = DEFAULT_TENANT) -> None:
    """Stores a key that the operator has chosen, as a key of the tenant. Idempotent; a revoked key stays revoked.

    Raises BadUserInput if the key does not fit a header or belongs to another tenant.
    """
    if _VALID_KEY.fullmatch(secret) is None:
        raise BadUserInput("An API key has 8 to 200 characters of ASCII, none of them a space.")
    values = _values(secret, await find_or_create_tenant(session, tenant), name)
    await session.execute(insert(ApiKey).values(values).on_conflict_do_nothing(index_elements=["secret_hash"]))
    owner = await session.scalar(
        select(Tenant.name).join(ApiKey, ApiKey.tenant_id == Tenant.id).where(ApiKey.secret_hash == hash_secret(secret))
    )
    if owner != tenant:
        raise BadUserInput("This API key belongs to another tenant.")


async def list_keys(session: AsyncSession) -> Sequence[tuple[ApiKey, str]]:
    """All keys with their tenants' names, oldest first."""
    rows = await session.execute(
        select(ApiKey, Tenant.name).join(Tenant, Tenant.id == ApiKey.tenant_id).order_by(ApiKey.id)
    )
    return rows.all()


def _values(secret: str, tenant_id: UUID, name: str) -> dict[str, object]:
    return {
        "id": new_id(),
        "tenant_id": tenant_id,
        "name": validate_text(name, "The key's name", max_length=100),
        "prefix": secret[: min(_SHOWN, len(secret) // 2)],
        "secret_hash": hash_secret(secret),
    }


async def revoke_key(session: AsyncSession, key_id: UUID) -> None:
    """Revokes a key for good. Idempotent. Raises NotFound for an unknown key.

    The commit notifies all API processes, which end the key's open subscriptions.
    """
    revoked = await session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id)
        .values(revoked_at=func.coalesce(ApiKey.revoked_at, func.now()))
        .returning(ApiKey.id)
    )
    if revoked.first() is None:
        raise NotFound("No such key.")
    await notify_revoked(session, key_id)


async def notify_revoked(session: AsyncSession, key_id: UUID) -> None:
    """Notifies all processes with the commit."""
    await session.execute(_NOTIFY, {"channel": REVOKED_CHANNEL, "id": str(key_id)})


class FoundKey(NamedTuple):
    """The holder of a key. ``seconds_left``: until it expires, 0 or less if it has; None if it does not expire."""

    viewer: Viewer
    seconds_left: float | None

    @property
    def has_expired(self) -> bool:
        return self.seconds_left is not None and self.seconds_left <= 0


async def find_key(reader: Reader, secret_hash: bytes) -> FoundKey | None:
    """The key with this hash, also an expired one; None for an unknown or revoked key."""
    row = await reader.row(FIND_KEY, [secret_hash])
    return None if row is None else FoundKey(Viewer(*row[:4]), row[4])


class UnusableKey(NamedTuple):
    """A key that may not be used any more. ``has_expired``: or else it was revoked or deleted."""

    id: UUID
    has_expired: bool


async def find_unusable(reader: Reader, key_ids: Collection[UUID]) -> list[UnusableKey]:
    """The keys, of those given, that are revoked, deleted or expired."""
    return [UnusableKey(*row) for row in await reader.rows(_UNUSABLE, [list(key_ids)])]


async def server_secret(session: AsyncSession, name: str) -> bytes:
    """The secret called ``name``: 32 random bytes, generated on first use and shared by all processes."""
    await session.execute(
        insert(ServerSecret).values(name=name, value=secrets.token_bytes(32)).on_conflict_do_nothing()
    )
    return (await session.execute(select(ServerSecret.value).where(ServerSecret.name == name))).scalar_one()
