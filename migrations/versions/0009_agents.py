"""Agents and their versions; the built-in agents are published to every tenant; sessions hold an agent's version.

The built-in agents are those of the release that migrates. The foreign key of sessions is added NOT VALID, which takes
no scan under a lock; 0010 validates it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.agents.builtin import builtin_agents

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_REFUSE = """
create function voxloom_refuse_update() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are immutable', tg_table_name using errcode = 'integrity_constraint_violation';
end $$
"""
_IMMUTABLE = """
create trigger agent_versions_immutable before update on agent_versions
  for each row execute function voxloom_refuse_update()
"""

_PUBLISH = """
with added as (
  insert into agents (id, tenant_id, name, version) select gen_random_uuid(), id, :name, 1 from tenants
  returning id, tenant_id
)
insert into agent_versions (id, tenant_id, agent_id, number, definition, checksum, languages, builtin)
select gen_random_uuid(), tenant_id, id, 1, cast(:definition as json), :checksum, :languages, true from added
"""


def upgrade() -> None:
    op.create_table(
        "agents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_agents_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_agents_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_agents_tenant_id_name")),
    )
    op.create_table(
        "agent_versions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("checksum", sa.LargeBinary(), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.String(length=2)), nullable=False),
        sa.Column("builtin", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "published_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_agent_versions_number")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "agent_id"],
            ["agents.tenant_id", "agents.id"],
            name=op.f("fk_agent_versions_tenant_id_agent_id"),
        ),
        sa.ForeignKeyConstraint(["published_by"], ["api_keys.id"], name=op.f("fk_agent_versions_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_versions")),
        sa.UniqueConstraint("agent_id", "checksum", name=op.f("uq_agent_versions_agent_id_checksum")),
        sa.UniqueConstraint("agent_id", "number", name=op.f("uq_agent_versions_agent_id_number")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_agent_versions_tenant_id_id")),
    )
    op.create_foreign_key(
        op.f("fk_agents_id_version"),
        "agents",
        "agent_versions",
        ["id", "version"],
        ["agent_id", "number"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.execute(_REFUSE)
    op.execute(_IMMUTABLE)
    for agent in builtin_agents().values():
        values = {
            "name": agent.name,
            "definition": agent.to_json(),
            "checksum": bytes.fromhex(agent.checksum),
            "languages": agent.languages,
        }
        op.get_bind().execute(sa.text(_PUBLISH), values)
    op.add_column("sessions", sa.Column("agent_version_id", sa.Uuid(), nullable=True))
    op.execute(
        "alter table sessions add constraint fk_sessions_tenant_id_agent_version_id"
        " foreign key (tenant_id, agent_version_id) references agent_versions (tenant_id, id) not valid"
    )


def downgrade() -> None:
    op.drop_column("sessions", "agent_version_id")
    op.drop_constraint("fk_agents_id_version", "agents")
    op.drop_table("agent_versions")
    op.drop_table("agents")
    op.execute("drop function voxloom_refuse_update()")
