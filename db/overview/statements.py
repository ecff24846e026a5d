"""SQL of a tenant's overview. Turns that a fork was copied with are not counted again.

Percentiles interpolate between the two nearest values (Hyndman and Fan 1996, "Sample quantiles in statistical
packages", definition 7).
"""

from __future__ import annotations

#: Most error codes in a list, the most frequent ones.
MAX_ERRORS = 50

#: Joined with what a turn has done, and limited to the tenant and the period.
_TURNS = """
turns join sessions on sessions.id = turns.session_id and sessions.tenant_id = :tenant
  and turns.queued_at >= :since and turns.queued_at < :until
  and (sessions.forked_after is null or turns.number > sessions.forked_after)
"""
_PERCENTILES = "percentile_cont(array[0.5, 0.9, 0.99]) within group (order by {0})"

STAGES = f"""
select stage, count(*), {_PERCENTILES.format("duration_ms")} from (
  select model_calls.stage, model_calls.duration_ms
  from {_TURNS} join model_calls on model_calls.turn_id = turns.id and model_calls.status = 'OK'
  union all
  select 'TOOL', tool_calls.duration_ms
  from {_TURNS} join tool_calls on tool_calls.turn_id = turns.id and tool_calls.status = 'ACCEPTED'
  where tool_calls.duration_ms is not null
) as calls group by stage
"""  # noqa: S608 - words of ours

#: The first sound counts from the end of what the customer said: in a call of their speech, else of the message.
WHOLE_TURNS = f"""
select count(total), {_PERCENTILES.format("total")}, count(first), {_PERCENTILES.format("first")} from (
  select (extract(epoch from turns.finished_at - turns.queued_at) * 1000)::double precision as total,
    coalesce(turns.live->>'first_audio_sent_ms', turns.timing->>'first_audio_ms')::double precision as first
  from {_TURNS} where turns.status = 'COMPLETED'
) as times
"""  # noqa: S608 - words of ours

ERRORS = f"""
select turns.error_code, turns.error_stage, count(*), max(turns.finished_at)
from {_TURNS} where turns.status = 'FAILED'
group by turns.error_code, turns.error_stage order by count(*) desc, turns.error_code, turns.error_stage limit :most
"""  # noqa: S608 - words of ours

QUEUE = """
select count(*) filter (where status = 'QUEUED'), count(*) filter (where status = 'RUNNING'),
  min(queued_at) filter (where status = 'QUEUED')
from (
  select turns.status, turns.queued_at from sessions join turns on turns.session_id = sessions.id
  where sessions.tenant_id = :tenant and turns.status = 'QUEUED'
  union all
  select turns.status, turns.queued_at from sessions join turns on turns.session_id = sessions.id
  where sessions.tenant_id = :tenant and turns.status = 'RUNNING'
) as unfinished
"""

CALLS_NOW = "select count(*) from calls where tenant_id = :tenant and status <> 'ENDED' and status <> 'OPENED'"

SESSIONS_BY_DAY = """
select width_bucket(created_at, cast(:days as timestamptz[])) as day, count(*) from sessions
where tenant_id = :tenant and created_at >= :since and created_at < :until group by day
"""
CALLS_BY_DAY = """
select width_bucket(opened_at, cast(:days as timestamptz[])) as day, count(*) from calls
where tenant_id = :tenant and opened_at >= :since and opened_at < :until group by day
"""
WORK_BY_DAY = f"""
select width_bucket(turns.queued_at, cast(:days as timestamptz[])) as day, count(*), sum(used.input_audio_ms),
  sum(used.output_audio_ms), sum(used.input_tokens), sum(used.output_tokens)
from {_TURNS} left join lateral (
  select sum(input_audio_ms) as input_audio_ms, sum(output_audio_ms) as output_audio_ms,
    sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens
  from model_calls where model_calls.turn_id = turns.id
) as used on true group by day
"""  # noqa: S608 - words of ours
