"""Throughput of reads of whole conversations over HTTP: VoxLoom, PostGraphile and graphql-yoga in one run.

In each round every server gets the same load on the same Postgres, one after the other; each round begins with another
server. Ratios are of one round, so that what the machine does meanwhile hits both sides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from statistics import median
from uuid import UUID

from tests.bench.agreement import answers_agree
from tests.bench.cpu import tree_cpu_seconds
from tests.bench.load import Answered, Load, run
from tests.bench.report import out, publish, spread, table, versions
from tests.bench.rig import POOL, POSTGRAPHILE, VOXLOOM, YOGA, YOGA_CACHED, Rig, Server, rig
from tests.bench.selections import SELECTIONS, body

KINDS = (VOXLOOM, POSTGRAPHILE, YOGA, YOGA_CACHED)
_BASE = POSTGRAPHILE.name


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. ``fresh``: sessions of a round of first reads. ``warm``: those that are read before."""

    rounds: int
    fresh: int
    unchanged: int
    seconds: float
    warm: int
    connections: int = 16


FULL = Plan(rounds=5, fresh=800, unchanged=100, seconds=3, warm=1500)
QUICK = Plan(rounds=2, fresh=100, unchanged=50, seconds=1, warm=300)


@dataclass(frozen=True, slots=True)
class Measured:
    """One server under one load, in one round. Milliseconds of CPU are those of one request."""

    server: str
    requests: int
    requests_a_second: float
    p50_ms: float
    p99_ms: float
    server_ms: float
    postgres_ms: float
    client_ms: float

    @property
    def cpu_ms(self) -> float:
        return self.server_ms + self.postgres_ms


@dataclass(slots=True)
class Case:
    """One way of reading, with one list of measurements (a server each) a round."""

    name: str
    selection: str
    rounds: list[list[Measured]] = field(default_factory=list)

    def of(self, server: str) -> list[Measured]:
        return [each for measured in self.rounds for each in measured if each.server == server]

    def ratios(self, server: str, base: str, what: str) -> list[float]:
        """The figure of ``server`` for one of ``base``, round by round."""
        pairs = zip(self.of(server), self.of(base), strict=True)
        return [getattr(mine, what) / max(getattr(theirs, what), 1e-9) for mine, theirs in pairs]


class Bench:
    """The servers, and the generator that loads them one at a time."""

    def __init__(self, made: Rig, servers: Sequence[Server], generator: ProcessPoolExecutor, connections: int) -> None:
        self._rig = made
        self._servers = servers
        self._generator = generator
        self._connections = connections

    async def measure(
        self, server: Server, selection: str, sessions: Sequence[UUID], seconds: float | None
    ) -> Measured:
        query = SELECTIONS[selection][server.kind.dialect]
        load = Load(server.port, [body(query, each) for each in sessions], server.key, self._connections, seconds)
        before = tree_cpu_seconds(server.pid), tree_cpu_seconds(self._rig.postgres_pid)
        loop = asyncio.get_running_loop()
        answered: Answered = await loop.run_in_executor(self._generator, run, load)
        after = tree_cpu_seconds(server.pid), tree_cpu_seconds(self._rig.postgres_pid)
        server.alive()
        each_ms = 1000 / answered.requests
        return Measured(
            server=server.name,
            requests=answered.requests,
            requests_a_second=answered.requests / answered.seconds,
            p50_ms=answered.p50_ms,
            p99_ms=answered.p99_ms,
            server_ms=(after[0] - before[0]) * each_ms,
            postgres_ms=(after[1] - before[1]) * each_ms,
            client_ms=answered.client_cpu_seconds * each_ms,
        )

    async def round(self, case: Case, sessions: Sequence[UUID], seconds: float | None = None) -> None:
        """Every server once, beginning with another one than the round before."""
        begin = len(case.rounds) % len(self._servers)
        order = [*self._servers[begin:], *self._servers[:begin]]
        case.rounds.append([await self.measure(each, case.selection, sessions, seconds) for each in order])

    async def agree(self, selection: str, session: UUID) -> tuple[int, int]:
        return await answers_agree(self._servers, SELECTIONS[selection], session)

    async def warm_up(self, sessions: Sequence[UUID]) -> None:
        """Each selection of each session, so that the servers' code is compiled, and their pools are open."""
        for server in self._servers:
            for selection in SELECTIONS:
                await self.measure(server, selection, sessions, None)


