"""Tables of tenants, API keys and server secrets."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAtMixin, IdMixin


class Tenant(IdMixin, CreatedAtMixin, Base):
    __tablename__ = "tenants"
    __table_args__ = (UniqueConstraint("name"),)

    name: Mapped[str] = mapped_column(String(100))
    #: When a worker last fetched a turn of the tenant, for fair dequeue; written by an SQL function (migration 0005).
    turn_fetched_at: Mapped[datetime | None]


class ApiKey(IdMixin, CreatedAtMixin, Base):
    """An API key, stored as its SHA-256. The key is 256 random bits, so a slow password hash would add nothing.

    It may be used until it is revoked or, if ``expires_at`` is not None, until then.
    """

    __tablename__ = "api_keys"
    __table_args__ = (UniqueConstraint("secret_hash"),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    revoked_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class SignInToken(CreatedAtMixin, Base):
    """The one-time token of a sign-in link of the web console, stored as its SHA-256 (``db.commands.sign_in``)."""

    __tablename__ = "sign_in_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class ServerSecret(CreatedAtMixin, Base):
    """A random secret that all API processes of this database share, such as the one that signs media URLs."""

    __tablename__ = "server_secrets"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
