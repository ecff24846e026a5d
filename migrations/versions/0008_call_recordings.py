"""The sound of a live call that is being recorded, in segments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_recordings",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("at_ms", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("at_ms >= 0 and duration_ms > 0", name=op.f("ck_call_recordings_times")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_recordings_call_id")),
        sa.PrimaryKeyConstraint("call_id", "at_ms", name=op.f("pk_call_recordings")),
    )
    # Opus is compressed already.
    op.execute("alter table call_recordings alter column data set storage external")


def downgrade() -> None:
    op.drop_table("call_recordings")
