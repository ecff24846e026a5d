"""API keys of tenants: create, import, list, revoke, look up by hash; and secrets shared by all API processes."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.commands.builtin_agents import publish_builtin_agents
from db.errors import BadUserInput, NotFound
from db.ids import new_id
from db.models.tenancy import ApiKey, ServerSecret, Tenant
from db.postgres.reader import Reader
from db.validation import validate_text
from db.viewer import Viewer

DEFAULT_TENANT = "default"

#: NOTIFY channel; the payload is the id of a key that was revoked.
REVOKED_CHANNEL = "voxloom_revoked_keys"

MEDIA_SECRET = "media"  # noqa: S105 - the name of a secret, not one

_KEY_PREFIX = "vxl_"
#: Most characters of a key that are stored in clear, to recognize it in a list.
_SHOWN = 10

FIND_KEY = """
select tenants.id, tenants.name, api_keys.id, api_keys.name
from api_keys join tenants on tenants.id = api_keys.tenant_id
where api_keys.secret_hash = $1 and api_keys.revoked_at is null
"""
_REVOKED = """
select asked.id from unnest($1::uuid[]) as asked(id)
where not exists (select from api_keys where api_keys.id = asked.id and api_keys.revoked_at is null)
"""
_NOTIFY = text("select pg_notify(:channel, :id)")

#: Keys that fit an Authorization header.
_VALID_KEY = re.compile(r"[!-~]{8,200}")


def hash_secret(secret: str) -> bytes:
    """SHA-256 of a key, which is stored in its place."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


async def _tenant_id(session: AsyncSession, name: str) -> UUID:
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


async def create_key(session: AsyncSession, *, name: str, tenant: str = DEFAULT_TENANT) -> str:
    """Creates a key, and its tenant if needed; returns the key, which is not stored and cannot be shown again."""
    secret = new_secret()
    await _store(session, secret, name=name, tenant=tenant)
    return secret


async def import_key(session: AsyncSession, secret: str, *, name: str, tenant: str = DEFAULT_TENANT) -> None:
    """Stores a key that the operator has chosen, as a key of the tenant. Idempotent; a revoked key stays revoked.

    Raises BadUserInput if the key does not fit a header or belongs to another tenant.
    """
    if _VALID_KEY.fullmatch(secret) is None:
        raise BadUserInput("An API key has 8 to 200 characters of ASCII, none of them a space.")
    await _store(session, secret, name=name, tenant=tenant)
    owner = await session.scalar(
        select(Tenant.name).join(ApiKey, ApiKey.tenant_id == Tenant.id).where(ApiKey.secret_hash == hash_secret(secret))
    )
    if owner != tenant:
        raise BadUserInput("This API key belongs to another tenant.")


async def _store(session: AsyncSession, secret: str, *, name: str, tenant: str) -> None:
    name = validate_text(name, "The key's name", max_length=100)
    await session.execute(
        insert(ApiKey)
        .values(
            id=new_id(),
            tenant_id=await _tenant_id(session, tenant),
            name=name,
            prefix=secret[: min(_SHOWN, len(secret) // 2)],
            secret_hash=hash_secret(secret),
        )
        .on_conflict_do_nothing(index_elements=["secret_hash"])
    )


async def list_keys(session: AsyncSession) -> Sequence[tuple[ApiKey, str]]:
    """All keys with their tenants' names, oldest first."""
    rows = await session.execute(
        select(ApiKey, Tenant.name).join(Tenant, Tenant.id == ApiKey.tenant_id).order_by(ApiKey.id)
    )
    return rows.all()


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
    await session.execute(_NOTIFY, {"channel": REVOKED_CHANNEL, "id": str(key_id)})


async def find_key(reader: Reader, secret_hash: bytes) -> Viewer | None:
    """The holder of the key with this hash; None for an unknown or revoked key."""
    row = await reader.row(FIND_KEY, [secret_hash])
    return None if row is None else Viewer(*row)


async def find_revoked(reader: Reader, key_ids: Collection[UUID]) -> list[UUID]:
    """The keys, of those given, that are revoked or deleted."""
    return [row[0] for row in await reader.rows(_REVOKED, [list(key_ids)])]


async def server_secret(session: AsyncSession, name: str) -> bytes:
    """The secret called ``name``: 32 random bytes, generated on first use and shared by all processes."""
    await session.execute(
        insert(ServerSecret).values(name=name, value=secrets.token_bytes(32)).on_conflict_do_nothing()
    )
    return (await session.execute(select(ServerSecret.value).where(ServerSecret.name == name))).scalar_one()
