"""Builds the SQL statement of a commit of a turn's attempt: fenced, numbered, with its events.

The statement locks the session's row first and the turn's second, as all writers do, against deadlocks. It writes
nothing unless the attempt owns the turn and the commit is its next one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from uuid import UUID

from db.audio.persist import audio_row
from db.enums import MessageType, Role, ToolCallStatus, TurnStatus
from db.turns.values import Claim, FinishedCall
from db.turns.writes import ToolCallEnd, TurnEnd, TurnWrite
from db.validation import sanitize_json, sanitize_text


def call_row(claim: Claim, call_id: UUID, call: FinishedCall) -> dict[str, object]:
    """The columns of a model call."""
    return {
        "id": call_id,
        "session_id": claim.session_id,
        "turn_id": claim.turn_id,
        "attempt": claim.attempt,
        "stage": call.stage,
        "engine": call.engine,
        "model": call.model,
        "status": call.status,
        "started_at": call.started_at,
        "wait_ms": call.wait_ms,
        "duration_ms": call.duration_ms,
        "first_output_ms": call.first_output_ms,
        "input_tokens": call.input_tokens,
        "output_tokens": call.output_tokens,
        "input_audio_ms": call.input_audio_ms,
        "output_audio_ms": call.output_audio_ms,
        "error": None if call.error is None else sanitize_text(call.error),
        "details": sanitize_json(call.details) or None,
    }


def statement_of(claim: Claim, step: int, writes: Sequence[TurnWrite]) -> tuple[str, list[object]]:
    """The statement of commit number ``step`` (from 0) of the attempt, and its arguments.

    It returns one row, or none if it wrote nothing. Its text depends only on the kinds of rows, so prepared statements
    are reused. No two of the writes may write the same row.
    """
    statement = _Statement(claim, step)
    for write in writes:
        statement.add(write)
    return statement.text, statement.arguments


class _Statement:
    """Data-modifying CTEs that depend on ``held``, which has a row only if the attempt may write."""

    def __init__(self, claim: Claim, step: int) -> None:
        self._claim = claim
        self.arguments: list[object] = [claim.session_id, claim.turn_id, claim.attempt, step]
        self._turn = ["step = turns.step + 1"]
        self._events: list[dict[str, object]] = []
        self._rows: dict[str, list[dict[str, object]]] = {}
        self._blobs: list[tuple[str, bytes]] = []
        self._updates: list[str] = []
        self._ends_tool = False

    def _bind(self, value: object, type_: str) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}::{type_}"

    def _bind_json(self, value: object) -> str:
        # Bound as text: drivers differ in how they bind jsonb.
        return self._bind(None if value is None else json.dumps(sanitize_json(value), default=str), "text") + "::jsonb"

    def _insert(self, table: str, rows: Iterable[dict[str, object]]) -> None:
        self._rows.setdefault(table, []).extend(rows)

    def add(self, write: TurnWrite) -> None:
        claim = self._claim
        owned = {"session_id": claim.session_id, "turn_id": claim.turn_id}
        if write.calls:
            self._insert("model_calls", [call_row(claim, call_id, call) for call_id, call in write.calls.items()])
        if write.transcript is not None:
            text, language = write.transcript
            self._updates.append(
                f"transcribed as (update messages set text = {self._bind(sanitize_text(text), 'text')},"
                f" language = {self._bind(language, 'text')}"
                " from held where messages.turn_id = held.id and messages.role = 'USER')"
            )
        if write.user_language is not None:
            self._updates.append(
                f"understood as (update messages set language = {self._bind(write.user_language, 'text')}"
                " from held where messages.turn_id = held.id and messages.role = 'USER' and messages.language is null)"
            )
        if write.reply is not None:
            reply = {
                "id": write.reply.id,
                "text": sanitize_text(write.reply.text),
                "language": write.reply.language,
                "citations": list(write.reply.citations) or None,
            }
            self._insert(
                "messages", [{**owned, **reply, "role": Role.ASSISTANT, "type": MessageType.TEXT, "complete": True}]
            )
        if write.audio is not None:
            self._insert("audio", [audio_row(write.audio, claim.session_id, claim.turn_id)])
            if write.audio.blob is not None:
                self._blobs.append((write.audio.key, write.audio.blob))
        if write.reply_audio is not None:
            self._updates.append(
                f"spoken as (update messages set type = 'AUDIO', audio_id = {self._bind(write.reply_audio, 'uuid')}"
                " from held where messages.turn_id = held.id and messages.role = 'ASSISTANT')"
            )
        if write.tool_call is not None:
            self._insert("tool_calls", [write.tool_call.row()])
        if write.tool_end is not None:
            self._end_tool(write.tool_end)
        if write.end is not None:
            self._end_turn(write.end)
        self._events.extend(
            {
                "place": len(self._events) + offset,
                "type": event.type,
                "data": event.data,
                "role": event.message,
                "tool_ended": event.if_tool_ended,
            }
            for offset, event in enumerate(write.events)
        )

    def _end_tool(self, end: ToolCallEnd) -> None:
        self._ends_tool = True
        status = ToolCallStatus.ACCEPTED if end.error is None else ToolCallStatus.FAILED
        error = None if end.error is None else sanitize_text(end.error)
        self._updates.append(
            f"ended as (update tool_calls set status = {self._bind(status.value, 'text')},"
            f" result = {self._bind_json(end.result)}, error = {self._bind(error, 'text')},"
            " finished_at = clock_timestamp(),"
            " duration_ms = greatest(0, extract(epoch from clock_timestamp() - tool_calls.created_at) * 1000)"
            f" from held where tool_calls.id = {self._bind(end.id, 'uuid')} and tool_calls.session_id = $1"
            " and tool_calls.status = 'PENDING' returning tool_calls.id)"
        )

    def _end_turn(self, end: TurnEnd) -> None:
        failure = end.failure
        status = TurnStatus.COMPLETED if failure is None else TurnStatus.FAILED
        self._turn += [
            f"status = {self._bind(status.value, 'text')}",
            "finished_at = clock_timestamp()",
            f"timing = {self._bind_json(end.timing)}",
        ]
        if failure is not None:
            self._turn += [
                f"error_code = {self._bind(failure.code, 'text')}",
                f"error_message = {self._bind(sanitize_text(failure.message), 'text')}",
                f"error_stage = {self._bind(failure.stage and failure.stage.value, 'text')}",
            ]

    @property
    def text(self) -> str:
        """The complete statement. Binds arguments, so it is read once, after the last ``add``."""
        # ``sized`` is joined rather than a subquery: when another transaction has just changed the row, PostgreSQL
        # checks it again (EvalPlanQual), keeps the joined rows and would run a subquery again.
        appended = (
            "appended as materialized (select row_number() over (order by place) as nth, type, data, role"
            f" from jsonb_to_recordset({self._bind_json(self._events)})"
            " as given (place int, type text, data jsonb, role text, tool_ended boolean)"
            f" where not tool_ended{' or exists (select from ended)' if self._ends_tool else ''})"
        )
        parts = [
            "owner as materialized (select id from sessions where id = $1::uuid for update)",
            f"held as (update turns set {', '.join(self._turn)} from owner where turns.session_id = owner.id"
            " and turns.session_id = $1 and turns.id = $2::uuid and turns.attempt = $3::int"
            " and turns.status = 'RUNNING' and turns.step = $4::int returning turns.id)",
            *self._updates,
            *(self._inserted(table, rows) for table, rows in self._rows.items()),
            *([self._blobs_inserted()] if self._blobs else []),
            appended,
            "sized as materialized (select held.id, (select count(*)::int from appended) as size from held)",
            "numbered as (update sessions set last_seq = sessions.last_seq + sized.size from sized"
            " where sessions.id = $1 returning sessions.last_seq, sized.size)",
            "logged as (insert into events (session_id, seq, turn_id, type, data)"
            " select $1, numbered.last_seq - numbered.size + appended.nth, $2, appended.type,"
            " case when appended.role is null then appended.data else appended.data || jsonb_build_object('message_id',"
            " (select messages.id from messages where messages.turn_id = $2 and messages.role = appended.role)) end"
            " from numbered cross join appended order by appended.nth)",
        ]
        return f"with {', '.join(parts)} select last_seq from numbered"

    def _inserted(self, table: str, rows: list[dict[str, object]]) -> str:
        """The CTE that inserts rows of a table, all with the same columns."""
        names = list(rows[0])
        return (
            f"new_{table} as (insert into {table} ({', '.join(names)})"
            f" select {', '.join(f'new.{name}' for name in names)}"
            f" from held cross join jsonb_populate_recordset(null::{table}, {self._bind_json(rows)}) as new)"
        )

    def _blobs_inserted(self) -> str:
        keys, blobs = [key for key, _ in self._blobs], [blob for _, blob in self._blobs]
        return (
            "new_blobs as (insert into audio_blobs (key, data) select new.key, new.data from held cross join"
            f" unnest({self._bind(keys, 'text[]')}, {self._bind(blobs, 'bytea[]')}) as new (key, data))"
        )
