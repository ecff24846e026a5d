"""Knowledge of agents: passages with embeddings, and their status. Creates pgvector's extension where it can.

On a server without pgvector, or with a role that may not create extensions, the tables are made all the same: knowledge
is refused at publishing until the extension is there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_CREATE = """
do $$ begin
  create extension if not exists vector;
exception when feature_not_supported or undefined_file or insufficient_privilege then
  raise notice 'The extension vector was not created: %', sqlerrm;
end $$
"""
#: Kept if another schema of the database uses it.
_DROP = """
do $$ begin
  drop extension if exists vector;
exception when dependent_objects_still_exist or insufficient_privilege then
  null;
end $$
"""


def upgrade() -> None:
    op.execute(_CREATE)
    op.create_table(
        "knowledge_indexes",
        sa.Column("agent_version_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("PENDING", "READY", "FAILED", name="status", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("(status = 'FAILED') = (error is not null)", name=op.f("ck_knowledge_indexes_error")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_version_id"],
            ["agent_versions.tenant_id", "agent_versions.id"],
            name=op.f("fk_knowledge_indexes_tenant_id_agent_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_indexes")),
        sa.UniqueConstraint("agent_version_id", name=op.f("uq_knowledge_indexes_agent_version_id")),
    )
    op.create_table(
        "knowledge_passages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("agent_version_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_version_id"],
            ["agent_versions.tenant_id", "agent_versions.id"],
            name=op.f("fk_knowledge_passages_tenant_id_agent_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_passages")),
        sa.UniqueConstraint(
            "agent_version_id",
            "source",
            "position",
            name=op.f("uq_knowledge_passages_agent_version_id_source_position"),
        ),
    )
    op.create_table(
        "knowledge_sentences",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("agent_version_id", sa.Uuid(), nullable=False),
        sa.Column("passage_id", sa.Uuid(), nullable=False),
        sa.Column("checksum", sa.LargeBinary(), nullable=False),
        sa.Column("embedding", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["passage_id"],
            ["knowledge_passages.id"],
            name=op.f("fk_knowledge_sentences_passage_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_sentences")),
    )
    op.create_index("ix_knowledge_sentences_agent_version_id", "knowledge_sentences", ["agent_version_id"])
    op.create_index("ix_knowledge_sentences_passage_id", "knowledge_sentences", ["passage_id"])
    op.create_index("ix_knowledge_sentences_tenant_id_checksum", "knowledge_sentences", ["tenant_id", "checksum"])
    op.add_column("messages", sa.Column("citations", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "citations")
    op.drop_table("knowledge_sentences")
    op.drop_table("knowledge_passages")
    op.drop_table("knowledge_indexes")
    op.execute(_DROP)
