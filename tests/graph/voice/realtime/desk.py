"""The Realtime endpoint over the real call and the commands in Postgres; the models and the record are fakes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import soxr

from db.postgres.database import Database
from graph.guards.call_tokens import CallTokens
from graph.guards.keys import Keys
from graph.guards.rate_limit import Rates
from graph.guards.revocations import Revocations
from graph.voice.audio_format import Samples
from graph.voice.calls import Calls, CallTicket
from graph.voice.parts import VoiceParts
from graph.voice.realtime.endpoint import RealtimeEndpoint
from graph.voice.reception import VoiceReception
from graph.voice.settings import VoiceSettings
from inference.engines.fake.chat import FakeChatModel, Script
from inference.engines.fake.synthesizer import FakeSynthesizer
from inference.engines.fake.transcriber import FakeTranscriber
from inference.live.call import Call, CallParts
from inference.live.ports import CallerSpeaker, CallRecord, CallState, LiveCall
from inference.live.times import CallTimes
from inference.turn.attempt import TurnSetup
from inference.turn.limits import TurnLimits
from tests.conftest import lent
from tests.inference.live.calls import NoDecoder
from tests.inference.live.fakes import FakeRecognizer, FakeRecord, FakeVoiceDetector, spoken
from tests.inference.turn.turns import OneTool

RATE = 24_000


@dataclass
class Records:
    """Records in memory, by call."""

    made: dict[UUID, FakeRecord] = field(default_factory=dict)

    async def connect(self, ticket: CallTicket) -> CallRecord:
        before = self.made.get(ticket.call_id)
        if before is None:
            state = CallState(ticket.call_id, ticket.tenant_id, ticket.call_id, "en", "billing_agent")
            self.made[ticket.call_id] = FakeRecord(state)
        else:
            self.made[ticket.call_id] = before.taken_over()
        return cast("CallRecord", self.made[ticket.call_id])


@dataclass
class Desk:
    parts: VoiceParts
    tokens: CallTokens
    records: Records
    endpoint: RealtimeEndpoint

    @property
    def record(self) -> FakeRecord:
        """Of the latest call."""
        return list(self.records.made.values())[-1]


@asynccontextmanager
async def desk(
    database: Database,
    url: str,
    script: Script,
    *,
    requests_per_minute: int = 0,
    secret: bytes = b"secret",
    recognizer: FakeRecognizer | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Desk]:
    """``secret``: of the tokens of calls. ``clock``: of the rate limits."""
    rates = Rates(requests_per_minute, clock=clock)
    keys = Keys(database.reader, rates)
    revocations = Revocations(database.live, keys.forget)
    await revocations.start()
    records, tokens = Records(), CallTokens(secret)
    calls = Calls(records, maker(script, recognizer), max_calls=10)
    settings = VoiceSettings(database_url=url, host="127.0.0.1", port=0, api_key=None)
    parts = VoiceParts(settings, database, keys, rates, revocations, calls)
    endpoint = RealtimeEndpoint(VoiceReception(parts, tokens), rates, revocations)
    try:
        yield Desk(parts, tokens, records, endpoint)
    finally:
        await calls.drain(0)
        await revocations.close()
        await keys.close()


def maker(
    script: Script, recognizer: FakeRecognizer | None = None, times: CallTimes | None = None
) -> Callable[[CallRecord, CallerSpeaker], LiveCall]:
    """Makes calls with fake engines."""

    async def score(_: Samples) -> float:
        return 0.99

    limits = TurnLimits(recording_seconds=60, stall_seconds=5, stage_seconds=10, tool_seconds=2)
    engines = lent(FakeTranscriber(), FakeChatModel(script), FakeSynthesizer())
    shared = CallParts(
        TurnSetup(engines, NoDecoder(), OneTool(), limits),
        recognizer or FakeRecognizer(),
        FakeVoiceDetector,
        score,
        times or CallTimes(),
        greeting=False,
    )

    def make(record: CallRecord, speaker: CallerSpeaker) -> LiveCall:
        return Call(record, speaker, shared)

    return make


def at_wire_rate(samples: Samples) -> bytes:
    """16 kHz audio as pcm16 at 24 kHz."""
    resampled = soxr.resample(samples, 16_000, RATE)
    return bytes((resampled * 32_767).astype("<i2").tobytes())


class Microphone:
    """Sends audio in real time, 20 ms at a time, silence in between. ``send``: one frame of pcm16 at 24 kHz."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._send = send
        self._waiting = b""

    def say(self, text: str) -> None:
        self._waiting += at_wire_rate(spoken(text))

    async def run(self) -> None:
        size = RATE // 50 * 2
        due = time.perf_counter()
        while True:
            frame, self._waiting = self._waiting[:size], self._waiting[size:]
            await self._send(frame.ljust(size, b"\0"))
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
