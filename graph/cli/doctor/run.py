"""Runs the checks concurrently, each with its own timeout."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from db.exit_message import exit_message
from db.findings import Finding, fault
from graph.cli.doctor import (
    audio_store,
    database,
    disk,
    memory,
    port,
    python_version,
    settings_check,
    worker_checks,
)
from graph.cli.doctor.context import Check, Context


@dataclass(frozen=True, slots=True)
class Timed:
    """A check and its timeout in seconds."""

    check: Check
    seconds: float


#: In the order of the report: prerequisites of other checks first.
CHECKS: Mapping[str, Timed] = {
    "python": Timed(python_version.check, 5),
    "settings": Timed(settings_check.check, 30),
    "database": Timed(database.check, 90),
    "models": Timed(worker_checks.models, 120),
    "tools": Timed(worker_checks.tools, 120),
    "audio": Timed(audio_store.check, 30),
    "port": Timed(port.check, 10),
    "disk": Timed(disk.check, 10),
    "memory": Timed(memory.check, 5),
}

_NEED_WORKER = {"settings", "models", "tools"}


async def examine(context: Context, chosen: Sequence[str]) -> list[Finding]:
    """The findings of the chosen checks (none: all), in the order of ``CHECKS``."""
    names = [name for name in CHECKS if not chosen or name in chosen]
    process = None
    if _NEED_WORKER.intersection(names):
        process = asyncio.create_task(worker_checks.ask(tuple(names)))
        context.worker = process
    try:
        found = await asyncio.gather(*(_within_its_time(name, context) for name in names))
    finally:
        if process is not None:
            process.cancel()
            await asyncio.gather(process, return_exceptions=True)
    return [finding for findings in found for finding in findings]


async def _within_its_time(name: str, context: Context) -> Sequence[Finding]:
    timed = CHECKS[name]
    try:
        async with asyncio.timeout(timed.seconds):
            return await timed.check(context)
    except TimeoutError:
        return [fault(name, f"no answer within {timed.seconds:g} s", "Its subject does not respond; try it by hand.")]
    except Exception as error:
        words = exit_message(error) or f"the check itself failed: {type(error).__name__}"
        return [fault(name, words, "Correct the cause, and run `voxloom doctor` again.")]
