"""First schema: tenants, keys, sessions, turns, messages, model and tool calls, CRM records, events, audio, workers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audio_blobs",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_audio_blobs")),
    )
    # TOAST without compression, so that Postgres reads a range of bytes without the whole value.
    op.execute("alter table audio_blobs alter column data set storage external")
    op.create_table(
        "server_secrets",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_secrets")),
    )
    op.create_table(
        "tenants",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("name", name=op.f("uq_tenants_name")),
    )
    op.create_table(
        "workers",
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("engines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "heartbeat_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_index(op.f("ix_workers_heartbeat_at"), "workers", ["heartbeat_at"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_api_keys_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_keys_secret_hash")),
    )
    op.create_index(op.f("ix_api_keys_tenant_id"), "api_keys", ["tenant_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "WEB", "PHONE", "CHAT", "API", name="channel", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("persona", sa.String(length=100), nullable=False),
        sa.Column(
            "status",
            sa.Enum("OPEN", "ENDED", name="status", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("turn_count", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("(status = 'ENDED') = (ended_at is not null)", name=op.f("ck_sessions_ended_at")),
        sa.CheckConstraint("last_seq >= 0 and turn_count >= 0", name=op.f("ck_sessions_counters")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_sessions_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_sessions_tenant_id_id")),
    )
    op.create_index(
        "ix_sessions_tenant_id_customer_id_id", "sessions", ["tenant_id", "customer_id", "id"], unique=False
    )
    op.create_table(
        "turns",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "QUEUED",
                "RUNNING",
                "COMPLETED",
                "FAILED",
                "CANCELLED",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=50), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column(
            "error_stage",
            sa.Enum(
                "ASR", "LLM", "TOOL", "TTS", name="error_stage", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("timing", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(status = 'FAILED') = (error_code is not null)", name=op.f("ck_turns_error_code")),
        sa.CheckConstraint(
            "(status in ('COMPLETED', 'FAILED', 'CANCELLED')) = (finished_at is not null)",
            name=op.f("ck_turns_finished_at"),
        ),
        sa.CheckConstraint("number > 0 and attempt >= 0", name=op.f("ck_turns_counters")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_turns_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
        sa.UniqueConstraint("session_id", "id", name=op.f("uq_turns_session_id_id")),
        sa.UniqueConstraint("session_id", "idempotency_key", name=op.f("uq_turns_session_id_idempotency_key")),
        sa.UniqueConstraint("session_id", "number", name=op.f("uq_turns_session_id_number")),
    )
    op.create_table(
        "audio",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("RECORDING", "CHUNK", "REPLY", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("store_key", sa.String(length=300), nullable=False),
        sa.Column("mime_type", sa.String(length=100), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("sample_rate", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("duration_ms > 0 and sample_rate > 0 and size_bytes > 0", name=op.f("ck_audio_sizes")),
        sa.ForeignKeyConstraint(
            ["session_id", "turn_id"],
            ["turns.session_id", "turns.id"],
            name=op.f("fk_audio_session_id_turn_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audio")),
        sa.UniqueConstraint("turn_id", "id", name=op.f("uq_audio_turn_id_id")),
    )
    op.create_index("ix_audio_session_id_id", "audio", ["session_id", "id"], unique=False)
    op.create_table(
        "events",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=True),
        sa.Column(
            "type",
            sa.Enum(
                "TurnQueued",
                "TurnStarted",
                "StageStarted",
                "StageCompleted",
                "StageFailed",
                "StageSkipped",
                "TranscriptPartial",
                "TranscriptReady",
                "ReplyDelta",
                "ReplyReady",
                "ToolCallStarted",
                "ToolCallFinished",
                "AudioChunkReady",
                "AudioReady",
                "TurnCompleted",
                "TurnFailed",
                "TurnCancelled",
                "SessionEnded",
                name="type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("seq > 0", name=op.f("ck_events_seq")),
        sa.ForeignKeyConstraint(
            ["session_id", "turn_id"], ["turns.session_id", "turns.id"], name=op.f("fk_events_session_id_turn_id")
        ),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_events_session_id")),
        sa.PrimaryKeyConstraint("session_id", "seq", name=op.f("pk_events")),
    )
    op.create_index("ix_events_turn_id_seq", "events", ["turn_id", "seq"], unique=False)
    op.create_table(
        "model_calls",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column(
            "stage",
            sa.Enum("ASR", "LLM", "TOOL", "TTS", name="stage", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("engine", sa.String(length=100), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("OK", "FAILED", "CANCELLED", name="status", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wait_ms", sa.Double(), nullable=False),
        sa.Column("duration_ms", sa.Double(), nullable=False),
        sa.Column("first_output_ms", sa.Double(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("input_audio_ms", sa.Integer(), nullable=True),
        sa.Column("output_audio_ms", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(status = 'FAILED') = (error is not null)", name=op.f("ck_model_calls_error")),
        sa.CheckConstraint("duration_ms >= 0 and wait_ms >= 0", name=op.f("ck_model_calls_durations")),
        sa.ForeignKeyConstraint(
            ["session_id", "turn_id"], ["turns.session_id", "turns.id"], name=op.f("fk_model_calls_session_id_turn_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_calls")),
    )
    op.create_index("ix_model_calls_session_id_id", "model_calls", ["session_id", "id"], unique=False)
    op.create_index("ix_model_calls_turn_id_id", "model_calls", ["turn_id", "id"], unique=False)
    op.create_table(
        "tool_calls",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("server", sa.String(length=100), nullable=False),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "PENDING", "ACCEPTED", "FAILED", name="status", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.String(length=200), nullable=False),
        sa.Column("duration_ms", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("(status = 'FAILED') = (error is not null)", name=op.f("ck_tool_calls_error")),
        sa.CheckConstraint("(status = 'PENDING') = (finished_at is null)", name=op.f("ck_tool_calls_finished_at")),
        sa.ForeignKeyConstraint(
            ["session_id", "turn_id"], ["turns.session_id", "turns.id"], name=op.f("fk_tool_calls_session_id_turn_id")
        ),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_tool_calls_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool_calls")),
        sa.UniqueConstraint("session_id", "id", name=op.f("uq_tool_calls_session_id_id")),
        sa.UniqueConstraint("session_id", "idempotency_key", name=op.f("uq_tool_calls_session_id_idempotency_key")),
    )
    op.create_index("ix_tool_calls_turn_id_id", "tool_calls", ["turn_id", "id"], unique=False)
    op.create_table(
        "crm_records",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("tool_call_id", sa.Uuid(), nullable=False),
        sa.Column("scenario", sa.String(length=100), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("customer_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("intent", sa.String(length=50), nullable=False),
        sa.Column(
            "priority",
            sa.Enum(
                "LOW", "NORMAL", "HIGH", "URGENT", name="priority", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum("PENDING", "DONE", "FAILED", name="status", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["sessions.tenant_id", "sessions.id"],
            name=op.f("fk_crm_records_tenant_id_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "tool_call_id"],
            ["tool_calls.session_id", "tool_calls.id"],
            name=op.f("fk_crm_records_session_id_tool_call_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_records")),
        sa.UniqueConstraint("tenant_id", "reference", name=op.f("uq_crm_records_tenant_id_reference")),
        sa.UniqueConstraint("tool_call_id", name=op.f("uq_crm_records_tool_call_id")),
    )
    op.create_index("ix_crm_records_session_id_id", "crm_records", ["session_id", "id"], unique=False)
    op.create_index(
        "ix_crm_records_tenant_id_customer_id_id", "crm_records", ["tenant_id", "customer_id", "id"], unique=False
    )
    op.create_index("ix_crm_records_tenant_id_id", "crm_records", ["tenant_id", "id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("USER", "ASSISTANT", name="role", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "type",
            sa.Enum("TEXT", "AUDIO", name="type", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("audio_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("type = 'AUDIO' or text is not null", name=op.f("ck_messages_text")),
        sa.CheckConstraint("type = 'TEXT' or audio_id is not null", name=op.f("ck_messages_audio_id")),
        sa.ForeignKeyConstraint(
            ["turn_id", "audio_id"], ["audio.turn_id", "audio.id"], name=op.f("fk_messages_turn_id_audio_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "turn_id"], ["turns.session_id", "turns.id"], name=op.f("fk_messages_session_id_turn_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("turn_id", "role", name=op.f("uq_messages_turn_id_role")),
    )
    op.create_index(op.f("ix_messages_audio_id"), "messages", ["audio_id"], unique=False)
    op.create_index("ix_messages_session_id_id", "messages", ["session_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_messages_session_id_id", table_name="messages")
    op.drop_index(op.f("ix_messages_audio_id"), table_name="messages")
    op.drop_table("messages")
    op.drop_index("ix_crm_records_tenant_id_id", table_name="crm_records")
    op.drop_index("ix_crm_records_tenant_id_customer_id_id", table_name="crm_records")
    op.drop_index("ix_crm_records_session_id_id", table_name="crm_records")
    op.drop_table("crm_records")
    op.drop_index("ix_tool_calls_turn_id_id", table_name="tool_calls")
    op.drop_table("tool_calls")
    op.drop_index("ix_model_calls_turn_id_id", table_name="model_calls")
    op.drop_index("ix_model_calls_session_id_id", table_name="model_calls")
    op.drop_table("model_calls")
    op.drop_index("ix_events_turn_id_seq", table_name="events")
    op.drop_table("events")
    op.drop_index("ix_audio_session_id_id", table_name="audio")
    op.drop_table("audio")
    op.drop_table("turns")
    op.drop_index("ix_sessions_tenant_id_customer_id_id", table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_api_keys_tenant_id"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_index(op.f("ix_workers_heartbeat_at"), table_name="workers")
    op.drop_table("workers")
    op.drop_table("tenants")
    op.drop_table("server_secrets")
    op.drop_table("audio_blobs")
