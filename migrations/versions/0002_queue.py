"""Job queue: Procrastinate's schema, and triggers that notify workers when a session's next job can start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SCHEMA = Path(__file__).parent.parent / "procrastinate_3_10_0.sql"

# Procrastinate skips a job whose lock (session) is held by a running job, and sends no notification when that job ends;
# without these triggers the next job would wait for a worker's poll.
_WAKE = """
create function voxloom_wake_next_turn() returns trigger language plpgsql as $$
begin
  if old.lock is not null and exists (
    select 1 from procrastinate_jobs where lock = old.lock and status = 'todo'
  ) then
    perform pg_notify(
      'procrastinate_queue_v1#' || old.queue_name,
      json_build_object('type', 'job_inserted', 'job_id', old.id)::text
    );
  end if;
  return null;
end $$;
create trigger voxloom_wake_on_end after update of status on procrastinate_jobs
  for each row when (old.status = 'doing' and new.status <> 'doing') execute function voxloom_wake_next_turn();
create trigger voxloom_wake_on_delete after delete on procrastinate_jobs
  for each row when (old.status = 'doing') execute function voxloom_wake_next_turn();
"""

_DROP_ALL = """
do $$
declare
  found record;
begin
  for found in
    select format('drop table if exists %s cascade', oid::regclass) as command
    from pg_class
    where relname like 'procrastinate\\_%' and relkind = 'r' and relnamespace = current_schema::regnamespace
    union all
    select format('drop function if exists %s cascade', oid::regprocedure)
    from pg_proc where proname like 'procrastinate\\_%' and pronamespace = current_schema::regnamespace
    union all
    select format('drop type if exists %s cascade', oid::regtype)
    from pg_type
    where typname like 'procrastinate\\_%' and typtype = 'e' and typnamespace = current_schema::regnamespace
    union all
    select 'drop type if exists procrastinate_job_to_defer_v1 cascade'
  loop
    execute found.command;
  end loop;
end $$;
drop function if exists voxloom_wake_next_turn() cascade;
"""


def _execute_script(script: str) -> None:
    """Runs several statements in the migration's transaction, which asyncpg supports only without parameters."""
    driver: Any = op.get_bind().connection.dbapi_connection
    driver.run_async(lambda connection: connection.execute(script))


def upgrade() -> None:
    _execute_script(_SCHEMA.read_text())
    _execute_script(_WAKE)


def downgrade() -> None:
    _execute_script(_DROP_ALL)
