"""Engines of a session; sessions forked from another, whose records are not the customer's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

#: The reference of a record is unique in its tenant, except for the copies in forked sessions.
_REFERENCE = "uq_crm_records_tenant_id_reference"
_ORIGINAL = sa.text("forked is false")


def upgrade() -> None:
    op.add_column("sessions", sa.Column("engines", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("sessions", sa.Column("forked_from_id", sa.Uuid(), nullable=True))
    op.add_column("sessions", sa.Column("forked_after", sa.Integer(), nullable=True))
    op.add_column("sessions", sa.Column("external_tools", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("sessions", sa.Column("idempotency_key", sa.String(200), nullable=True))
    op.add_column("sessions", sa.Column("request_hash", sa.LargeBinary(), nullable=True))
    op.create_foreign_key(
        op.f("fk_sessions_tenant_id_forked_from_id"),
        "sessions",
        "sessions",
        ["tenant_id", "forked_from_id"],
        ["tenant_id", "id"],
    )
    op.create_unique_constraint(
        op.f("uq_sessions_forked_from_id_idempotency_key"), "sessions", ["forked_from_id", "idempotency_key"]
    )
    op.create_check_constraint(
        op.f("ck_sessions_forked_after"), "sessions", "(forked_from_id is null) = (forked_after is null)"
    )
    op.add_column("crm_records", sa.Column("forked", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.drop_constraint(_REFERENCE, "crm_records")
    op.create_index(_REFERENCE, "crm_records", ["tenant_id", "reference"], unique=True, postgresql_where=_ORIGINAL)
    op.create_unique_constraint(op.f("uq_crm_records_session_id_reference"), "crm_records", ["session_id", "reference"])


def downgrade() -> None:
    """Records of forked sessions are deleted: their references would not be unique."""
    op.drop_constraint(op.f("uq_crm_records_session_id_reference"), "crm_records")
    op.execute("delete from crm_records where forked")
    op.drop_index(_REFERENCE, "crm_records")
    op.create_unique_constraint(_REFERENCE, "crm_records", ["tenant_id", "reference"])
    op.drop_column("crm_records", "forked")
    op.drop_constraint(op.f("ck_sessions_forked_after"), "sessions")
    op.drop_constraint(op.f("uq_sessions_forked_from_id_idempotency_key"), "sessions")
    op.drop_constraint(op.f("fk_sessions_tenant_id_forked_from_id"), "sessions")
    for column in ("request_hash", "idempotency_key", "external_tools", "forked_after", "forked_from_id", "engines"):
        op.drop_column("sessions", column)
