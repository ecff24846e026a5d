"""Deadline of a manual tool call (callTool), after which a worker fails it: its process may have died."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tool_calls", sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_tool_calls_deadline_at", "tool_calls", ["deadline_at"], postgresql_where=sa.text("status = 'PENDING'")
    )
    # Calls that are PENDING already, manual or of an ended turn, run no longer than this; then a worker fails them.
    op.execute("""
        update tool_calls set deadline_at = clock_timestamp() + interval '5 minutes'
        where status = 'PENDING' and (turn_id is null or exists (
          select from turns where turns.id = tool_calls.turn_id and turns.status in ('COMPLETED', 'FAILED', 'CANCELLED')
        ))
    """)


def downgrade() -> None:
    op.drop_index("ix_tool_calls_deadline_at", "tool_calls")
    op.drop_column("tool_calls", "deadline_at")
