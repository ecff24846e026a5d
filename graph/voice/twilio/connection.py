"""One stream of Twilio Media Streams: from its websocket's handshake to its close.

The stream's ``start`` shows the token of its call, which the TwiML gave it; until then the connection costs next to
nothing, and is closed when none comes. ``stop`` is a hang-up; a websocket that closes without it is a lost connection,
after which Twilio asks the webhook again (``graph.voice.twilio.webhooks``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from db.enums import CallEndReason
from db.errors import Conflict, Unauthenticated, VoxLoomError
from db.postgres.outage import client_error
from graph.errors import masked
from graph.guards.key_gate import key_shown
from graph.guards.rate_limit import address_of
from graph.voice.audio_format import AudioFormat, InputStream
from graph.voice.close_codes import NOT_READING, SUPERSEDED, Closing, closing_of
from graph.voice.opening import Connection, OpenedCall, Reception
from graph.voice.outbox import Outbox
from graph.voice.twilio.jitter_buffer import JitterBuffer
from graph.voice.twilio.messages import BadMessage, Digit, Incoming, Mark, Media, Start, Stop, read_message
from graph.voice.twilio.playout import EchoCanceller, Playout
from graph.voice.twilio.speaker import LineSpeaker
from graph.voice.twilio.twiml import TOKEN_PARAMETER
from inference.live.ports import CallerGone

#: Sample rate of a call's audio.
_RATE = 16_000

#: Messages of a stream that may be malformed; each is dropped.
_MOST_BAD = 50

#: For a call to store what was said last.
_ENDING_SECONDS = 5.0

NO_START = Closing(4408, "No start came in time")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """``start_seconds``: until ``start``. ``stall_seconds``: for a line that does not read."""

    start_seconds: float = 10.0
    stall_seconds: float = 10.0


@dataclass(slots=True)
class _Line:
    """A stream that has started, and its call."""

    stream_sid: str
    connection: Connection
    speaker: LineSpeaker
    playout: Playout
    playing: asyncio.Task[None]
    canceller: EchoCanceller | None
    jitter: JitterBuffer
    input: InputStream


class TwilioConnection:
    """``canceller``: a new echo canceller; None for none."""

    def __init__(
        self,
        websocket: WebSocket,
        reception: Reception,
        limits: StreamLimits,
        canceller: Callable[[], EchoCanceller] | None,
    ) -> None:
        self._websocket = websocket
        self._reception = reception
        self._limits = limits
        self._canceller = canceller
        self._outbox = Outbox(self._write, stall_seconds=limits.stall_seconds)
        self._bad = 0
        self._stopped = False

    async def run(self) -> None:
        """Serves the connection, which has been accepted, until it is closed."""
        writing = asyncio.create_task(self._outbox.run(), name="twilio-outbox")
        reading = asyncio.create_task(self._read(), name="twilio-reader")
        closing: Closing | None = None
        try:
            await asyncio.wait({writing, reading}, return_when=asyncio.FIRST_COMPLETED)
            closing = reading.result() if reading.done() else NOT_READING
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            self._outbox.finish()
            await asyncio.gather(writing)
            if closing is not None:
                with suppress(TimeoutError, RuntimeError, OSError, WebSocketDisconnect):
                    async with asyncio.timeout(1):
                        await self._websocket.close(closing.code, closing.reason)

    async def _write(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError from error

    async def _read(self) -> Closing | None:
        """Carries out the line's messages until the connection ends; None if the line has closed it."""
        async with AsyncExitStack() as stack:
            try:
                try:
                    async with asyncio.timeout(self._limits.start_seconds):
                        start = await self._start()
                except TimeoutError:
                    return NO_START
                return None if start is None else await self._converse(await self._connected(start, stack))
            except BadMessage as error:
                log.warning("twilio_stream_refused", reason=error.message)
                return Closing(4400, error.message)
            except CallerGone:
                return NOT_READING
            except Exception as error:
                known = error if isinstance(error, VoxLoomError) else client_error(error)
                shown = known or masked(error, path="v1/twilio/media")
                log.info("twilio_stream_refused", reason=shown.code)
                return closing_of(shown)

    async def _start(self) -> Start | None:
        """The stream's start; None if the line has closed. Raises BadMessage for audio before it."""
        while True:
            text = await self._next_text()
            if text is None:
                return None
            message = self._understood(text)
            if isinstance(message, Start):
                return message
            if message is not None:
                raise BadMessage("The first message must be start.")

    async def _connected(self, start: Start, stack: AsyncExitStack) -> _Line:
        """Raises Unauthenticated for a wrong or expired token, SessionEnded, Overloaded."""
        scope = self._websocket.scope
        holder = await self._reception.admit(start.parameters.get(TOKEN_PARAMETER), address_of(scope))
        if not isinstance(holder, OpenedCall):
            raise Unauthenticated("A stream needs the token of its call.")
        key_shown(scope)
        canceller = None if self._canceller is None else self._canceller()
        playout = Playout(self._outbox, start.stream_sid, canceller)
        speaker = LineSpeaker(self._outbox, playout)
        connection = await stack.enter_async_context(self._reception.connect(holder, speaker))
        playing = asyncio.create_task(playout.run(connection.call), name="twilio-playout")
        line = _Line(
            start.stream_sid,
            connection,
            speaker,
            playout,
            playing,
            canceller,
            JitterBuffer(),
            InputStream(AudioFormat.ULAW, _RATE),
        )
        stack.push_async_callback(_end, line, holder)
        return line

    async def _converse(self, line: _Line) -> Closing | None:
        """The line's messages until the call is over or the line has gone."""
        over = line.connection.over
        listening = asyncio.create_task(self._listen(line), name="twilio-listen")
        try:
            await asyncio.wait({listening, over, line.playing}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done() and not over.done():
                if self._stopped:
                    await line.connection.call.hang_up(CallEndReason.CALLER)
                if self._stopped or listening.exception() is not None:  # of a call that ends
                    await asyncio.wait({over}, timeout=_ENDING_SECONDS if self._stopped else 0)
            if over.done():
                return _over(line.speaker.over)
            if listening.done():
                listening.result()
                return None
            line.playing.result()
            return NOT_READING
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, line: _Line) -> None:
        """Until the line closes, or says that it stops. Raises BadMessage."""
        while not self._stopped and (text := await self._next_text()) is not None:
            message = self._understood(text)
            if message is not None:
                await self._handle(message, line)
        await self._hear(line.jitter.flush(), line)

    async def _handle(self, message: Incoming, line: _Line) -> None:
        call = line.connection.call
        match message:
            case Media():
                await self._hear(line.jitter.add(message), line)
            case Mark():
                line.playout.marked(call, message.name)
            case Digit():
                with suppress(Conflict):  # the call has ended
                    await call.type_text(message.key, digits=True)
            case Stop():
                self._stopped = True
            case Start():
                raise BadMessage("start came twice.", fatal=True)

    async def _hear(self, audio: bytes, line: _Line) -> None:
        """Waits if the audio comes faster than real time."""
        if audio:
            samples = line.input.convert(audio)
            if line.canceller is not None:
                samples = line.canceller.hear(samples)
            await line.connection.call.hear(samples)

    async def _next_text(self) -> str | None:
        """The line's next message; None once it has closed."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        if text is None:
            raise BadMessage("A message must be text.", fatal=True)
        return text

    def _understood(self, text: str) -> Incoming | None:
        """Drops some malformed messages: a damaged one is no reason to cut off a caller. Raises BadMessage."""
        try:
            return read_message(text)
        except BadMessage as error:
            self._bad += 1
            if error.fatal or self._bad > _MOST_BAD:
                raise
            if self._bad == 1:
                log.warning("twilio_message_dropped", reason=error.message)
            return None


async def _end(line: _Line, holder: OpenedCall) -> None:
    line.playing.cancel()
    await asyncio.gather(line.playing, return_exceptions=True)
    if line.jitter.lost or line.jitter.late:
        log.info("twilio_audio_lost", call_id=str(holder.call_id), lost=line.jitter.lost, late=line.jitter.late)


def _over(reason: CallEndReason | None) -> Closing:
    if reason is None:
        return SUPERSEDED
    return Closing(1011 if reason is CallEndReason.FAILED else 1000, f"The call has ended: {reason.value}")
