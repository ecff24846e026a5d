"""Tables of agents' knowledge: passages, embeddings of their sentences, and whether a version's are ready."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    REAL,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.enums import KnowledgeStatus
from db.models.base import Base, CreatedAtMixin, IdMixin, enum_type


class KnowledgeIndex(IdMixin, CreatedAtMixin, Base):
    """The knowledge of one version of an agent. A worker makes its passages after it was published.

    ``claimed_at``: when a worker last reported that it works on it. ``attempts``: of workers. ``error``: why it failed.
    """

    __tablename__ = "knowledge_indexes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "agent_version_id"], ["agent_versions.tenant_id", "agent_versions.id"]),
        UniqueConstraint("agent_version_id"),
        CheckConstraint("(status = 'FAILED') = (error is not null)", name="error"),
    )

    agent_version_id: Mapped[UUID]
    tenant_id: Mapped[UUID]
    status: Mapped[KnowledgeStatus] = mapped_column(
        enum_type(KnowledgeStatus, "status"), default=KnowledgeStatus.PENDING
    )
    passages: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)


class KnowledgePassage(IdMixin, Base):
    """A passage of a source, the ``position``-th from 0: a few whole sentences, and the headings above them."""

    __tablename__ = "knowledge_passages"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "agent_version_id"], ["agent_versions.tenant_id", "agent_versions.id"]),
        UniqueConstraint("agent_version_id", "source", "position"),
    )

    tenant_id: Mapped[UUID]
    agent_version_id: Mapped[UUID]
    source: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    heading: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)


class KnowledgeSentence(IdMixin, Base):
    """A sentence of a passage, by which the passage is found. ``checksum``: of what was embedded, and of the model.

    ``embedding``: a unit vector. It is an array, which is cast to pgvector's type, so that the table can be made on a
    server without pgvector.
    """

    __tablename__ = "knowledge_sentences"
    __table_args__ = (
        Index("ix_knowledge_sentences_agent_version_id", "agent_version_id"),
        Index("ix_knowledge_sentences_passage_id", "passage_id"),
        Index("ix_knowledge_sentences_tenant_id_checksum", "tenant_id", "checksum"),
    )

    tenant_id: Mapped[UUID]
    agent_version_id: Mapped[UUID]
    passage_id: Mapped[UUID] = mapped_column(ForeignKey("knowledge_passages.id", ondelete="CASCADE"))
    checksum: Mapped[bytes] = mapped_column(LargeBinary)
    embedding: Mapped[list[float]] = mapped_column(ARRAY(REAL), deferred=True)
