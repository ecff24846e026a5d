"""Composition root of the voice role: models, turns and calls in one process.

Run with ``python -m graph.voice``. On SIGTERM or SIGINT it takes no new call and no new turn; running ones have
``VOXLOOM_DRAIN_SECONDS`` to end.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import WebSocketRoute

from db.commands.agents import pinned_version
from db.commands.builtin_agents import publish_to_all_tenants
from db.commands.keys import REVOKED_CHANNEL, import_key, server_secret
from db.commands.phone_calls import phone_viewer
from db.enums import WorkerRole
from db.errors import BadUserInput, NotFound
from db.load_settings import load_settings
from db.logs import configure_logging
from db.postgres.check import check_database, check_schema
from db.postgres.listen import listen
from db.postgres.outage import retry_outage
from graph.guards.call_tokens import CALL_TOKEN_SECRET, CallTokens
from graph.guards.keys import Keys
from graph.guards.rate_limit import Rates
from graph.guards.revocations import Revocations
from graph.http.port import check_port
from graph.voice.calls import Calls
from graph.voice.parts import VoiceParts
from graph.voice.realtime.endpoint import PATH, RealtimeEndpoint
from graph.voice.reception import VoiceReception
from graph.voice.server import VoiceServer
from graph.voice.settings import VoiceSettings
from graph.voice.twilio.routes import twilio_routes
from graph.voice.web import voice_app
from inference.engines.catalog import choose_engines, choose_streaming_transcriber
from inference.journal.call_records import CallRecords
from inference.lane import Lane, Priority, use_lane
from inference.live import echo
from inference.live.call import Call
from inference.live.models import LiveModels
from inference.live.ports import CallerSpeaker, CallRecord, LiveCall
from inference.settings import InferenceSettings
from inference.turn.attempt import TurnSetup
from inference.worker.progress import LoadingDisplay
from inference.worker.turn_process import TurnParts, run_turns, turn_parts

log = structlog.get_logger(__name__)

#: Interval of the keep-alive query of the connection that hears of revoked keys; they are polled too.
_LISTEN_CHECK_SECONDS = 5.0


async def serve_calls(settings: VoiceSettings, inference: InferenceSettings, url: str, display: LoadingDisplay) -> None:
    """Runs until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    lane = Lane(inference.model_threads)
    engines = choose_engines(inference, display.show, lane_threads=lane.threads)
    recognizer = choose_streaming_transcriber(inference, display.show, lane_threads=lane.threads)
    models = LiveModels(lane, recognizer, engines)
    try:
        with use_lane(lane, Priority.QUEUED):
            async with turn_parts(inference, url, engines) as turns:
                await _serve(settings, turns, models, replace(turns.setup, lane=lane), stop)
    finally:
        await models.close()
        await lane.close()


async def _serve(
    settings: VoiceSettings, turns: TurnParts, models: LiveModels, setup: TurnSetup, stop: asyncio.Event
) -> None:
    """``setup``: what the live turns run with."""
    async with AsyncExitStack() as stack:
        database = turns.database
        patience_seconds = turns.settings.database_patience_seconds
        await retry_outage(partial(publish_to_all_tenants, database), patience_seconds=patience_seconds)
        signing = await retry_outage(partial(database.run, _prepared(settings)), patience_seconds=patience_seconds)
        rates = Rates(settings.requests_per_minute)
        keys = Keys(database.reader, rates)
        stack.push_async_callback(keys.close)
        revocations = Revocations(database.live, keys.forget)
        await revocations.start()
        stack.push_async_callback(revocations.close)
        records = CallRecords(
            database,
            turns.store,
            heartbeat_seconds=turns.settings.heartbeat_seconds,
            patience_seconds=patience_seconds,
        )
        stack.push_async_callback(records.close)

        def make(record: CallRecord, speaker: CallerSpeaker) -> LiveCall:
            return Call(record, speaker, models.parts(setup))

        calls = Calls(records, make, max_calls=settings.max_calls, check=models.check)
        records.interrupt, records.leave = calls.interrupt, calls.leave
        parts = VoiceParts(settings, database, keys, rates, revocations, calls)
        tokens = CallTokens(signing)
        reception = VoiceReception(parts, tokens, models.languages)
        if settings.twilio_auth_token is not None:
            await asyncio.to_thread(echo.load)
        routes = [
            WebSocketRoute(PATH, RealtimeEndpoint(reception, rates, revocations)),
            *twilio_routes(parts, reception, tokens, canceller=echo.EchoCanceller, answered=models.languages),
        ]

        def checks() -> dict[str, bool]:
            return {"models": models.loaded, "accepting": not calls.draining}

        server = VoiceServer(voice_app(database, settings, routes, checks), settings)

        async def drain() -> None:
            await calls.drain(turns.settings.drain_seconds)
            await server.stop()

        loading = asyncio.create_task(models.load(), name="loading-calls")
        stack.push_async_callback(_stop, loading)
        revoked = listen(database, {REVOKED_CHANNEL: revocations.hear}, check_seconds=_LISTEN_CHECK_SECONDS)
        beside = [server.run_app(), records.run(), revoked]
        await run_turns(
            turns, stop, role=WorkerRole.VOICE, queue=settings.voice_takes_turns, beside=beside, drain=drain
        )


def _prepared(settings: VoiceSettings) -> Callable[[AsyncSession], Awaitable[bytes]]:
    """Stores the configured API key; returns the servers' secret for tokens of calls."""

    async def work(session: AsyncSession) -> bytes:
        if settings.api_key is not None:
            await import_key(session, settings.api_key.get_secret_value(), name="VOXLOOM_API_KEY")
        for number in settings.twilio_numbers:
            try:
                viewer = await phone_viewer(session, number.tenant)
                await pinned_version(session, tenant_id=viewer.tenant_id, name=number.agent)
            except NotFound as error:  # it may come later; until then its calls are refused
                log.warning("phone number without agent", number=number.number, reason=error.message)
        return await server_secret(session, CALL_TOKEN_SECRET)

    return work


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def run() -> None:
    """Runs the voice role with the settings of the environment. Raises a known error for what is wrong before."""
    settings, inference = load_settings(VoiceSettings), load_settings(InferenceSettings)
    if settings.database_url is None:
        raise BadUserInput("The voice role needs DATABASE_URL (`voxloom up` sets it for an embedded Postgres).")
    configure_logging(json=not sys.stderr.isatty())
    check_port(settings.host, settings.voice_port, "VOXLOOM_VOICE_PORT")
    asyncio.run(check_database(settings.database_url, settings.listen_url, may_be_away=True))
    asyncio.run(check_schema(settings.database_url, may_be_away=True))
    with LoadingDisplay() as display:
        asyncio.run(serve_calls(settings, inference, settings.database_url, display))
