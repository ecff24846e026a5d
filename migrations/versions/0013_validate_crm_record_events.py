"""Validates the constraint on events that 0012 added: in a revision of its own, its scan holds no lock of 0012."""

from __future__ import annotations

from alembic import op

from migrations.crm_record_events import AFTER

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table events validate constraint ck_events_type")


def downgrade() -> None:
    # NOT VALID again, as 0012 leaves it.
    op.drop_constraint("ck_events_type", "events")
    op.execute(f"alter table events add constraint ck_events_type {AFTER} not valid")
