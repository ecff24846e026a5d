"""Cost of a conversation read against its length: it should grow linearly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median
from uuid import UUID

from tests.bench.reads import Bench, Case
from tests.bench.report import out, publish, table
from tests.bench.rig import VOXLOOM, rig

#: Few, as nothing is gained from waiting in line: milliseconds are what one reader sees.
_CONNECTIONS = 2

_WARM_SESSIONS = 300
_FIRST, _UNCHANGED = "first read of each version", "unchanged"


@dataclass(frozen=True, slots=True)
class SizePlan:
    """How much is measured. ``sessions``: how many there are of each number of messages."""

    rounds: int
    seconds: float
    sessions: Mapping[int, int]


FULL = SizePlan(rounds=5, seconds=2, sessions={20: 400, 200: 120, 2_000: 24})
QUICK = SizePlan(rounds=2, seconds=1, sessions={20: 60, 200: 12, 2_000: 4})


async def measure_size(plan: SizePlan, *, keep: bool) -> None:
    """The whole of it; writes the table."""
    cases: list[tuple[int, Case]] = []
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(rig())
        generator = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        warm = await made.dataset.add_sessions(_WARM_SESSIONS)
        # A version is one turn more, so the last round reads as many messages as the name says.
        sets: dict[int, list[UUID]] = {
            messages: await made.dataset.add_sessions(count, messages // 2 - plan.rounds)
            for messages, count in plan.sessions.items()
        }
        await made.dataset.settle()
        server = await stack.enter_async_context(made.serving(VOXLOOM))
        bench = Bench(made, [server], generator, _CONNECTIONS)
        await bench.measure(server, "common", warm, None)
        for messages, sessions in sets.items():
            first, unchanged = Case(_FIRST, "common"), Case(_UNCHANGED, "common")
            for number in range(plan.rounds):
                out.log(f"size: {messages} messages, round {number + 1}")
                await made.dataset.add_turns(sessions)
                await made.dataset.calm()
                await bench.round(first, sessions)
            for _ in range(plan.rounds):
                await bench.round(unchanged, sessions, plan.seconds)
            cases += [(messages, first), (messages, unchanged)]
    publish("size", _text(cases, plan), cases, keep=keep)


def _text(cases: Sequence[tuple[int, Case]], plan: SizePlan) -> str:
    rows = [_row(messages, case) for name in (_FIRST, _UNCHANGED) for messages, case in cases if case.name == name]
    head = ("read", "messages", "p50 / p99 ms", "CPU ms: server + Postgres", "CPU µs a message", "p50 µs a message")
    return (
        f"`python -m tests.bench size`: VoxLoom, the common selection, {_CONNECTIONS} connections, medians of "
        f"{plan.rounds} rounds.\n\n{table(head, rows)}"
    )


def _row(messages: int, case: Case) -> list[str]:
    measured = case.of(VOXLOOM.name)

    def middle(what: str) -> float:
        return float(median(getattr(each, what) for each in measured))

    return [
        case.name,
        f"{messages:,}",
        f"{middle('p50_ms'):.2f} / {middle('p99_ms'):.2f}",
        f"{middle('server_ms'):.2f} + {middle('postgres_ms'):.2f}",
        f"{middle('cpu_ms') / messages * 1000:.1f}",
        f"{middle('p50_ms') / messages * 1000:.1f}",
    ]
