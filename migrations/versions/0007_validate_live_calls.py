"""Validates the constraints that 0006 added, and indexes turns and audio by call.

A revision of its own, so that its scans hold none of the locks of 0006: validation blocks neither reads nor writes, the
indexes only writes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.live_call_constraints import NEW

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, name in NEW:
        op.execute(f"alter table {table} validate constraint {name}")
    op.create_index("ix_turns_call_id", "turns", ["call_id"], postgresql_where=sa.text("call_id is not null"))
    op.create_index(
        "uq_audio_call_id", "audio", ["call_id"], unique=True, postgresql_where=sa.text("call_id is not null")
    )


def downgrade() -> None:
    op.drop_index("uq_audio_call_id", "audio")
    op.drop_index("ix_turns_call_id", "turns")
    # NOT VALID again, as 0006 leaves them.
    for (table, name), definition in NEW.items():
        op.drop_constraint(name, table)
        op.execute(f"alter table {table} add constraint {name} {definition} not valid")
