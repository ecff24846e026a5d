"""Expiry of API keys; one-time tokens of sign-in links; roles of workers; indexes of a tenant's overview."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "sign_in_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_sign_in_tokens_tenant_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_tokens")),
    )
    op.create_index("ix_sign_in_tokens_expires_at", "sign_in_tokens", ["expires_at"])
    role = sa.Enum("WORKER", "VOICE", name="role", native_enum=False, create_constraint=True, length=32)
    op.add_column("workers", sa.Column("role", role, nullable=True))
    op.create_index("ix_turns_queued_at", "turns", ["queued_at"])
    op.create_index("ix_sessions_tenant_id_created_at", "sessions", ["tenant_id", "created_at"])
    op.create_index("ix_calls_tenant_id_opened_at", "calls", ["tenant_id", "opened_at"])
    op.create_index("ix_calls_tenant_id", "calls", ["tenant_id"], postgresql_where=sa.text("status <> 'ENDED'"))


def downgrade() -> None:
    """Keys that have an expiry are revoked: without it they would not end."""
    op.execute("update api_keys set revoked_at = now() where expires_at is not null and revoked_at is null")
    op.drop_index("ix_calls_tenant_id", "calls")
    op.drop_index("ix_calls_tenant_id_opened_at", "calls")
    op.drop_index("ix_sessions_tenant_id_created_at", "sessions")
    op.drop_index("ix_turns_queued_at", "turns")
    op.drop_column("workers", "role")
    op.drop_table("sign_in_tokens")
    op.drop_column("api_keys", "expires_at")
