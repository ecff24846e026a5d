"""Latency of another tenant during an attack, and memory afterwards (``python -m tests.bench.attack [--quick]``).

A server of its own (``voxloom serve`` with a Postgres of its own, on a free port of 127.0.0.1) is attacked by a process
of its own in one way after the other, each for a window of seconds: by strangers, and with recordings by one tenant.
Meanwhile this process does nothing but to ask as another tenant, at a steady pace that does not wait for answers.

The machine is shared by all of them, so three windows are compared: a quiet one; one in which the same attack goes to a
socket that only throws away what it gets (``elsewhere``: what the attack costs on this machine, whoever is attacked);
and the attack on the server. The attacker is bound to the last core, with a lower priority; nothing else is bound.

Exit code 1 if a p99 under attack is more than twice the quiet one, if a request is refused, or if the memory is not
within `_KEPT_MB` of what it was, a minute after the last attack.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from db.commands.keys import create_key
from tests.bench.attacker import Process, attacker, sink
from tests.bench.cpu import resident_bytes, tree_cpu_seconds
from tests.bench.floods import CREATE, FLOODS, Target
from tests.bench.load import percentile
from tests.bench.rig import VOXLOOM, Rig, Server, rig

#: The limits that other benches switch off, at their defaults.
_ENVIRONMENT = {"VOXLOOM_REQUESTS_PER_MINUTE": "6000", "VOXLOOM_MAX_CONNECTIONS_PER_ADDRESS": "1000"}

_KEPT_MB = 60
_BACK_SECONDS = 60
_WARM_SECONDS = 3
_STEP_SECONDS = 0.025

#: The attack is under way when the measuring begins, and between two windows what they left is worked off.
_LEAD_SECONDS = 0.5
_REST_SECONDS = 1.0

_ASK = {"query": "{ sessions(first: 1) { edges { node { id } } } }"}
_CREATE = {"query": CREATE}


@dataclass(frozen=True, slots=True)
class _Window:
    """What was measured. ``took``: milliseconds, from the time a request was due. ``cpu``: the server's, of a core."""

    took: list[float]
    refused: int
    cpu: float
    seconds: float
    sent: Target | None = None

    @property
    def p99(self) -> float:
        return percentile(self.took, 99)


async def _pace(client: httpx.AsyncClient, seconds: float) -> tuple[list[float], int]:
    """Milliseconds that a steady tenant waits, for a read and for a session that is opened in turn; and refusals."""
    took: list[float] = []
    refused = 0

    async def ask(due: float, body: object) -> None:
        answer = await client.post("/graphql", json=body)
        took.append((time.perf_counter() - due) * 1000)
        nonlocal refused
        refused += "errors" in answer.json()

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(seconds / _STEP_SECONDS)):
            due = begun + number * _STEP_SECONDS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(ask(due, (_ASK, _CREATE)[number % 2]))
    return took, refused


@dataclass(frozen=True, slots=True)
class _Bench:
    server: Server
    client: httpx.AsyncClient
    attacker: Process
    key: str
    seconds: float

    async def window(self, attack: str | None = None, port: int = 0) -> _Window:
        attacking: asyncio.Task[Any] | None = None
        if attack is not None:
            asked = attack, Target(port, self.key), self.seconds + 2 * _LEAD_SECONDS
            attacking = asyncio.create_task(self.attacker.ask(asked))
            await asyncio.sleep(_LEAD_SECONDS)
        cpu, begun = tree_cpu_seconds(self.server.pid), time.perf_counter()
        took, refused = await _pace(self.client, self.seconds)
        seconds = time.perf_counter() - begun
        cpu = (tree_cpu_seconds(self.server.pid) - cpu) / seconds
        sent = None if attacking is None else await attacking
        self.server.alive()
        await asyncio.sleep(_REST_SECONDS)
        return _Window(took, refused, cpu, seconds, sent)


async def _attack(rigged: Rig, server: Server, seconds: float, only: str) -> bool:
    async with rigged.database.transaction() as session:
        attacking = await create_key(session, name="attacker", tenant="attacker")
        other = await create_key(session, name="other", tenant="other")
    headers = {"Authorization": f"Bearer {other}"}
    address = f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=120) as client:
        with attacker() as process, sink() as elsewhere:
            port = await elsewhere.ask(None)
            bench = _Bench(server, client, process, attacking, seconds)
            await _pace(client, _WARM_SECONDS)
            start = _resident_mb(server)
            table = Table(
                "attack",
                "conn./s",
                "MB/s",
                "requests",
                "refused",
                "p50 ms",
                "p99 ms",
                "elsewhere",
                "quiet",
                "CPU",
                "MB",
            )
            good = True
            for name in [each for each in FLOODS if only in each]:
                Console(stderr=True).print(f"{name} ...")
                good &= await _compare(bench, name, port, table)
    ended = time.monotonic()
    kept = _resident_mb(server)
    while kept > start + _KEPT_MB and time.monotonic() - ended < _BACK_SECONDS:
        await asyncio.sleep(1)
        kept = _resident_mb(server)
    Console(width=140).print(table)
    Console().print("p99: under attack, with the same attack elsewhere, quiet. CPU: the server's, of a core.")
    Console().print(f"Memory: {start:.0f} MB before, {kept:.0f} MB {time.monotonic() - ended:.0f} s after the last.")
    print(json.dumps({"before_mb": start, "after_mb": kept, "good": good}))  # noqa: T201
    return good and kept <= start + _KEPT_MB


async def _compare(bench: _Bench, name: str, elsewhere: int, table: Table) -> bool:
    quiet = await bench.window()
    beside = await bench.window(name, elsewhere)
    attacked = await bench.window(name, bench.server.port)
    sent = attacked.sent
    assert sent is not None
    good = attacked.p99 <= 2 * quiet.p99 and not attacked.refused
    table.add_row(
        name,
        f"{sent.connections / attacked.seconds:.0f}",
        f"{sent.bytes / attacked.seconds / 1e6:.0f}",
        f"{len(attacked.took)}",
        f"{attacked.refused}",
        f"{percentile(attacked.took, 50):.1f}",
        f"{attacked.p99:.1f}{'' if good else ' !'}",
        f"{beside.p99:.1f}",
        f"{quiet.p99:.1f}",
        f"{attacked.cpu:.0%}",
        f"{_resident_mb(bench.server):.0f}",
    )
    return good


def _resident_mb(server: Server) -> float:
    return resident_bytes(server.pid) / 1e6


async def _main(seconds: float, only: str) -> bool:
    kind = replace(VOXLOOM, environment=_ENVIRONMENT)
    async with rig() as rigged, rigged.serving(kind) as server:
        return await _attack(rigged, server, seconds, only)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="windows of three seconds instead of ten")
    parser.add_argument("--only", default="", help="the attacks whose name has this in it")
    given = parser.parse_args()
    # Whoever ends this means all that it has started.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    sys.exit(not asyncio.run(_main(3.0 if given.quick else 10.0, given.only)))
