"""Live calls: tables of calls and of unfinished audio, columns of their turns and messages, new kinds of events.

Constraints on existing tables are added NOT VALID, which takes no scan under a lock; 0007 validates them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.live_call_constraints import CALL_EVENTS, NEW, OLD

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "OPENED",
                "CONNECTED",
                "DROPPED",
                "ENDED",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "transport",
            sa.Enum("REALTIME", "TWILIO", name="transport", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("turn_taking", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "end_reason",
            sa.Enum(
                "CALLER",
                "ASSISTANT",
                "SILENCE",
                "CLOSED",
                "DROPPED",
                "DRAINED",
                "TOO_LONG",
                "FAILED",
                name="end_reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("drops", sa.Integer(), server_default="0", nullable=False),
        sa.Column("connection", sa.Integer(), server_default="0", nullable=False),
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("elapsed_ms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("record", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(status = 'ENDED') = (ended_at is not null)", name=op.f("ck_calls_ended_at")),
        sa.CheckConstraint("(status = 'ENDED') = (end_reason is not null)", name=op.f("ck_calls_reason")),
        sa.CheckConstraint(
            "drops >= 0 and connection >= 0 and step >= 0 and elapsed_ms >= 0", name=op.f("ck_calls_counters")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["sessions.tenant_id", "sessions.id"],
            name=op.f("fk_calls_tenant_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("session_id", "id", name=op.f("uq_calls_session_id_id")),
        sa.UniqueConstraint("session_id", "idempotency_key", name=op.f("uq_calls_session_id_idempotency_key")),
    )
    op.create_index(
        "uq_calls_open", "calls", ["session_id"], unique=True, postgresql_where=sa.text("status <> 'ENDED'")
    )
    op.create_table(
        "call_sounds",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_sounds_call_id")),
        sa.PrimaryKeyConstraint("call_id", "seq", name=op.f("pk_call_sounds")),
    )
    op.execute("alter table call_sounds alter column data set storage external")  # noise does not compress

    op.add_column("turns", sa.Column("call_id", sa.Uuid(), nullable=True))
    op.add_column("turns", sa.Column("reopened", sa.Integer(), server_default="0", nullable=False))
    op.add_column("turns", sa.Column("live", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("messages", sa.Column("digits", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("messages", sa.Column("playback", postgresql.JSONB(astext_type=sa.Text()), nullable=True))

    op.alter_column("audio", "turn_id", nullable=True)
    op.add_column("audio", sa.Column("call_id", sa.Uuid(), nullable=True))
    for table, name in OLD:
        op.drop_constraint(name, table)
    for (table, name), definition in NEW.items():
        op.execute(f"alter table {table} add constraint {name} {definition} not valid")


def downgrade() -> None:
    """Deletes the calls, their events and their recordings; what was said stays, as turns of the session.

    The numbers of a session's remaining events have gaps then.
    """
    for table, name in NEW:
        op.drop_constraint(name, table)
    op.execute("delete from audio_blobs using audio where audio.kind = 'CALL' and audio_blobs.key = audio.store_key")
    op.execute("delete from audio where kind = 'CALL'")
    op.get_bind().execute(sa.text("delete from events where type = any(:types)"), {"types": list(CALL_EVENTS)})
    for (table, name), definition in OLD.items():
        op.execute(f"alter table {table} add constraint {name} {definition}")
    op.drop_column("audio", "call_id")
    op.alter_column("audio", "turn_id", nullable=False)
    op.drop_column("turns", "live")
    op.drop_column("turns", "reopened")
    op.drop_column("turns", "call_id")
    op.drop_column("messages", "playback")
    op.drop_column("messages", "digits")
    op.drop_table("call_sounds")
    op.drop_table("calls")
