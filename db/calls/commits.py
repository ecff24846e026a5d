"""Commits of a live call that are written behind it: events, segments of unfinished audio, playback of replies."""

from __future__ import annotations

import json
from collections.abc import Sequence

from db.calls.fence import CallFenced, was_committed
from db.calls.values import CallWrite, Lease, PlaybackReport, Segment
from db.postgres.database import Database
from db.validation import sanitize_json

#: ``{owner}``: the locked row of the session, or nothing.
_HELD = """
held as (
  update calls set step = calls.step + 1, elapsed_ms = greatest(calls.elapsed_ms, $5::int),
    heartbeat_at = clock_timestamp()
  {owner}
  where calls.session_id = $1::uuid and calls.id = $2::uuid and calls.connection = $3::int and calls.step = $4::int
    and calls.status <> 'ENDED'
  returning calls.id
), cleared as (
  delete from call_sounds using held where call_sounds.call_id = held.id and call_sounds.seq <= $6::int
), kept as (
  insert into call_sounds (call_id, seq, at_ms, data)
  select held.id, given.seq, given.at_ms, given.data
  from held cross join unnest($7::int[], $8::int[], $9::bytea[]) as given (seq, at_ms, data)
)
"""

#: Audio alone is no change of the conversation: the session's row, and so its version, stay as they are.
_AUDIO = f"with {_HELD.format(owner='')} select id from held"  # noqa: S608 - pieces of ours

# As in ``db.turns.statement``, counts are joined rather than subqueries.
_ALL = f"""
with owner as materialized (select id from sessions where id = $1::uuid for update),
{_HELD.format(owner="from owner")},
reported as materialized (
  select given.* from held
  cross join jsonb_to_recordset($10::text::jsonb) as given (turn_id uuid, playback jsonb, live jsonb)
), measured as (
  update turns set live = reported.live from reported
  where turns.id = reported.turn_id and turns.session_id = $1
), played as (
  update messages set playback = reported.playback from reported
  where messages.turn_id = reported.turn_id and messages.session_id = $1 and messages.role = 'ASSISTANT'
), given as materialized (
  select row_number() over (order by place)::int as nth, type, turn_id, data
  from jsonb_to_recordset($11::text::jsonb) as event (place int, type text, turn_id uuid, data jsonb)
), sized as materialized (
  select held.id, (select count(*)::int from given) as size from held
), numbered as (
  update sessions set last_seq = sessions.last_seq + sized.size from sized
  where sessions.id = $1 returning sessions.last_seq - sized.size as last_seq
), logged as (
  insert into events (session_id, seq, turn_id, type, data)
  select $1, numbered.last_seq + given.nth, given.turn_id, given.type, given.data
  from numbered cross join given order by given.nth
)
select id from held
"""  # noqa: S608 - pieces of ours


async def commit(database: Database, lease: Lease, step: int, writes: Sequence[CallWrite]) -> None:
    """Makes commit number ``step`` (from 0) of the connection: all of ``writes``, in order, in one statement.

    Idempotent: a retried commit, which must have the same writes, is not made twice. Raises CallFenced.
    """
    segments: list[Segment] = []
    clears = 0
    reports: dict[object, PlaybackReport] = {}
    for write in writes:
        if write.segment is not None:
            segments.append(write.segment)
        if write.clears is not None:
            clears = max(clears, write.clears)
            segments = [each for each in segments if each.number > clears]
        if write.report is not None:
            reports[write.report.turn_id] = write.report
    events = [event for write in writes for event in write.events]
    arguments: list[object] = [
        lease.session_id,
        lease.call_id,
        lease.connection,
        step,
        max((write.elapsed_ms for write in writes), default=0),
        clears,
        [each.number for each in segments],
        [each.at_ms for each in segments],
        [each.data for each in segments],
    ]
    visible = bool(events or reports)
    if visible:
        arguments.append(_json([report.row() for report in reports.values()]))
        rows = [
            {"place": place, "type": each.type.value, "turn_id": each.turn_id, "data": each.data}
            for place, each in enumerate(events)
        ]
        arguments.append(_json(rows))
    row = await database.writer.row(_ALL if visible else _AUDIO, arguments)
    if row is None:
        if not await was_committed(database, lease, step):
            raise CallFenced(str(lease.call_id))
    elif visible:
        database.notify([lease.session_id])


def _json(value: object) -> str:
    return json.dumps(sanitize_json(value), default=str)
