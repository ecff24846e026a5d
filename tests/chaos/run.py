"""One run: starts the system, generates load, injects faults, waits until it is idle, and checks the result."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from rich.table import Table

from tests.chaos.call_verdict import add_call_times, call_log, call_rows
from tests.chaos.callers import Caller, Network
from tests.chaos.faults import Faults
from tests.chaos.listeners import Listener
from tests.chaos.load import Load
from tests.chaos.processes import API_KEY, SystemUnderTest
from tests.chaos.record import read_record
from tests.chaos.rows import Row
from tests.chaos.verdict import judge, table_of
from tests.client import Client

#: Timeout for unfinished work after the last fault.
_REST_SECONDS = 90

_UNDONE = """select (select count(*) from turns where status in ('QUEUED', 'RUNNING'))
  + (select count(*) from calls where status <> 'ENDED')
  + (select count(*) from procrastinate_jobs)"""


@dataclass(frozen=True)
class Outcome:
    rows: list[Row]
    table: Table
    faults: Counter[str]
    answers: Counter[str]
    sockets: Counter[str]
    lines: Counter[str]
    did: Counter[str]
    seconds: float
    directory: Path | None

    @property
    def wrong(self) -> dict[str, int]:
        return {row.name: row.number for row in self.rows if row.zero and row.number}

    @property
    def flawless(self) -> bool:
        return not self.wrong


async def run(
    rng: random.Random,
    *,
    faults: int,
    sessions: int,
    calls: int,
    pause: tuple[float, float],
    only: Sequence[str] = (),
    keep: bool = False,
) -> Outcome:
    """``keep``: keeps the directory with the logs, which is always kept if a check fails."""
    begun = time.monotonic()
    # As root, Postgres runs as another user, which must be able to reach the directory.
    directory = Path(tempfile.mkdtemp(prefix="voxloom-chaos-"))
    directory.chmod(0o755)  # noqa: ASYNC240 - nothing else runs yet
    system = SystemUnderTest(directory)
    try:
        await system.start()
        async with Client(system.address, API_KEY) as client:
            ids = [await client.create_session() for _ in range(sessions)]
            listeners = [Listener(client, each) for each in ids]
            load = Load(client, listeners, rng)
            network = Network(client, system)
            callers = [
                Caller(network, await client.create_session(), random.Random(rng.random()), manual=number % 4 == 3)
                for number in range(calls)
            ]
            listeners = [*listeners, *(Listener(client, each.session_id) for each in callers)]
            breaking = Faults(system, listeners, callers, rng)
            followers = [asyncio.create_task(each.follow()) for each in listeners]
            keeper = asyncio.create_task(system.keep())
            talking = asyncio.create_task(_talk(load, callers))
            try:
                await asyncio.sleep(2)
                await breaking.run(faults, pause, only)
                load.stop()
                for each in callers:
                    each.stop()
                await asyncio.wait_for(talking, _REST_SECONDS)
                await _rest(lambda: _undone(system.url))
                record = await read_record(system.url)
                await _rest(lambda: _behind(listeners, record.last_seqs))
            finally:
                tasks = [keeper, talking, *followers]
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result
        rows = [*judge(record, load, listeners, system), *call_rows(record, callers)]
    finally:
        await system.stop()
    told = "".join(f"{fault.at:%H:%M:%S.%f} {fault.kind}\n" for fault in breaking.done)
    (directory / "faults.log").write_text(told)
    (directory / "calls.log").write_text(call_log(record, callers))
    keep = keep or any(row.zero and row.number for row in rows)
    if not keep:
        shutil.rmtree(directory, ignore_errors=True)
    table = table_of(rows, record, breaking.done)
    add_call_times(table, callers)
    return Outcome(
        rows,
        table,
        breaking.counts,
        load.answers,
        sum((each.ends for each in listeners), Counter()),
        sum((each.ends for each in callers), Counter()),
        sum((each.did for each in callers), Counter()),
        time.monotonic() - begun,
        directory if keep else None,
    )


async def _talk(load: Load, callers: Sequence[Caller]) -> None:
    async with asyncio.TaskGroup() as talking:
        talking.create_task(load.run())
        for caller in callers:
            talking.create_task(caller.run())


async def _rest(left: Callable[[], Awaitable[int]]) -> None:
    """Waits until ``left`` returns 0, or until the timeout."""
    end = time.monotonic() + _REST_SECONDS
    while time.monotonic() < end:
        with suppress(OSError, asyncpg.PostgresError):
            if await left() == 0:
                return
        await asyncio.sleep(0.5)


async def _undone(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(_UNDONE))
    finally:
        await connection.close()


async def _behind(listeners: list[Listener], last_seqs: dict[str, int]) -> int:
    return sum(listener.last < last_seqs[listener.session_id] for listener in listeners)
