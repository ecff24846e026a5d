"""Existing sessions get the version of their agent that 0009 published; the foreign key of 0009 is validated.

A revision of its own, so that the update of all sessions holds none of the locks of 0009.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_CONSTRAINT = "fk_sessions_tenant_id_agent_version_id"


def upgrade() -> None:
    op.execute(
        "update sessions set agent_version_id = versions.id from agents"
        " join agent_versions versions on versions.agent_id = agents.id and versions.number = agents.version"
        " where agents.tenant_id = sessions.tenant_id and agents.name = sessions.persona"
        " and sessions.agent_version_id is null"
    )
    op.execute(f"alter table sessions validate constraint {_CONSTRAINT}")


def downgrade() -> None:
    # NOT VALID again, as 0009 leaves it. The sessions keep their versions, which 0009 takes away.
    op.drop_constraint(_CONSTRAINT, "sessions")
    op.execute(
        f"alter table sessions add constraint {_CONSTRAINT} foreign key (tenant_id, agent_version_id)"
        " references agent_versions (tenant_id, id) not valid"
    )
