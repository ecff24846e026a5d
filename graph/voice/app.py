"""Composition root of the voice role: models, turns and calls in one process.

Run with ``python -m graph.voice``. On SIGTERM or SIGINT it takes no new call and no new turn; running ones have
``VOXLOOM_DRAIN_SECONDS`` to end.
"""

from __future__ import annotations

import asyncio
import signal
import sys

from db.errors import BadUserInput
from db.load_settings import load_settings
from db.logs import configure_logging
from db.postgres.check import check_database, check_schema
from graph.http.port import check_port
from graph.voice.server import VoiceServer
from graph.voice.settings import VoiceSettings
from graph.voice.web import voice_app
from inference.engines.catalog import choose_engines
from inference.lane import Lane, Priority, use_lane
from inference.lender import Engines
from inference.settings import InferenceSettings
from inference.worker.progress import LoadingDisplay
from inference.worker.turn_process import run_turns, turn_parts


async def serve_calls(settings: VoiceSettings, inference: InferenceSettings, url: str, engines: Engines) -> None:
    """Runs until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    lane = Lane(inference.model_threads)
    try:
        with use_lane(lane, Priority.QUEUED):
            async with turn_parts(inference, url, engines) as parts:
                app = voice_app(
                    parts.database, settings, (), lambda: {"models": all(each.loaded for _, each in engines.every())}
                )
                server = VoiceServer(app, settings)
                await run_turns(
                    parts, stop, queue=settings.voice_takes_turns, beside=[server.run_app()], drain=server.stop
                )
    finally:
        await lane.close()


def run() -> None:
    """Runs the voice role with the settings of the environment. Raises a known error for what is wrong before."""
    settings, inference = load_settings(VoiceSettings), load_settings(InferenceSettings)
    if settings.database_url is None:
        raise BadUserInput("The voice role needs DATABASE_URL (`voxloom up` sets it for an embedded Postgres).")
    configure_logging(json=not sys.stderr.isatty())
    check_port(settings.host, settings.voice_port, "VOXLOOM_VOICE_PORT")
    display = LoadingDisplay()
    engines = choose_engines(inference, display.show)
    asyncio.run(check_database(settings.database_url, settings.listen_url, may_be_away=True))
    asyncio.run(check_schema(settings.database_url, may_be_away=True))
    with display:
        asyncio.run(serve_calls(settings, inference, settings.database_url, engines))
