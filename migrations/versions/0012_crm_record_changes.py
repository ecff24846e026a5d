"""Changes of filed CRM records, with the earlier values, and their event. Names of intents may have 64 characters.

The constraint on events is added NOT VALID, which takes no scan under a lock; 0013 validates it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.crm_record_events import AFTER, BEFORE, UPDATED

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "crm_record_changes",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("tool_call_id", sa.Uuid(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["record_id"], ["crm_records.id"], name=op.f("fk_crm_record_changes_record_id")),
        sa.ForeignKeyConstraint(
            ["session_id", "tool_call_id"],
            ["tool_calls.session_id", "tool_calls.id"],
            name=op.f("fk_crm_record_changes_session_id_tool_call_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_record_changes")),
        sa.UniqueConstraint("tool_call_id", name=op.f("uq_crm_record_changes_tool_call_id")),
    )
    op.create_index("ix_crm_record_changes_record_id_id", "crm_record_changes", ["record_id", "id"])
    op.add_column("crm_records", sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("crm_records", "intent", type_=sa.String(64))
    op.drop_constraint("ck_events_type", "events")
    op.execute(f"alter table events add constraint ck_events_type {AFTER} not valid")


def downgrade() -> None:
    """Records keep their newest values; the numbers of a session's remaining events have gaps then."""
    op.drop_constraint("ck_events_type", "events")
    op.get_bind().execute(sa.text("delete from events where type = :type"), {"type": UPDATED})
    op.execute(f"alter table events add constraint ck_events_type {BEFORE}")
    op.execute("alter table crm_records alter column intent type varchar(50) using left(intent, 50)")
    op.drop_column("crm_records", "updated_at")
    op.drop_table("crm_record_changes")
