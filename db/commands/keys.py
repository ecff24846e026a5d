"""API keys: random, stored hashed, named, revocable. Each belongs to a tenant."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.errors import BadUserInput, NotFound
from db.ids import new_id
from db.models.tenancy import ApiKey, ServerSecret, Tenant
from db.postgres.reader import Reader
from db.validation import clean_text
from db.viewer import Viewer

DEFAULT_TENANT = "default"

#: NOTIFY channel; the payload is the id of a key that was revoked.
REVOKED_CHANNEL = "voxloom_revoked_keys"

MEDIA_SECRET = "media"  # noqa: S105 - the name of a secret, not one

_MARK = "vxl_"
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

#: What an Authorization header can carry.
_CHOSEN = re.compile(r"[!-~]{8,200}")


def hash_of(secret: str) -> bytes:
    """What is kept of a key's secret."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


async def _tenant_id(session: AsyncSession, name: str) -> UUID:
    name = clean_text(name, "The tenant's name", max_length=100)
    await session.execute(insert(Tenant).values(id=new_id(), name=name).on_conflict_do_nothing())
    return (await session.execute(select(Tenant.id).where(Tenant.name == name))).scalar_one()


def new_secret() -> str:
    """A key's secret: 256 random bits in the form of ``vxl_`` and 43 characters of base64url."""
    return _MARK + secrets.token_urlsafe(32)


async def create_key(session: AsyncSession, *, name: str, tenant: str = DEFAULT_TENANT) -> str:
    """Makes a key and returns its secret, which nobody can read again. The tenant is made if it is new."""
    secret = new_secret()
    await _store(session, secret, name=name, tenant=tenant)
    return secret


async def adopt_key(session: AsyncSession, secret: str, *, name: str, tenant: str = DEFAULT_TENANT) -> None:
    """Makes a secret that the operator chose a key of the tenant, unless it is one already.

    A revoked key stays revoked. Raises BadUserInput if no header can carry the secret, or it is another tenant's key.
    """
    if _CHOSEN.fullmatch(secret) is None:
        raise BadUserInput("An API key has 8 to 200 characters of ASCII, none of them a space.")
    await _store(session, secret, name=name, tenant=tenant)
    owner = await session.scalar(
        select(Tenant.name).join(ApiKey, ApiKey.tenant_id == Tenant.id).where(ApiKey.secret_hash == hash_of(secret))
    )
    if owner != tenant:
        raise BadUserInput("This API key belongs to another tenant.")


async def _store(session: AsyncSession, secret: str, *, name: str, tenant: str) -> None:
    name = clean_text(name, "The key's name", max_length=100)
    await session.execute(
        insert(ApiKey)
        .values(
            id=new_id(),
            tenant_id=await _tenant_id(session, tenant),
            name=name,
            prefix=secret[: min(_SHOWN, len(secret) // 2)],
            secret_hash=hash_of(secret),
        )
        .on_conflict_do_nothing(index_elements=["secret_hash"])
    )


async def list_keys(session: AsyncSession) -> Sequence[tuple[ApiKey, str]]:
    """Every key with its tenant's name, oldest first."""
    rows = await session.execute(
        select(ApiKey, Tenant.name).join(Tenant, Tenant.id == ApiKey.tenant_id).order_by(ApiKey.id)
    )
    return rows.all()


async def revoke_key(session: AsyncSession, key_id: UUID) -> None:
    """Ends a key for good; revoking it again changes nothing. Raises NotFound for an unknown one.

    All API processes are notified at the commit: they end the key's open subscriptions.
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
    """Who holds the key with this hash; None if it is wrong or was revoked."""
    row = await reader.row(FIND_KEY, [secret_hash])
    return None if row is None else Viewer(*row)


async def revoked_among(reader: Reader, key_ids: Collection[UUID]) -> list[UUID]:
    """Those of the keys that were revoked or are gone."""
    return [row[0] for row in await reader.rows(_REVOKED, [list(key_ids)])]


async def server_secret(session: AsyncSession, name: str) -> bytes:
    """A random secret of 32 bytes, made when it is first asked for and the same for every process after that."""
    await session.execute(
        insert(ServerSecret).values(name=name, value=secrets.token_bytes(32)).on_conflict_do_nothing()
    )
    return (await session.execute(select(ServerSecret.value).where(ServerSecret.name == name))).scalar_one()
