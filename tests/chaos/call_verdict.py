"""Checks the calls in the database against what their callers said, were told and played."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from rich.table import Table

from db.enums import CallEndReason
from tests.chaos.call_record import CallTurn
from tests.chaos.callers import Caller
from tests.chaos.engines import numbers_of, reply_to, uses_tool
from tests.chaos.heard_replies import Heard, Numbers, before_commit, by_numbers, heard_by
from tests.chaos.line import Item
from tests.chaos.record import Record
from tests.chaos.rows import Row, row_of

#: What the clock of the server may be ahead of a client's playback. After a truncate it may not, but for the delay of
#: resampling: the last milliseconds before a lost connection.
_CLOCK_MS = 300.0
_RESAMPLING_MS = 10.0
_ROUNDING_MS = 2.0

#: How much more than a segment of sound may be lost when a process is killed: what is on its way.
MOST_LOST_MS = 1_500.0


def call_rows(record: Record, callers: Sequence[Caller]) -> list[Row]:
    """All lines of the result about calls."""
    turns = record.calls_made.turns
    heard = [each for caller in callers for each in heard_by(caller)]
    statuses = Counter(turn.status for turn in turns)
    lost = [ms for caller in callers for ms in caller.lost_ms]
    spoken = sum(call.spoken for caller in callers for call in caller.calls)
    most_lost = round(max(lost, default=0))
    return [
        Row("calls", len(record.calls_made.calls), zero=False),
        Row("calls: utterances", spoken, zero=False),
        Row("calls: turns completed", statuses["COMPLETED"], zero=False),
        Row("calls: turns cancelled by an interruption", statuses["CANCELLED"], zero=False),
        Row("calls: turns reopened", sum(turn.reopened > 0 for turn in turns), zero=False),
        Row("calls: connections lost", sum(call.drops for call in record.calls_made.calls), zero=False),
        Row("calls: cut mid-utterance by a kill", len(lost), zero=False, which=(f"at most {most_lost} ms lost",)),
        row_of("calls: more sound lost than a segment", [f"{ms:.0f} ms" for ms in lost if ms > MOST_LOST_MS]),
        row_of("calls: accepted turns lost", _lost(turns, callers)),
        row_of("calls: utterances with two turns", _two_turns(turns)),
        row_of("calls: more turns than utterances", _too_many(turns, callers)),
        row_of("calls: turns answered twice", _answered_twice(record, turns, heard)),
        row_of("calls: replies that are not the turn's", _wrong_replies(turns)),
        row_of("calls: CRM records missing", _not_filed(record, turns)),
        row_of("calls: cancelled, and not interrupted", _not_interrupted(turns)),
        row_of("calls: reply sound before its commit", before_commit(turns, heard)),
        row_of("calls: more heard than played", _more_heard(turns, heard, by_clock=False)),
        row_of(AHEAD_BY_CLOCK, _more_heard(turns, heard, by_clock=True)),
        row_of("calls that stay open", (each.id for each in record.calls_made.calls if each.status != "ENDED")),
        row_of("calls that ended, and nobody ended them", _closed(callers)),
        row_of("calls that failed", (each.id for each in record.calls_made.calls if each.end_reason == "FAILED")),
    ]


def call_log(record: Record, callers: Sequence[Caller]) -> str:
    """All turns of calls, and all that was heard of their replies, to look into a defect."""
    turns = sorted(record.calls_made.turns, key=lambda turn: (turn.session_id, turn.number))
    lines = [f"{each.session_id} {each.number} {each}" for each in turns]
    for caller in callers:
        for call in caller.calls:
            for number, line in enumerate(call.lines):
                lines += [f"{call.session_id} {call.id} line {number} {each}" for each in line.accepted]
                lines += [f"{call.session_id} {call.id} line {number} {each}" for each in line.items.values()]
                lines += [f"{call.session_id} {call.id} line {number} error {each}" for each in line.errors]
    return "\n".join(lines)


#: A Realtime client acknowledges nothing: what it heard without a truncate is estimated by its clock.
AHEAD_BY_CLOCK = "calls: more heard than played, by the clock"


def _lost(turns: Sequence[CallTurn], callers: Sequence[Caller]) -> list[str]:
    stored = {(turn.session_id, number): turn for turn in turns for number in numbers_of(turn.asked)}
    accepted = {
        (call.session_id, number)
        for caller in callers
        for call in caller.calls
        for line in call.lines
        for each in line.accepted
        for number in numbers_of(each.text)
    }
    ended = ("COMPLETED", "CANCELLED", "FAILED")
    return [
        f"{session}: {number}"
        for session, number in accepted
        if (session, number) not in stored or stored[session, number].status not in ended
    ]


def _closed(callers: Sequence[Caller]) -> list[str]:
    """Connections that were closed since a client had closed the call: callers do so without a connection."""
    closed = CallEndReason.CLOSED.value
    return [end for caller in callers for end in caller.ends.elements() if end.endswith(f"ended: {closed}")]


def _two_turns(turns: Sequence[CallTurn]) -> list[str]:
    counted = Counter((turn.session_id, number) for turn in turns for number in set(numbers_of(turn.asked)))
    return [f"{session}: {number}" for (session, number), count in counted.items() if count > 1]


def _too_many(turns: Sequence[CallTurn], callers: Sequence[Caller]) -> list[str]:
    made = Counter(turn.session_id for turn in turns)
    said = {caller.session_id: sum(call.spoken for call in caller.calls) for caller in callers}
    return [session for session, count in made.items() if count > said[session]]


def _answered_twice(record: Record, turns: Sequence[CallTurn], heard: Sequence[Heard]) -> list[str]:
    stored = [turn.id for turn in turns if len(record.replies.get(turn.id, [])) > 1]
    told = Counter((each.session_id, each.numbers) for each in heard if each.starts and _whole(each.item))
    return stored + [f"{session}: {numbers}" for (session, numbers), count in told.items() if count > 1]


def _whole(item: Item) -> bool:
    """Whether it was played to its end: else the rest, or all, of a paused reply may follow as another item."""
    return item.completed and item.played_ms >= item.ms - _ROUNDING_MS


def _wrong_replies(turns: Sequence[CallTurn]) -> list[str]:
    return [
        f"{turn.id}: {turn.asked} → {turn.reply}"
        for turn in turns
        if turn.status == "COMPLETED" and not (turn.complete and turn.reply == (reply_to(turn.asked)))
    ]


def _not_filed(record: Record, turns: Sequence[CallTurn]) -> list[str]:
    completed = (turn for turn in turns if turn.status == "COMPLETED")
    return [turn.id for turn in completed if uses_tool(turn.asked) and record.filed.get(turn.id, 0) != 1]


def _not_interrupted(turns: Sequence[CallTurn]) -> list[str]:
    return [turn.id for turn in turns if turn.status == "CANCELLED" and "ReplyInterrupted" not in turn.events]


def _more_heard(turns: Sequence[CallTurn], heard: Sequence[Heard], *, by_clock: bool) -> list[str]:
    played: defaultdict[tuple[str, Numbers], float] = defaultdict(float)
    for each in heard:
        played[each.session_id, each.numbers] += each.item.played_ms
    wrong = []
    for key, turn in by_numbers(turns).items():
        if turn.playback is None or (turn.playback["source"] == "CLOCK") != by_clock:
            continue
        spare = _RESAMPLING_MS if turn.playback["source"] == "TRUNCATE" else _CLOCK_MS
        excess = turn.playback["heard_ms"] - played[key]
        if excess > spare:
            wrong.append(f"{turn.id}: {turn.playback['source']} +{excess:.0f} ms")
    return wrong


def add_call_times(table: Table, callers: Sequence[Caller]) -> None:
    """Lines with the seconds from a fault to the caller's next connection."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for caller in callers:
        for kind, seconds in caller.back:
            found[kind.split(" mid-")[0].removesuffix(" after commit")].append(seconds)
    for kind, times in sorted(found.items()):
        p50, p95 = np.percentile(times, [50, 95])
        figures = f"p50 {p50:.1f} s, p95 {p95:.1f} s, max {max(times):.1f} s"
        table.add_row(f"call is back after: {kind}", str(len(times)), figures)