async def measure_reads(plan: Plan, *, keep: bool) -> None:
    """The whole of it; writes the table."""
    count = plan.rounds * plan.fresh
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(rig())
        generator = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        out.log(f"reads: making {2 * count + plan.warm} conversations")
        warm = await made.dataset.add_sessions(plan.warm)
        sets = {selection: await made.dataset.add_sessions(count) for selection in SELECTIONS}
        await made.dataset.settle()
        servers = [await stack.enter_async_context(made.serving(kind)) for kind in KINDS]
        bench = Bench(made, servers, generator, plan.connections)
        sizes = {name: await bench.agree(name, warm[0]) for name in SELECTIONS}
        out.log("reads: warming up")
        await bench.warm_up(warm)
        cases: list[Case] = []
        for selection, sessions in sets.items():
            cases.append(await _first_ever(bench, plan, selection, sessions))
        for selection, sessions in sets.items():
            cases.append(await _first_of_version(bench, made, plan, selection, sessions))
        cases.append(await _unchanged(bench, plan, sets["common"][: plan.unchanged]))
    publish("reads", _text(cases, sizes, plan), cases, keep=keep)


async def _first_ever(bench: Bench, plan: Plan, selection: str, sessions: Sequence[UUID]) -> Case:
    case = Case("first read ever", selection)
    for number in range(plan.rounds):
        out.log(f"reads: {case.name}, {selection} selection, round {number + 1}")
        await bench.round(case, sessions[number * plan.fresh : (number + 1) * plan.fresh])
    return case


async def _first_of_version(bench: Bench, made: Rig, plan: Plan, selection: str, sessions: Sequence[UUID]) -> Case:
    case = Case("first read of each version", selection)
    for number in range(plan.rounds):
        out.log(f"reads: {case.name}, {selection} selection, round {number + 1}")
        grown = sessions[number * plan.fresh : (number + 1) * plan.fresh]
        await made.dataset.add_turns(grown)
        await made.dataset.calm()
        await bench.round(case, grown)
        await bench.agree(selection, grown[-1])  # nobody answered with the version before
    return case


async def _unchanged(bench: Bench, plan: Plan, sessions: Sequence[UUID]) -> Case:
    case = Case("unchanged", "common")
    warmed = Case("before it counts", "common")
    await bench.round(warmed, sessions)
    for number in range(plan.rounds):
        out.log(f"reads: {case.name}, round {number + 1}")
        await bench.round(case, sessions, plan.seconds)
    return case


def _text(cases: Sequence[Case], sizes: Mapping[str, tuple[int, int]], plan: Plan) -> str:
    rows = [_row(case, kind.name) for case in cases for kind in KINDS]
    said = "; ".join(f"{name} selection: {count} fields, {size / 1000:.0f} kB" for name, (count, size) in sizes.items())
    targets = "; ".join(
        f"{case.name}, {case.selection}: {spread(case.ratios(VOXLOOM.name, YOGA_CACHED.name, 'requests_a_second'))}"
        for case in cases
    )
    head = ("read", "server", "requests/s", "p50 / p99 ms", "CPU ms a request: server + Postgres",
            f"requests/s, × {_BASE}", f"CPU, × {_BASE}", f"p99, × {_BASE}")  # fmt: skip
    return (
        f"`python -m tests.bench reads`: {plan.rounds} rounds, {plan.connections} connections, one process and "
        f"{POOL} connections to the same Postgres each ({said}). Medians, with [smallest–largest]. "
        f"{versions('postgraphile', 'graphql-yoga', 'node')}; PostGraphile with the amber preset, asked for flat lists "
        "by a condition on the session, as its defaults offer them; graphql-yoga with pg and dataloader, its response "
        "cache told by NOTIFY what to forget.\n\n"
        f"{table(head, rows)}\n\n"
        f"VoxLoom's requests/s for one of graphql-yoga with its response cache: {targets}."
    )


def _row(case: Case, server: str) -> list[str]:
    measured = case.of(server)

    def middle(what: str) -> float:
        return float(median(getattr(each, what) for each in measured))

    return [
        f"{case.name}, {case.selection}",
        server,
        f"{middle('requests_a_second'):,.0f}",
        f"{middle('p50_ms'):.1f} / {middle('p99_ms'):.1f}",
        f"{middle('server_ms'):.2f} + {middle('postgres_ms'):.2f}",
        *(spread(case.ratios(server, _BASE, what)) for what in ("requests_a_second", "cpu_ms", "p99_ms")),
    ]
