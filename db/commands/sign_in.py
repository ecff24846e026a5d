"""One-time sign-in: a token in a link, exchanged for an API key that lasts a working day. The caller commits.

The token is 256 random bits and is stored as its SHA-256; whoever can reach the database may make one.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.commands.keys import add_key, find_or_create_tenant, hash_secret
from db.defaults import DEFAULT_TENANT
from db.errors import SignInFailed
from db.models.tenancy import SignInToken
from db.postgres.reader import Reader

#: From when a token is made until it must have been used.
TOKEN_LIFE = timedelta(minutes=10)

#: Life of the key that it is exchanged for.
KEY_LIFE = timedelta(hours=12)

#: Name of the key that it is exchanged for.
KEY_NAME = "console"

_TOKEN_PREFIX = "vxs_"  # noqa: S105 - the beginning of each
_TOKEN = re.compile(r"vxs_[A-Za-z0-9_-]{43}")

#: How long a token is remembered after its end, to say why a link does not work.
_REMEMBERED = timedelta(days=1)

_HOW = "Make another link with `voxloom console-link`, or sign in with an API key."
#: Words for a token that is none.
WRONG_LINK = f"The sign-in link is wrong. {_HOW}"

_KNOWN = "select from sign_in_tokens where token_hash = $1"


class SignedIn(NamedTuple):
    """The new API key, and when it expires."""

    secret: str
    expires_at: datetime


async def create_sign_in_token(session: AsyncSession, *, tenant: str = DEFAULT_TENANT) -> str:
    """Makes a token of the tenant, which is created if it is new; tokens that ended long ago are deleted.

    Raises BadUserInput for a name that no tenant can have.
    """
    await session.execute(delete(SignInToken).where(SignInToken.expires_at < func.now() - _REMEMBERED))
    token = _TOKEN_PREFIX + secrets.token_urlsafe(32)
    tenant_id = await find_or_create_tenant(session, tenant)
    session.add(
        SignInToken(token_hash=hash_secret(token), tenant_id=tenant_id, expires_at=func.clock_timestamp() + TOKEN_LIFE)
    )
    await session.flush()
    return token


def is_token(token: str) -> bool:
    """Whether this has the form of a token; nothing is looked up."""
    return _TOKEN.fullmatch(token) is not None


async def is_known_token(reader: Reader, token: str) -> bool:
    """Whether there is such a token, used or not: one indexed statement."""
    return is_token(token) and await reader.row(_KNOWN, [hash_secret(token)]) is not None


async def sign_in(session: AsyncSession, token: str) -> SignedIn:
    """Exchanges a token for a new API key; of concurrent uses one succeeds. Raises SignInFailed."""
    found = SignInToken.token_hash == hash_secret(token)
    tenant_id = await session.scalar(
        update(SignInToken)
        .where(found, SignInToken.used_at.is_(None), SignInToken.expires_at > func.clock_timestamp())
        .values(used_at=func.clock_timestamp())
        .returning(SignInToken.tenant_id)
    )
    if tenant_id is None:
        ended = await session.scalar(select(SignInToken).where(found))
        if ended is None:
            raise SignInFailed(WRONG_LINK)
        raise SignInFailed(f"The sign-in link {'has expired' if ended.used_at is None else 'was used already'}. {_HOW}")
    row, secret = await add_key(session, tenant_id, name=KEY_NAME, expires_at=func.clock_timestamp() + KEY_LIFE)
    assert row.expires_at is not None
    return SignedIn(secret, row.expires_at)
