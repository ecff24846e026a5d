"""Tables of agents and their published versions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.json_value import Json
from db.models.base import Base, CreatedAtMixin, IdMixin


class Agent(IdMixin, CreatedAtMixin, Base):
    """An agent of a tenant. ``version``: the number of its current version, which new sessions get; None while all of
    its versions are drafts.

    ``archived_at``: since then no session can be created with it; open sessions go on.
    """

    __tablename__ = "agents"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        UniqueConstraint("tenant_id", "id"),
        # Deferred: an agent is written before its first version.
        ForeignKeyConstraint(
            ["id", "version"],
            ["agent_versions.agent_id", "agent_versions.number"],
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"))
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int | None]
    archived_at: Mapped[datetime | None]


class AgentVersion(IdMixin, Base):
    """A published definition; triggers refuse updates. ``number`` counts the agent's versions from 1.

    ``draft``: stored, and never the current version so far; only ``createSession`` uses it, by its number. Being
    published is the one change of a version, which is no draft again then.

    ``definition``: ``AgentDefinition.to_json()``; not loaded with the row. The type is ``json``, as ``jsonb`` loses the
    order of fields. ``checksum``: SHA-256 of its text. ``builtin``: published by VoxLoom itself. ``published_by``: the
    API key, None for the command line and VoxLoom itself. ``handover_scenario``: of the definition, by Postgres.
    """

    __tablename__ = "agent_versions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "agent_id"], ["agents.tenant_id", "agents.id"]),
        UniqueConstraint("tenant_id", "id"),
        UniqueConstraint("agent_id", "number"),
        UniqueConstraint("agent_id", "checksum"),
        CheckConstraint("number > 0", name="number"),
    )

    tenant_id: Mapped[UUID]
    agent_id: Mapped[UUID]
    number: Mapped[int]
    definition: Mapped[Json] = mapped_column(JSON(none_as_null=True), deferred=True)
    checksum: Mapped[bytes] = mapped_column(LargeBinary)
    languages: Mapped[list[str]] = mapped_column(ARRAY(String(2)))
    builtin: Mapped[bool] = mapped_column(default=False, server_default=false())
    draft: Mapped[bool] = mapped_column(default=False, server_default=false())
    published_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id"))
    handover_scenario: Mapped[str | None] = mapped_column(
        Text, Computed("definition #>> '{handover,scenario}'", persisted=True)
    )
