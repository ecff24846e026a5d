"""Who may come in: tenants and their API keys; and what the servers of one database share."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Identified, Stamped


class Tenant(Identified, Stamped, Base):
    __tablename__ = "tenants"
    __table_args__ = (UniqueConstraint("name"),)

    name: Mapped[str] = mapped_column(String(100))
    #: When a worker last fetched a turn of the tenant; written by the queue's own function (migration 0005).
    turn_fetched_at: Mapped[datetime | None]


class ApiKey(Identified, Stamped, Base):
    """Only the SHA-256 of a key is kept: it is 256 random bits, so a slow hash would add nothing."""

    __tablename__ = "api_keys"
    __table_args__ = (UniqueConstraint("secret_hash"),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    revoked_at: Mapped[datetime | None]


class ServerSecret(Stamped, Base):
    """Random secrets that every API process of this database must agree on, such as the one that signs media."""

    __tablename__ = "server_secrets"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
