"""Subscriptions: latency from an event's commit to its subscribers, VoxLoom and graphql-yoga with graphql-ws.

Both follow one LISTEN connection and read what is new from the table. A delivery that is missing, doubled or out of
order ends the run: what was not delivered must not count as fast.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from tests.bench.cpu import client_sockets, resident_bytes, tree_cpu_seconds
from tests.bench.fanout_report import publish_fanout
from tests.bench.listeners import Deliveries, Listeners, Opening
from tests.bench.load import percentile
from tests.bench.publisher import Publisher
from tests.bench.report import out
from tests.bench.rig import FANOUT_YOGA, VOXLOOM, Rig, Server, rig

_KINDS = (VOXLOOM, FANOUT_YOGA)
_DELIVERY_SECONDS = 60
_LEAVE_SECONDS = 15

#: What a server is warmed up with, before its memory is looked at.
_WARM_LISTENERS, _WARM_EVENTS = 50, 40


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who listens to what. ``passes``: events for each session, so many commits a second. ``burst``: then, at once."""

    name: str
    listeners: int
    sessions: int
    passes: int
    a_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Held:
    """What a crowd cost a server. ``left_sockets``: how many more client sockets it has than before they came."""

    crowd: str
    server: str
    listeners: int
    deliveries: int
    cpu_us: float
    p50_ms: float
    p99_ms: float
    burst_a_second: float | None
    listener_kib: float
    open_ms: float
    left_sockets: int
    left_kib: float


@dataclass(frozen=True, slots=True)
class FanoutPlan:
    rounds: int
    crowds: Sequence[Crowd]
    once: Sequence[Crowd] = field(default_factory=tuple)


FULL = FanoutPlan(
    rounds=3,
    crowds=(
        Crowd("1 listener", 1, 1, 100, 50, 200),
        Crowd("100 listeners of one session", 100, 1, 60, 20, 100),
        Crowd("1,000 listeners of one session", 1000, 1, 20, 4, 20),
        Crowd("1,000 listeners of a session each", 1000, 1000, 2, 250, 2),
    ),
    once=(Crowd("5,000 held, a session each", 5000, 5000, 1, 400, 0),),
)
QUICK = FanoutPlan(
    rounds=1,
    crowds=(
        Crowd("100 listeners of one session", 100, 1, 20, 10, 20),
        Crowd("300 listeners of a session each", 300, 300, 2, 200, 2),
    ),
)


async def measure_fanout(plan: FanoutPlan, *, keep: bool) -> None:
    """The whole of it; writes the table."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for those that are started from here too
    held: list[Held] = []
    async with rig() as made:
        needed = max(crowd.sessions for crowd in (*plan.crowds, *plan.once))
        sessions = await made.dataset.add_sessions(needed, turns=1)
        await made.dataset.settle()
        for number in range(plan.rounds):
            kinds = _KINDS if number % 2 == 0 else tuple(reversed(_KINDS))
            for kind in kinds:
                for crowd in plan.crowds if number else (*plan.crowds, *plan.once):
                    out.log(f"fanout: {crowd.name}, {kind.name}, round {number + 1}")
                    async with made.serving(kind) as server:
                        held.append(await _hold(made, server, crowd, sessions[: crowd.sessions]))
    publish_fanout(held, [each.name for each in (*plan.crowds, *plan.once)], plan.rounds, keep=keep)


async def _hold(made: Rig, server: Server, crowd: Crowd, sessions: Sequence[UUID]) -> Held:
    """One crowd from its coming to its going, on a server that has just been started."""
    topics = [sessions[number % len(sessions)] for number in range(crowd.listeners)]
    with Listeners() as listeners:
        await _warm_up(made, server, listeners, sessions[0])
        resident, sockets = resident_bytes(server.pid), client_sockets(server.pid, server.port)
        seconds = await _open(made, server, listeners, topics)
        await _expect(listeners, [1] * len(topics))  # the event that said that they listen
        await asyncio.sleep(1)
        grown = resident_bytes(server.pid) - resident
        publisher = Publisher(made.database)
        cpu = tree_cpu_seconds(server.pid)
        await publisher.one_by_one(list(sessions) * crowd.passes, crowd.a_second)
        heard = await _expect(listeners, [crowd.passes] * len(topics))
        cpu = tree_cpu_seconds(server.pid) - cpu
        waits = [
            (at - publisher.committed[topics[listener], seq]) * 1000
            for listener, seq, at in zip(heard.listeners, heard.seqs, heard.times, strict=True)
        ]
        rate = await _burst(publisher, listeners, crowd, topics, sessions) if crowd.burst else None
        await listeners.close()
        left_sockets = await _left(server, sockets)
        server.alive()
        return Held(
            crowd=crowd.name,
            server=server.name,
            listeners=crowd.listeners,
            deliveries=len(waits),
            cpu_us=cpu / len(waits) * 1e6,
            p50_ms=percentile(waits, 50),
            p99_ms=percentile(waits, 99),
            burst_a_second=rate,
            listener_kib=grown / crowd.listeners / 1024,
            open_ms=seconds / crowd.listeners * 1000,
            left_sockets=left_sockets,
            left_kib=(resident_bytes(server.pid) - resident) / 1024,
        )


async def _open(made: Rig, server: Server, listeners: Listeners, topics: Sequence[UUID]) -> float:
    seqs = await made.dataset.last_seqs(topics)
    behind = [(topic, seq - 1) for topic, seq in zip(topics, seqs, strict=True)]
    return await listeners.open(Opening(server.port, server.key, behind))


async def _warm_up(made: Rig, server: Server, listeners: Listeners, session: UUID) -> None:
    await _open(made, server, listeners, [session] * _WARM_LISTENERS)
    await Publisher(made.database).one_by_one([session] * _WARM_EVENTS, 40)
    await _expect(listeners, [1 + _WARM_EVENTS] * _WARM_LISTENERS)
    await listeners.close()
    await asyncio.sleep(0.5)


async def _burst(
    publisher: Publisher, listeners: Listeners, crowd: Crowd, topics: Sequence[UUID], sessions: Sequence[UUID]
) -> float:
    """Deliveries a second when more is there than can be delivered at once."""
    begin = await publisher.at_once(sessions, crowd.burst)
    heard = await _expect(listeners, [crowd.burst] * len(topics))
    return len(heard.times) / (max(heard.times) - begin)


async def _expect(listeners: Listeners, counts: Sequence[int]) -> Deliveries:
    """Waits until each listener has had its count. Raises if one had less, or more, or not in order without a gap."""
    heard = await listeners.hear(sum(counts), _DELIVERY_SECONDS)
    if heard.lost:
        raise RuntimeError(f"{len(heard.lost)} listeners were lost: {heard.lost[0]}")
    numbers: list[list[int]] = [[] for _ in counts]
    for listener, seq in zip(heard.listeners, heard.seqs, strict=True):
        numbers[listener].append(seq)
    for count, seqs in zip(counts, numbers, strict=True):
        if len(seqs) != count or any(after != before + 1 for before, after in pairwise(seqs)):
            raise RuntimeError(f"{count} events were to come, and these came: {seqs[:50]}")
    return heard


async def _left(server: Server, sockets: int) -> int:
    """How many of its sockets the server still has, when it has had time to let go."""
    for _ in range(_LEAVE_SECONDS * 10):
        if client_sockets(server.pid, server.port) <= sockets:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)  # for its memory
    return max(0, client_sockets(server.pid, server.port) - sockets)
