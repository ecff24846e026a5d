"""The voice role's Twilio routes on a port, over the real call and its record in Postgres; the models are fakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from db.postgres.database import Database
from graph.guards.call_tokens import CallTokens
from graph.guards.keys import Keys
from graph.guards.rate_limit import Rates
from graph.guards.revocations import Revocations
from graph.http.server import server_config
from graph.voice.calls import Calls
from graph.voice.parts import VoiceParts
from graph.voice.reception import VoiceReception
from graph.voice.settings import TwilioNumber, VoiceSettings
from graph.voice.twilio.playout import EchoCanceller
from graph.voice.twilio.routes import twilio_routes
from graph.voice.web import MAX_MESSAGE_BYTES, voice_app
from inference.engines.fake.chat import Script
from inference.journal.call_records import CallRecords
from inference.live.times import CallTimes
from tests.db.rows import STORE
from tests.graph.voice.realtime.desk import maker
from tests.graph.voice.twilio.simulator import AUTH_TOKEN, NUMBER
from tests.graph.voice.twilio.tones import words_in
from tests.inference.live.fakes import FakeRecognizer
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Exchange:
    """``base``: of the voice role, http."""

    base: str
    parts: VoiceParts
    tokens: CallTokens


@asynccontextmanager
async def exchange(
    database: Database,
    script: Script,
    *,
    times: CallTimes | None = None,
    max_calls: int = 10,
    canceller: Callable[[], EchoCanceller] | None = None,
    requests_per_minute: int = 0,
    **settings: Any,
) -> AsyncIterator[Exchange]:
    """``settings``: further ones of the voice role."""
    rates = Rates(requests_per_minute)
    keys = Keys(database.reader, rates)
    records = CallRecords(database, STORE, heartbeat_seconds=0.5, poll_seconds=0.2)
    calls = Calls(records, maker(script, FakeRecognizer(read=words_in), times), max_calls=max_calls)
    records.interrupt, records.leave = calls.interrupt, calls.leave
    tokens = CallTokens(b"secret")
    given: dict[str, Any] = {
        "database_url": "postgresql://none",
        "host": "127.0.0.1",
        "api_key": None,
        "twilio_auth_token": AUTH_TOKEN,
        "twilio_numbers": [TwilioNumber(number=NUMBER, agent="billing_agent", tenant="acme")],
    }
    chosen = VoiceSettings(**(given | settings))
    parts = VoiceParts(chosen, database, keys, rates, Revocations(database.live, keys.forget), calls)
    routes = twilio_routes(parts, VoiceReception(parts, tokens), tokens, canceller=canceller)
    app = voice_app(database, chosen, routes)
    config = server_config(app, chosen, port=0, max_message_bytes=MAX_MESSAGE_BYTES)
    config.lifespan = "off"
    server = uvicorn.Server(config)
    tasks = [asyncio.create_task(server.serve()), asyncio.create_task(records.run())]
    await until(lambda: server.started)
    try:
        yield Exchange(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", parts, tokens)
    finally:
        await calls.drain(0)
        server.should_exit = True
        await tasks[0]
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await records.close()
        await keys.close()
