"""Checks the database and the received events against the sent messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rich.table import Table

from tests.chaos.faults import Fault
from tests.chaos.listeners import Listener
from tests.chaos.load import PASSING, Load, Sent
from tests.chaos.processes import SystemUnderTest
from tests.chaos.record import EventRow, Record, TurnRow
from tests.chaos.rows import Row, row_of

#: Event types that a turn may have at most once over all attempts.
_ONCE = ("TranscriptReady", "ReplyReady", "AudioReady", "TurnCompleted", "TurnFailed")

_ENDED = ("COMPLETED", "FAILED", "CANCELLED")


def judge(record: Record, load: Load, listeners: Sequence[Listener], system: SystemUnderTest) -> list[Row]:
    """All lines of the result."""
    turns = list(record.turns.values())
    messages = [turn for turn in turns if not turn.in_call]
    known = [(sent, record.turns[sent.turn_id]) for sent in load.sent if sent.turn_id in record.turns]
    completed = [(sent, turn) for sent, turn in known if turn.status == "COMPLETED"]
    statuses = Counter(turn.status for turn in messages)
    kept = {sent.turn_id for sent in load.sent if sent.retried}
    odd = sum(count for code, count in load.answers.items() if code not in ("ok", "no answer", *PASSING))
    return [
        Row("sent", len(load.sent), zero=False),
        Row("completed", statuses["COMPLETED"], zero=False),
        Row("cancelled", statuses["CANCELLED"], zero=False),
        Row(
            "attempts that were cut short", sum(max(0, _interrupted(record.events_of(t))) for t in messages), zero=False
        ),
        row_of("failed", (turn.id for turn in turns if turn.status == "FAILED")),
        row_of("lost: sent, answered, and no end", _lost(load.sent, record)),
        row_of("cancelled, and nobody asked", _not_asked(known)),
        row_of("doubled turns", _doubled_turns(messages)),
        row_of("doubled replies, results or ends", (turn.id for turn in messages if _doubled(turn, record))),
        row_of("a key that gave another turn", ["?"] * load.changed),
        row_of("wrong or half replies", (t.id for s, t in completed if record.replies.get(t.id) != [s.reply])),
        row_of("deltas that are not the reply", (t.id for s, t in completed if _said(record.events_of(t)) != s.reply)),
        row_of("out of order", _unordered(record, kept)),
        row_of("two turns of a session at once", _overlapping(record)),
        row_of("CRM records filed twice", (turn.id for turn in turns if record.filed.get(turn.id, 0) > 1)),
        row_of("CRM records missing", (t.id for s, t in completed if s.uses_tool and record.filed.get(t.id, 0) != 1)),
        row_of("tool calls without an end", (t.id for t in _done(turns) if "PENDING" in record.calls.get(t.id, []))),
        row_of("events missed by a listener", _missed(record, listeners)),
        row_of("events repeated to a listener", _repeated(listeners)),
        row_of("events a listener got out of order", _disorder(listeners)),
        row_of("gaps in the numbers of events", _gaps(record)),
        row_of("jobs left in the queue", ["?"] * record.jobs),
        row_of("turns left running", (turn.id for turn in turns if turn.status in ("RUNNING", "QUEUED"))),
        row_of("errors without a proper code", ["?"] * odd),
        row_of("sockets closed for good", ["1011"] * sum(each.ends["closed 1011"] for each in listeners)),
        row_of("processes that ended by themselves", system.unexpected_exits),
        Row("starts that found no database", system.starts_without_database, zero=False),
    ]


def _done(turns: Sequence[TurnRow]) -> list[TurnRow]:
    """Turns whose calls must have ended; not cancelled ones, whose calls may be reopened by a retry."""
    return [turn for turn in turns if turn.status in ("COMPLETED", "FAILED")]


def _lost(sent: Sequence[Sent], record: Record) -> list[str]:
    found = ((each, record.turns.get(each.turn_id or "")) for each in sent)
    return [each.turn_id or each.key for each, turn in found if turn is None or turn.status not in _ENDED]


def _not_asked(known: Sequence[tuple[Sent, TurnRow]]) -> list[str]:
    return [turn.id for sent, turn in known if turn.status == "CANCELLED" and not sent.cancelled]


def _doubled_turns(turns: Sequence[TurnRow]) -> list[str]:
    keys = Counter((turn.session_id, turn.key) for turn in turns)
    return [str(key) for (_, key), count in keys.items() if count > 1]


def _doubled(turn: TurnRow, record: Record) -> bool:
    kinds = Counter(event.type for event in record.events_of(turn))
    return (
        any(kinds[kind] > 1 for kind in _ONCE)
        # A call that a cancelled turn ended as unknown ends once more when the turn is retried.
        or kinds["ToolCallFinished"] > kinds["TurnQueued"]
        or kinds["TurnCompleted"] != (turn.status == "COMPLETED")
        or len(record.replies.get(turn.id, [])) > 1
        or len(record.calls.get(turn.id, [])) > 1
        # A call that ends as its turn is cancelled stays on record beside that of the retry.
        or record.heard.get(turn.id, 0) > kinds["TurnQueued"]
    )


def _said(events: Sequence[EventRow]) -> str:
    """The reply as a client assembles it: each StageStarted of the LLM stage restarts it."""
    said = ""
    for event in events:
        if event.type == "StageStarted" and event.data["stage"] == "LLM":
            said = ""
        elif event.type == "ReplyDelta":
            said += event.data["text"]
    return said


def _unordered(record: Record, retried: set[str | None]) -> list[str]:
    """Turns that completed before an earlier turn of their session, except retried ones."""
    wrong: list[str] = []
    for events in record.events.values():
        ends = [event.turn_id for event in events if event.type == "TurnCompleted" and event.turn_id not in retried]
        numbers = [(record.turns[each].number, each) for each in ends if each is not None]
        wrong.extend(later[1] for earlier, later in pairwise(numbers) if later[0] < earlier[0])
    return wrong


def _overlapping(record: Record) -> list[str]:
    wrong: list[str] = []
    for events in record.events.values():
        running: str | None = None
        for event in events:
            if event.type == "TurnStarted":
                if running not in (None, event.turn_id):
                    wrong.append(str(event.turn_id))
                running = event.turn_id
            elif event.type in ("TurnCompleted", "TurnFailed", "TurnCancelled") and event.turn_id == running:
                running = None
    return wrong


def _missed(record: Record, listeners: Sequence[Listener]) -> list[str]:
    wrong: list[str] = []
    for listener in listeners:
        stored = {(event.seq, event.type, event.turn_id) for event in record.events[listener.session_id]}
        wrong.extend(f"{listener.session_id}#{seq}" for seq, _, _ in stored ^ set(listener.seen))
    return wrong


def _repeated(listeners: Sequence[Listener]) -> list[str]:
    counted = ((each.session_id, Counter(seq for seq, _, _ in each.seen)) for each in listeners)
    return [f"{session}#{seq}" for session, seqs in counted for seq, count in seqs.items() if count > 1]


def _disorder(listeners: Sequence[Listener]) -> list[str]:
    return [
        f"{listener.session_id}#{after[0]}"
        for listener in listeners
        for before, after in pairwise(listener.seen)
        if after[0] < before[0]
    ]


def _gaps(record: Record) -> list[str]:
    wrong: list[str] = []
    for session_id, last in record.last_seqs.items():
        seqs = [event.seq for event in record.events.get(session_id, [])]
        wrong.extend([session_id] if seqs != list(range(1, last + 1)) else [])
    return wrong


def _cut_short(record: Record, turns: Sequence[TurnRow]) -> int:
    return sum(max(0, _interrupted(record.events_of(turn))) for turn in turns)


def _interrupted(events: Sequence[EventRow]) -> int:
    kinds = Counter(event.type for event in events)
    return kinds["TurnStarted"] - kinds["TurnCompleted"] - kinds["TurnFailed"] - kinds["TurnCancelled"]


def recoveries(record: Record, faults: Sequence[Fault], kind: str) -> list[float]:
    """Seconds from each fault of that kind until a turn it cut short was started again."""
    found: list[float] = []
    moments = [fault.at for fault in faults if fault.kind == kind]
    for turn in record.turns.values():
        for before, after in pairwise(record.events_of(turn)):
            if after.type == "TurnStarted" and before.type not in ("TurnQueued", "TurnCancelled", "TurnFailed"):
                hits = [moment for moment in moments if before.at <= moment <= after.at]
                found.extend([(after.at - hits[0]).total_seconds()] if hits else [])
    return found


def table_of(rows: Sequence[Row], record: Record, faults: Sequence[Fault]) -> Table:
    table = Table("", "number", "such as", title="result")
    for row in rows:
        style = "bold red" if row.zero and row.number else ""
        table.add_row(row.name, str(row.number), " ".join(row.which), style=style)
    for kind in (
        "kill worker",
        "stop worker",
        "drain worker",
        *sorted({each.kind for each in faults if "voice" in each.kind}),
    ):
        times = recoveries(record, faults, kind)
        if times:
            p50, p95 = np.percentile(times, [50, 95])
            figures = f"p50 {p50:.1f} s, p95 {p95:.1f} s, max {max(times):.1f} s"
            table.add_row(f"turn restarted after: {kind}", str(len(times)), figures)
    return table
