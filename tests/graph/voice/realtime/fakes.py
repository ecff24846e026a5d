"""The Realtime endpoint on a socket, over a call that a test steers: it records what the client did, and says lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp

from db.enums import CallEndReason, PlaybackSource
from db.errors import AgentNotFound, BadUserInput, Unauthenticated, VoxLoomError
from db.languages import parse_language
from db.turns.live_values import TurnTaking
from db.viewer import Viewer
from graph.guards.rate_limit import Rates
from graph.http.server import server_config
from graph.settings import ApiSettings
from graph.voice.audio_format import Samples
from graph.voice.opening import NewCall, OpenedCall, Reception
from graph.voice.realtime.connection import ConnectionLimits
from graph.voice.realtime.endpoint import PATH, RealtimeEndpoint
from graph.voice.web import MAX_MESSAGE_BYTES
from inference.live.caller_events import (
    CallOver,
    ClearPlayback,
    PausePlayback,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    ReplyStatus,
    ReplyText,
    ResumePlayback,
    SpeechEnded,
    SpeechStarted,
    TurnCommitted,
    WordsPartial,
)
from inference.live.ports import CallerGone, CallerSpeaker, CallRecord
from tests.waiting import until

KEY = "vl_key"
AGENTS = ("billing_agent", "technical_agent")
TOKEN = "ek_token"
RATE = 22_050


def tone(seconds: float, rate: int = RATE, hertz: float = 440) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


class FakeCall:
    """A LiveCall. ``log``: what the client did, in order. ``heard``: its audio.

    ``speech``: seconds of audio that make a turn by themselves (``None``: the client commits); then the call commits
    the turn, and answers it with ``reply``, pieces of text that are spoken for ``piece_seconds`` each.
    """

    def __init__(self, opened: OpenedCall, speaker: CallerSpeaker) -> None:
        self.opened = opened
        self.speaker = speaker
        self.log: list[tuple[str, object]] = []
        self.heard = np.zeros(0, np.float32)
        self.reports: list[tuple[UUID, float, PlaybackSource]] = []
        self.turn_taking: TurnTaking = opened.turn_taking
        self.hears_slowly = 0.0
        self.replies: list[UUID] = []
        self._end: asyncio.Future[CallEndReason] = asyncio.get_running_loop().create_future()

    async def run(self) -> CallEndReason:
        reason = await self._end
        await self.speaker.send(CallOver(reason))
        return reason

    # --- what the client does ---

    async def hear(self, samples: Samples) -> None:
        await asyncio.sleep(self.hears_slowly)
        self.heard = np.concatenate([self.heard, samples])

    def played(self, reply_id: UUID, ms: float, source: PlaybackSource) -> None:
        self.reports.append((reply_id, ms, source))

    def truncated(self, reply_id: UUID, ms: float) -> None:
        self.log.append(("truncated", ms))
        self.reports.append((reply_id, ms, PlaybackSource.TRUNCATE))

    async def type_text(self, text: str, *, digits: bool = False, respond: bool = True) -> None:
        self.log.append(("type_text", (text, respond)))

    async def commit_audio(self) -> bool:
        self.log.append(("commit_audio", None))
        return self.heard.size > 0

    async def clear_audio(self) -> None:
        self.log.append(("clear_audio", None))

    async def respond(self) -> None:
        self.log.append(("respond", None))

    async def interrupt(self) -> bool:
        self.log.append(("interrupt", None))
        if not self.replies:
            return False
        await self.cleared(self.replies[-1])
        return True

    def configure(self, turn_taking: TurnTaking) -> None:
        self.turn_taking = turn_taking
        self.log.append(("configure", turn_taking))

    async def hang_up(self, reason: CallEndReason) -> None:
        self.log.append(("hang_up", reason))
        if not self._end.done():
            self._end.set_result(reason)

    def lost(self) -> None:
        self.log.append(("lost", None))
        if not self._end.done():
            self._end.set_exception(CallerGone())

    def resume(self, record: CallRecord, speaker: CallerSpeaker) -> bool:
        raise NotImplementedError

    # --- what the call does ---

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.log]

    async def turn(self, text: str, *partials: str) -> UUID:
        """The caller speaks, and the turn is stored."""
        message_id = uuid4()
        await self.speaker.send(SpeechStarted(message_id, 100))
        for partial in partials:
            await self.speaker.send(WordsPartial(message_id, partial))
        await self.speaker.send(SpeechEnded(message_id, 1_100))
        await self.commit(text, message_id)
        return message_id

    async def commit(self, text: str, message_id: UUID | None = None, *, reopened: bool = False) -> None:
        await self.speaker.send(TurnCommitted(message_id or uuid4(), uuid4(), text, "en", reopened))

    async def begin(self, pieces: Sequence[str] = (), *, seconds: float = 0.5) -> UUID:
        """Begins a reply and makes its first pieces."""
        reply_id = uuid4()
        self.replies.append(reply_id)
        await self.speaker.send(ReplyStarted(reply_id, uuid4()))
        for index, text in enumerate(pieces):
            await self.speaker.send(ReplyText(reply_id, text))
            await self.speaker.send(ReplyAudio(reply_id, index, text, tone(seconds), RATE))
        return reply_id

    async def say(self, pieces: Sequence[str], *, seconds: float = 0.5) -> UUID:
        """A whole reply."""
        reply_id = await self.begin(pieces, seconds=seconds)
        await self.speaker.send(ReplyFinished(reply_id, ReplyStatus.COMPLETED, "".join(pieces)))
        return reply_id

    async def pause(self, reply_id: UUID) -> None:
        await self.speaker.send(PausePlayback(reply_id))

    async def go_on(self, reply_id: UUID) -> None:
        await self.speaker.send(ResumePlayback(reply_id))

    async def cleared(self, reply_id: UUID) -> None:
        await self.speaker.send(ClearPlayback(reply_id, 0))
        await self.speaker.send(ReplyFinished(reply_id, ReplyStatus.INTERRUPTED, ""))


@dataclass(frozen=True, slots=True)
class FakeConnection:
    call: FakeCall
    over: asyncio.Task[None]


@dataclass
class FakeReception:
    """Knows one key, and one token. ``full``, ``refuse``: raised before and when a call is opened.

    ``calls``: that were connected. ``opened``: what was asked for with the key.
    """

    calls: list[FakeCall] = field(default_factory=list)
    opened: list[NewCall] = field(default_factory=list)
    admissions: int = 0
    full: VoxLoomError | None = None
    refuse: VoxLoomError | None = None
    viewer: Viewer = field(default_factory=lambda: Viewer(uuid4(), "acme", uuid4(), "test"))
    token_call: OpenedCall = field(
        default_factory=lambda: OpenedCall(
            uuid4(), uuid4(), uuid4(), "technical_agent", None, "de", TurnTaking(backchannels=("genau",))
        )
    )
    _connected: dict[UUID, FakeConnection] = field(default_factory=dict)

    def check_admission(self) -> None:
        if self.full is not None:
            raise self.full

    async def admit(self, secret: str | None, address: str) -> Viewer | OpenedCall:
        self.admissions += 1
        if secret == KEY:
            return self.viewer
        if secret == TOKEN:
            return self.token_call
        raise Unauthenticated("The API key is wrong or was revoked.")

    async def check_agent(self, viewer: Viewer, agent: str) -> None:
        if agent not in AGENTS:
            raise AgentNotFound("No such agent.")

    async def open(self, viewer: Viewer, new: NewCall) -> OpenedCall:
        if self.refuse is not None:
            raise self.refuse
        language = parse_language(new.language)
        if len(new.customer_id) > 200:
            raise BadUserInput("customerId is longer than 200 characters.")
        self.opened.append(new)
        return OpenedCall(viewer.tenant_id, uuid4(), uuid4(), new.agent, None, language, new.turn_taking)

    @asynccontextmanager
    async def connect(self, call: OpenedCall, speaker: CallerSpeaker) -> AsyncIterator[FakeConnection]:
        before = self._connected.get(call.call_id)
        if before is not None:
            before.call.lost()
            await asyncio.wait({before.over})
        made = FakeCall(call, speaker)
        self.calls.append(made)
        connection = FakeConnection(made, asyncio.create_task(_run(made)))
        self._connected[call.call_id] = connection
        try:
            yield connection
        finally:
            if not connection.over.done():
                made.lost()
                await asyncio.wait({connection.over})

    async def call(self) -> FakeCall:
        """The first call, once it is connected."""
        await until(lambda: self.calls)
        return self.calls[-1]


async def _run(call: FakeCall) -> None:
    try:
        await call.run()
    except CallerGone:
        return


@asynccontextmanager
async def realtime_server(
    reception: Reception, limits: ConnectionLimits | None = None, *, ping_seconds: float | None = None
) -> AsyncIterator[str]:
    """The websocket address of an endpoint, up to ``/v1``."""
    async with served(RealtimeEndpoint(reception, Rates(0), limits=limits), ping_seconds=ping_seconds) as address:
        yield address


@asynccontextmanager
async def served(endpoint: ASGIApp, *, ping_seconds: float | None = None) -> AsyncIterator[str]:
    chosen = ApiSettings(database_url="postgresql://none", host="127.0.0.1", port=0, api_key=None)
    config = server_config(
        Starlette(routes=[WebSocketRoute(PATH, endpoint)]), chosen, port=0, max_message_bytes=MAX_MESSAGE_BYTES
    )
    config.ws_ping_interval = config.ws_ping_timeout = ping_seconds
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"ws://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        await running
