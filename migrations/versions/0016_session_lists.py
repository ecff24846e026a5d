"""Search in conversations, and drafts of agents' versions.

The indexes are built CONCURRENTLY: writers go on meanwhile, however many rows there are, and no table is rewritten but
``agent_versions``, which has few rows. What comes before them can be run again: they end the transaction.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import search_functions

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_messages_said_words": "messages using gin (voxloom_said_words(text, language))"
    " with (gin_pending_list_limit = 512)",
    "ix_crm_records_words": "crm_records using gin"
    " (voxloom_record_words(reference, name, phone, account_id, query, details)) with (gin_pending_list_limit = 512)",
    "ix_turns_failed": "turns (session_id) where status = 'FAILED'",
}

_TIMEOUTS = ("lock_timeout", "statement_timeout")

#: Being published is the one change of a version, from a draft.
_IMMUTABLE = (
    """
    create trigger agent_versions_immutable before update of
      id, tenant_id, agent_id, number, definition, checksum, languages, builtin, published_at, published_by
    on agent_versions for each row execute function voxloom_refuse_update()
    """,
    """
    create trigger agent_versions_published before update of draft on agent_versions
      for each row when (new.draft) execute function voxloom_refuse_update()
    """,
)


def upgrade() -> None:
    for each in search_functions.CREATE:
        op.execute(each)
    connection = op.get_bind()
    timeouts = {name: connection.exec_driver_sql(f"show {name}").scalar() for name in _TIMEOUTS}
    with op.get_context().autocommit_block():
        # Building waits for transactions that began earlier, however long they last.
        for name in timeouts:
            op.execute(f"set {name} = 0")
        for name, what in _INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")  # a build that was cut off leaves an invalid one
            op.execute(f"create index concurrently {name} on {what}")
        for name, value in timeouts.items():
            op.execute(f"set {name} = '{value}'")
    op.add_column("agent_versions", sa.Column("draft", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(
        "agent_versions",
        sa.Column(
            "handover_scenario",
            sa.Text(),
            sa.Computed("definition #>> '{handover,scenario}'", persisted=True),
            nullable=True,
        ),
    )
    op.alter_column("agents", "version", nullable=True)
    op.execute("drop trigger agent_versions_immutable on agent_versions")
    for each in _IMMUTABLE:
        op.execute(each)


def downgrade() -> None:
    """Drafts stay as versions that are not current. An agent that has nothing else is archived with the newest one."""
    op.execute(
        "update agents set archived_at = coalesce(archived_at, clock_timestamp()),"
        " version = (select max(number) from agent_versions where agent_id = agents.id) where version is null"
    )
    op.execute("drop trigger agent_versions_immutable on agent_versions")
    op.execute("drop trigger agent_versions_published on agent_versions")
    op.execute(
        "create trigger agent_versions_immutable before update on agent_versions"
        " for each row execute function voxloom_refuse_update()"
    )
    op.execute("set constraints all immediate")  # a table with pending checks cannot be altered
    op.alter_column("agents", "version", nullable=False)
    op.drop_column("agent_versions", "handover_scenario")
    op.drop_column("agent_versions", "draft")
    for name in _INDEXES:
        op.execute(f"drop index {name}")
    for each in search_functions.DROP:
        op.execute(each)
