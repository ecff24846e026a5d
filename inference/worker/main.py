"""The worker role: fetches queued turns and runs them. Composition root of ``inference``.

Run with ``python -m inference.worker``. On SIGTERM or SIGINT it fetches no new turn, finishes running ones within
``VOXLOOM_DRAIN_SECONDS`` and requeues the rest.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from db.entry_point import run_command, uncollected
from db.errors import BadUserInput
from db.load_settings import load_settings
from inference.settings import InferenceSettings

if TYPE_CHECKING:
    from inference.lender import Engines


async def work(settings: InferenceSettings, url: str, engines: Engines) -> None:
    """Runs until SIGTERM or SIGINT."""
    with uncollected():
        from inference.worker.turn_process import run_turns, turn_parts  # noqa: PLC0415 - see below

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with turn_parts(settings, url, engines) as parts:
        await run_turns(parts, stop)


def run() -> None:
    """Runs a worker with the settings of the environment. Raises a known error for what is wrong before it starts."""
    settings = load_settings(InferenceSettings)
    if settings.database_url is None:
        raise BadUserInput("The worker needs DATABASE_URL (`voxloom up` sets it for an embedded Postgres).")

    # Wrong settings are told before all this is imported.
    with uncollected():
        from db.logs import configure_logging  # noqa: PLC0415
        from db.postgres.check import check_database, check_schema  # noqa: PLC0415
        from inference.engines.catalog import choose_engines  # noqa: PLC0415
        from inference.worker.progress import LoadingDisplay  # noqa: PLC0415

    configure_logging(json=not sys.stderr.isatty())
    display = LoadingDisplay()
    engines = choose_engines(settings, display.show)
    asyncio.run(check_database(settings.database_url, settings.listen_url, may_be_away=True))
    asyncio.run(check_schema(settings.database_url, may_be_away=True))
    with display:
        asyncio.run(work(settings, settings.database_url, engines))


if __name__ == "__main__":
    run_command(run)
