"""Begins a live turn: one statement with its message, words, audio, model call, events, and a job that runs already.

The job is owned by the process that runs the turn: if its heartbeat expires, an ordinary worker takes the turn over. If
another turn of the session is unfinished, the turn is queued instead.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import asdict

import asyncpg

from db.calls.fence import CallFenced
from db.calls.turn_rows import rows_of, turn_events
from db.calls.values import Lease, SpokenTurn
from db.errors import Overloaded
from db.postgres.database import Database
from db.queue.jobs import QUEUE, TASK
from db.queue.limits import QueueLimits
from db.turns.values import Claim
from db.validation import sanitize_json

_LIMITS = QueueLimits()

#: The session's last job may end a little after its turn: how long, and how often, its end is waited for.
_JOB_SECONDS = 2.0
_JOB_PAUSE_SECONDS = 0.02

# The statement sees other tables as they were before it waited for the session's row. ``fresh`` is false if a commit
# came in between, which may have queued or ended a turn: then nothing is written, and the statement is repeated.
_BEGIN = """
with seen as materialized (
  select last_seq, turn_count from sessions where id = $1::uuid
), owner as materialized (
  select id, tenant_id, last_seq, turn_count from sessions where id = $1 for update
), found as materialized (
  select owner.*, (owner.last_seq, owner.turn_count) = (seen.last_seq, seen.turn_count) as fresh,
    exists (select from turns where session_id = $1 and status in ('QUEUED', 'RUNNING')) as busy,
    (select count(*) from turns where session_id = $1 and status = 'QUEUED') as waiting,
    exists (select from procrastinate_jobs where lock = $1::text and status = 'doing') as locked
  from owner cross join seen
), held as (
  update calls set step = calls.step + 1, heartbeat_at = clock_timestamp(),
    elapsed_ms = greatest(calls.elapsed_ms, $5::int)
  from found
  where calls.session_id = found.id and calls.id = $2::uuid and calls.connection = $3::int and calls.step = $4::int
    and calls.status <> 'ENDED' and found.fresh and (found.busy or not found.locked) and found.waiting < $6::int
  returning calls.id, found.busy, found.turn_count + 1 as number
), begun as (
  insert into turns (id, session_id, number, status, attempt, request_hash, started_at, call_id, live)
  select $7::uuid, $1, held.number, case when held.busy then 'QUEUED' else 'RUNNING' end,
    case when held.busy then 0 else 1 end, $8::bytea, case when not held.busy then clock_timestamp() end, held.id,
    $9::text::jsonb
  from held
  returning id, attempt, queued_at, started_at
), sound as (
  insert into audio (id, session_id, turn_id, kind, store_key, mime_type, duration_ms, sample_rate, size_bytes)
  select new.id, new.session_id, new.turn_id, new.kind, new.store_key, new.mime_type, new.duration_ms,
    new.sample_rate, new.size_bytes
  from held cross join jsonb_populate_recordset(null::audio, $10::text::jsonb) as new
), blob as (
  insert into audio_blobs (key, data) select $11::text, $12::bytea from held where $12 is not null
), asked as (
  insert into messages (id, session_id, turn_id, role, type, text, language, audio_id, complete, digits)
  select new.id, new.session_id, new.turn_id, new.role, new.type, new.text, new.language, new.audio_id, true, new.digits
  from held cross join jsonb_populate_recordset(null::messages, $13::text::jsonb) as new
), recognised as (
  insert into model_calls (id, session_id, turn_id, attempt, stage, engine, model, status, started_at, wait_ms,
    duration_ms, first_output_ms, input_tokens, output_tokens, input_audio_ms, output_audio_ms, error, details)
  select new.id, new.session_id, new.turn_id, new.attempt, new.stage, new.engine, new.model, new.status,
    new.started_at, new.wait_ms, new.duration_ms, new.first_output_ms, new.input_tokens, new.output_tokens,
    new.input_audio_ms, new.output_audio_ms, new.error, new.details
  from held cross join jsonb_populate_recordset(null::model_calls, $14::text::jsonb) as new
), stored as (
  delete from call_sounds using held where call_sounds.call_id = held.id and call_sounds.seq <= $15::int
), job as (
  insert into procrastinate_jobs (queue_name, task_name, lock, args, status, worker_id)
  select $16::text, $17::text, $1::text, jsonb_build_object('turn_id', $7::text),
    (case when held.busy then 'todo' else 'doing' end)::procrastinate_job_status,
    case when not held.busy then $18::bigint end
  from held
  returning id
), given as materialized (
  select row_number() over (order by given.place)::int as nth, given.type, given.data
  from held cross join jsonb_to_recordset($19::text::jsonb)
    as given (place int, type text, data jsonb, of_attempt boolean)
  where not (held.busy and given.of_attempt)
), sized as materialized (
  select held.id, (select count(*)::int from given) as size from held
), numbered as (
  update sessions set last_seq = sessions.last_seq + sized.size, turn_count = sessions.turn_count + 1 from sized
  where sessions.id = $1 returning sessions.last_seq - sized.size as last_seq
), logged as (
  insert into events (session_id, seq, turn_id, type, data)
  select $1, numbered.last_seq + given.nth, $7, given.type, given.data
  from numbered cross join given order by given.nth
)
select found.fresh, found.locked and not found.busy, found.waiting >= $6, begun.attempt, begun.queued_at,
  begun.started_at, job.id
