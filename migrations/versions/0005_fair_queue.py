"""Fair queue among tenants: of those with queued turns, the tenant that was served least recently is next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PROCRASTINATE = Path(__file__).parents[1] / "procrastinate_3_10_0.sql"

# The tenant of a job is that of its lock, a session; jobs without a session share the default tenant.
_TENANT_OF_JOB = """
alter table procrastinate_jobs add column tenant_id uuid not null default '00000000-0000-0000-0000-000000000000';
update procrastinate_jobs set tenant_id = sessions.tenant_id
  from sessions where sessions.id::text = procrastinate_jobs.lock;
create index procrastinate_jobs_waiting_by_tenant on procrastinate_jobs (tenant_id, priority desc, id)
  where status = 'todo';
create function voxloom_tenant_of_job() returns trigger language plpgsql as $$
begin
  if new.lock ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then
    new.tenant_id := coalesce((select tenant_id from sessions where id = new.lock::uuid), new.tenant_id);
  end if;
  return new;
end $$;
create trigger voxloom_tenant_of_job before insert on procrastinate_jobs
  for each row execute function voxloom_tenant_of_job();
"""

# Procrastinate's function, changed to search one tenant after the other. The tenants with queued jobs are found by a
# loose index scan (recursive CTE), whose cost grows with the number of tenants rather than jobs.
_FETCH = """
create or replace function procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint)
  returns procrastinate_jobs language plpgsql as $$
declare
  found_jobs procrastinate_jobs;
  next_tenant uuid;
begin
  for next_tenant in
    with recursive waiting (id) as (
      (select tenant_id from procrastinate_jobs where status = 'todo' order by tenant_id limit 1)
      union all
      select (
        select tenant_id from procrastinate_jobs
        where status = 'todo' and tenant_id > waiting.id order by tenant_id limit 1
      )
      from waiting where waiting.id is not null
    )
    select waiting.id from waiting left join tenants on tenants.id = waiting.id
    where waiting.id is not null
    order by tenants.turn_fetched_at nulls first, waiting.id
  loop
    with candidate as (
      select jobs.id from procrastinate_jobs as jobs
      where jobs.status = 'todo' and jobs.tenant_id = next_tenant
        and (target_queue_names is null or jobs.queue_name = any (target_queue_names))
        and (jobs.scheduled_at is null or jobs.scheduled_at <= now())
        and not exists (
          select 1 from procrastinate_jobs as other
          where jobs.lock is not null and other.lock = jobs.lock and (
            other.status = 'doing'
            or (other.status = 'todo' and (
              other.priority > jobs.priority or (other.priority = jobs.priority and other.id < jobs.id)))
          )
        )
      order by jobs.priority desc, jobs.id limit 1
      for update of jobs skip locked
    )
    update procrastinate_jobs set status = 'doing', worker_id = p_worker_id
      from candidate where procrastinate_jobs.id = candidate.id
      returning procrastinate_jobs.* into found_jobs;
    if found_jobs.id is not null then
      update tenants set turn_fetched_at = clock_timestamp() where id = next_tenant;
      return found_jobs;
    end if;
  end loop;
  return found_jobs;
end $$;
"""

_DOWN = """
drop trigger voxloom_tenant_of_job on procrastinate_jobs;
drop function voxloom_tenant_of_job();
drop index procrastinate_jobs_waiting_by_tenant;
"""


def _execute_script(script: str) -> None:
    """Runs several statements in the migration's transaction, which asyncpg supports only without parameters."""
    driver: Any = op.get_bind().connection.dbapi_connection
    driver.run_async(lambda connection: connection.execute(script))


def _original_fetch() -> str:
    """Procrastinate's original function, from the schema that revision 0002 installs."""
    schema = _PROCRASTINATE.read_text()
    start = schema.index("CREATE FUNCTION procrastinate_fetch_job_v2(")
    end = schema.index("$$;", start) + len("$$;")
    return schema[start:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


def upgrade() -> None:
    op.add_column("tenants", sa.Column("turn_fetched_at", sa.DateTime(timezone=True), nullable=True))
    _execute_script(_TENANT_OF_JOB)
    _execute_script(_FETCH)


def downgrade() -> None:
    _execute_script(_original_fetch())
    _execute_script(_DOWN)
    op.drop_column("procrastinate_jobs", "tenant_id")
    op.drop_column("tenants", "turn_fetched_at")
