"""Fault injection: kills, stops, restarts and lost connections, in a seeded random order."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import asyncpg

from tests.chaos.callers import Caller, Moment
from tests.chaos.listeners import Listener
from tests.chaos.processes import Process, SystemUnderTest, Voice

#: Longer than VOXLOOM_LOST_WORKER_SECONDS (8), so that the turns of a stopped worker are taken over.
_ZOMBIE_SECONDS = (10.5, 14.0)

#: How long a fault waits for a call to be at its moment.
_MOMENT_SECONDS = 4.0

_LISTENING = "query ilike 'listen%' or application_name = 'voxloom-feed'"
_CLIENTS = "backend_type = 'client backend' and pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Fault:
    """An injected fault: kind and time."""

    kind: str
    at: datetime


class Faults:
    """Injects faults one after another; recoveries run in the background."""

    def __init__(
        self, system: SystemUnderTest, listeners: list[Listener], callers: list[Caller], rng: random.Random
    ) -> None:
        self.done: list[Fault] = []
        self._system = system
        self._listeners = listeners
        self._callers = callers
        self._rng = rng
        self._background: set[asyncio.Task[None]] = set()
        self.kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "kill worker": self._kill_worker,
            "stop worker": self._stop_worker,
            "drain worker": self._drain_worker,
            "restart Postgres fast": lambda: self._restart_postgres(signal.SIGINT),
            "restart Postgres immediate": lambda: self._restart_postgres(signal.SIGQUIT),
            "cut LISTEN connections": lambda: self._cut_backends(f"{_CLIENTS} and ({_LISTENING})", 1),
            "cut database connections": lambda: self._cut_backends(_CLIENTS, self._rng.choice((0.3, 0.6, 1))),
            "restart API SIGTERM": lambda: self._restart_api(signal.SIGTERM),
            "restart API SIGKILL": lambda: self._restart_api(signal.SIGKILL),
            "cut listeners": self._cut_listeners,
            "drain voice": self._drain_voice,
            "cut sockets": self._cut_sockets,
        }
        for moment in Moment:
            self.kinds[f"kill voice {moment}"] = partial(self._kill_voice, moment)
            self.kinds[f"stop voice {moment}"] = partial(self._stop_voice, moment)

    @property
    def counts(self) -> Counter[str]:
        return Counter(fault.kind for fault in self.done)

    async def run(self, count: int, pause: tuple[float, float], only: Sequence[str] = ()) -> None:
        """Injects ``count`` faults of the kinds ``only`` (empty: all), each kind as often as the others."""
        deck: list[str] = []
        for _ in range(count):
            if not deck:
                deck = sorted(only or self.kinds)
                self._rng.shuffle(deck)
            await self.kinds[deck.pop()]()
            await asyncio.sleep(self._rng.uniform(*pause))
        await asyncio.gather(*self._background)

    def _note(self, kind: str) -> None:
        self.done.append(Fault(kind, datetime.now(UTC)))

    def _later(self, tail: Awaitable[None]) -> None:
        async def run() -> None:
            await tail

        self._background.add(asyncio.create_task(run()))

    async def _worker(self) -> Process:
        """A random worker that is running and not under a fault."""
        while True:
            free = [each for each in self._system.workers if not each.under_fault and each.running]
            if free:
                return self._rng.choice(free)
            await asyncio.sleep(0.1)

    async def _voice(self, moment: Moment | None = None) -> Voice:
        """A voice process without a fault, of at least two; with a call at that moment, if one comes there soon."""
        end = time.monotonic() + _MOMENT_SECONDS
        while True:
            free = [each for each in self._system.voices if not each.under_fault and each.running]
            there = [each.voice for each in self._callers if each.moment is moment and each.voice in free]
            chosen = self._rng.choice(there) if moment is not None and there else None
            if chosen is not None and len(free) > 1:
                return chosen
            if len(free) > 1 and (moment is None or time.monotonic() > end):
                return self._rng.choice(free)
            await asyncio.sleep(0.005)

    async def _kill_voice(self, moment: Moment) -> None:
        await self._kill(await self._voice(moment), f"kill voice {moment}")

    async def _stop_voice(self, moment: Moment) -> None:
        await self._stop(await self._voice(moment), f"stop voice {moment}")

    async def _drain_voice(self) -> None:
        await self._drain(await self._voice(), "drain voice")

    async def _cut_sockets(self) -> None:
        self._note("cut sockets")
        for caller in self._callers:
            if self._rng.random() < 0.7:
                caller.cut()

    async def _kill_worker(self) -> None:
        await self._kill(await self._worker(), "kill worker")

    async def _drain_worker(self) -> None:
        await self._drain(await self._worker(), "drain worker")

    async def _stop_worker(self) -> None:
        await self._stop(await self._worker(), "stop worker")

    async def _kill(self, process: Process, kind: str) -> None:
        process.begin_fault(kind)
        process.send(signal.SIGKILL)
        self._note(kind)
        self._later(self._bring_back(process, self._rng.uniform(0.2, 4)))

    async def _drain(self, process: Process, kind: str) -> None:
        process.begin_fault(kind)
        self._note(kind)
        process.send(signal.SIGTERM)
        self._later(self._bring_back(process, 0))

    async def _stop(self, process: Process, kind: str) -> None:
        process.begin_fault(kind)
        process.send(signal.SIGSTOP)
        self._note(kind)

        async def go_on(seconds: float) -> None:
            await asyncio.sleep(seconds)
            process.send(signal.SIGCONT)
            process.under_fault = False

        self._later(go_on(self._rng.uniform(*_ZOMBIE_SECONDS)))

    async def _bring_back(self, process: Process, seconds: float) -> None:
        if not await process.gone(60):
            self._system.unexpected_exits.append(f"{process.name} (did not end)")
            process.send(signal.SIGKILL)
            await process.gone(10)
        await asyncio.sleep(seconds)
        process.start()
        await process.back()
        process.under_fault = False

    async def _restart_api(self, how: signal.Signals) -> None:
        await _until(lambda: not self._system.api.under_fault)
        self._system.api.under_fault = True
        self._note(f"restart API {how.name}")
        self._system.api.send(how)
        self._later(self._bring_back(self._system.api, self._rng.uniform(0, 1)))

    async def _restart_postgres(self, how: signal.Signals) -> None:
        await _until(lambda: not self._system.postgres_fault_lock.locked())
        self._note(f"restart Postgres {'fast' if how is signal.SIGINT else 'immediate'}")
        self._later(self._system.restart_postgres(how, self._rng.choice((0, 0, 1, 3, 6))))
        await asyncio.sleep(0)

    async def _cut_backends(self, which: str, share: float) -> None:
        async with self._system.postgres_fault_lock:
            self._note("cut LISTEN connections" if share == 1 and _LISTENING in which else "cut database connections")
            with suppress(OSError, asyncpg.PostgresError):
                connection = await asyncpg.connect(self._system.url)
                try:
                    pids = [
                        row["pid"] for row in await connection.fetch(f"select pid from pg_stat_activity where {which}")
                    ]
                    chosen = [pid for pid in sorted(pids) if self._rng.random() <= share]
                    await connection.execute("select pg_terminate_backend(pid) from unnest($1::int[]) pid", chosen)
                finally:
                    await connection.close()

    async def _cut_listeners(self) -> None:
        self._note("cut listeners")
        for listener in self._listeners:
            if self._rng.random() < 0.7:
                listener.cut()


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - waits for another process
        await asyncio.sleep(0.1)