from found left join begun on true left join job on true
"""

_CLAIM = """
select turns.attempt, turns.queued_at, turns.started_at,
  (select id from procrastinate_jobs
    where worker_id = $2::bigint and status = 'doing' and lock = turns.session_id::text)
from turns where turns.id = $1::uuid
"""


async def begin(
    database: Database, lease: Lease, step: int, turn: SpokenTurn, *, limits: QueueLimits = _LIMITS
) -> tuple[Claim, int] | None:
    """Makes commit number ``step`` of the connection: the turn. Returns the claim of its first attempt and its job.

    None if another turn of the session is unfinished: then the turn is QUEUED. Idempotent: a repeated commit, with the
    same turn, is not made twice. Raises CallFenced only if the turn is not stored and this connection will never store
    it, and Overloaded if too many turns of the session wait.
    """
    arguments = _arguments(lease, step, turn, limits)
    deadline = asyncio.get_running_loop().time() + _JOB_SECONDS
    while True:
        try:
            row = await database.writer.row(_BEGIN, arguments)
        except asyncpg.UniqueViolationError as error:
            # A worker fetched the job of a turn that was cancelled, just now: it ends at once.
            if error.constraint_name != "procrastinate_jobs_lock_idx_v1" or _is_over(deadline):
                raise
            await asyncio.sleep(_JOB_PAUSE_SECONDS)
            continue
        assert row is not None
        fresh, locked, full, attempt, queued_at, started_at, job_id = row
        if attempt is not None:
            database.notify([lease.session_id])
            break
        # By the turn, not by the number of the commit: after a lost answer the call may have its next connection.
        made = await database.writer.row(_CLAIM, [turn.turn_id, turn.worker_id])
        if made is not None:
            attempt, queued_at, started_at, job_id = made
            break
        if not fresh:
            continue
        if full:
            raise Overloaded("Too many turns of this session are waiting.", limits.retry_after_seconds)
        if not locked:
            raise CallFenced(str(lease.call_id))
        if _is_over(deadline):
            raise Overloaded("The session's last turn does not leave the queue.", limits.retry_after_seconds)
        await asyncio.sleep(_JOB_PAUSE_SECONDS)
    if attempt != 1 or job_id is None:  # queued; or begun, and taken over since
        return None
    return Claim(lease.tenant_id, lease.session_id, turn.turn_id, 1, queued_at, started_at), job_id


def _is_over(deadline: float) -> bool:
    return asyncio.get_running_loop().time() >= deadline


def _arguments(lease: Lease, step: int, turn: SpokenTurn, limits: QueueLimits) -> list[object]:
    rows = rows_of(lease, turn, attempt=1)
    blob = None if turn.audio is None else turn.audio.blob
    return [
        lease.session_id,
        lease.call_id,
        lease.connection,
        step,
        turn.live.speech_ended_ms,
        limits.per_session,
        turn.turn_id,
        hashlib.sha256(b"call\0" + turn.message_id.bytes).digest(),
        _json(asdict(turn.live)),
        _json(rows.audio),
        None if turn.audio is None else turn.audio.key,
        blob,
        _json(rows.messages),
        _json(rows.model_calls),
        turn.sounds,
        QUEUE,
        TASK,
        turn.worker_id,
        _json(turn_events(turn, attempt=1)),
    ]


def _json(value: object) -> str:
    return json.dumps(sanitize_json(value), default=str)
