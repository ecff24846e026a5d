"""Durability: numbered commits of an attempt, one running turn per session, partial replies, index of queued turns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("turns", sa.Column("step", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "uq_turns_running", "turns", ["session_id"], unique=True, postgresql_where=sa.text("status = 'RUNNING'")
    )
    op.create_index("ix_turns_queued", "turns", ["session_id"], postgresql_where=sa.text("status = 'QUEUED'"))
    op.add_column("messages", sa.Column("complete", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    op.drop_column("messages", "complete")
    op.drop_index("ix_turns_queued", "turns")
    op.drop_index("uq_turns_running", "turns")
    op.drop_column("turns", "step")
