"""One connection of the Realtime protocol: from its handshake to its close.

The call of an API key is opened by the first ``session.update`` or the first audio or item; until then the connection
costs next to nothing, and is closed when nothing comes. A token of ``openCall`` has its call already.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace

from openai.types.realtime import (
    ConversationCreatedEvent,
    ConversationItemCreateEvent,
    InputAudioBufferAppendEvent,
    RealtimeSessionCreateRequest,
    SessionCreatedEvent,
    SessionUpdatedEvent,
    SessionUpdateEvent,
)
from pydantic import BaseModel
from starlette.websockets import WebSocket, WebSocketDisconnect

from db.enums import CallEndReason
from db.errors import BadUserInput, VoxLoomError
from db.postgres.outage import client_error
from db.viewer import Viewer
from graph.errors import masked
from graph.voice.close_codes import IDLE, NOT_READING, SUPERSEDED, Closing, closing_of
from graph.voice.opening import Connection, NewCall, OpenedCall, Reception
from graph.voice.outbox import Outbox
from graph.voice.realtime.caller_turns import CallerTurns
from graph.voice.realtime.client_commands import ClientCommands
from graph.voice.realtime.client_events import ClientError, read_event
from graph.voice.realtime.conversation import Conversation
from graph.voice.realtime.replies import Replies
from graph.voice.realtime.server_events import error_text, event_text, new_name
from graph.voice.realtime.session_config import SessionConfig, shown, updated
from graph.voice.realtime.speaker import RealtimeSpeaker
from inference.live.ports import CallerGone

#: Events that open the call of an API key, besides session.update.
_OPENING = (InputAudioBufferAppendEvent, ConversationItemCreateEvent)

#: For a call to store what was said last.
_ENDING_SECONDS = 5.0


class _Idle(Exception):
    """Nothing opened the call in time."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """``idle_seconds``: until the call is opened. ``stall_seconds``: for a client that does not read."""

    idle_seconds: float = 30.0
    stall_seconds: float = 10.0


class RealtimeConnection:
    """``holder``: of the API key, or the call of the token that was shown."""

    def __init__(
        self,
        websocket: WebSocket,
        reception: Reception,
        holder: Viewer | OpenedCall,
        config: SessionConfig,
        limits: ConnectionLimits,
    ) -> None:
        self._websocket = websocket
        self._reception = reception
        self._holder = holder
        self._config = config
        self._limits = limits
        self._session_name = new_name("sess")
        self._outbox = Outbox(self._write, stall_seconds=limits.stall_seconds)
        self._conversation = Conversation()
        self._turns = CallerTurns(self._outbox.push, self._conversation, lambda: self._config)
        self._commands: ClientCommands | None = None
        self._connection: Connection | None = None
        self._speaker: RealtimeSpeaker | None = None
        self._hung_up = False
        self._replying: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Serves the connection, which has been accepted, until it is closed."""
        writing = asyncio.create_task(self._outbox.run(), name="realtime-outbox")
        reading = asyncio.create_task(self._read(), name="realtime-reader")
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
                await self._close(closing)

    async def end(self, closing: Closing) -> None:
        """Closes the connection from outside, as when its key was revoked."""
        await self._close(closing)

    async def _close(self, closing: Closing) -> None:
        with suppress(TimeoutError, RuntimeError, OSError, WebSocketDisconnect):
            async with asyncio.timeout(1):
                await self._websocket.close(closing.code, closing.reason)

    async def _read(self) -> Closing | None:
        """Carries out the client's events until the connection ends; None if the client has closed it."""
        self._tell_session(SessionCreatedEvent, "session.created")
        async with AsyncExitStack() as stack:
            try:
                if isinstance(self._holder, OpenedCall):
                    await self._connect(self._holder, stack)
                elif not await self._wait_for_call(stack):
                    return None
                return await self._converse()
            except _Idle:
                return IDLE
            except CallerGone:
                return NOT_READING
            except Exception as error:
                known = error if isinstance(error, VoxLoomError) else client_error(error)
                shown = known or masked(error, path="v1/realtime")
                self._outbox.push(error_text(ClientError(shown.code, shown.message, kind="server_error")))
                return closing_of(shown)

    async def _wait_for_call(self, stack: AsyncExitStack) -> bool:
        """The client's events up to the one that opens the call; False if the client has gone."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._limits.idle_seconds
        while self._connection is None:
            try:
                async with asyncio.timeout_at(end):
                    text = await self._next_text()
            except TimeoutError:
                raise _Idle from None
            if text is None:
                return False
            await self._handle(text, stack)
        return True

    async def _converse(self) -> Closing | None:
        """The client's events until the call is over or the client has gone."""
        assert self._connection is not None and self._replying is not None
        over = self._connection.over
        listening = asyncio.create_task(self._listen(), name="realtime-listen")
        try:
            await asyncio.wait({listening, over, self._replying}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done() and not over.done():
                if self._hung_up:
                    await self._connection.call.hang_up(CallEndReason.CALLER)
                if self._hung_up or listening.exception() is not None:  # of a call that ends
                    await asyncio.wait({over}, timeout=_ENDING_SECONDS)
            if over.done():
                return self._over()
            if listening.done():
                listening.result()
                return None
            self._replying.result()
            return NOT_READING
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self) -> None:
        while (text := await self._next_text()) is not None:
            await self._handle(text, None)

    async def _next_text(self) -> str | None:
        """The client's next message, None once it has closed; a binary message is answered with an error."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                # uvicorn gives a reason only for a close frame; without one the connection is lost. A page that is left
                # (1001) may be loaded again.
                self._hung_up = "reason" in message and message["code"] in (1000, 1005)
                return None
            await self._outbox.room()
            text: str | None = message.get("text")
            if text is not None:
                return text
            self._outbox.push(error_text(ClientError("invalid_event", "An event must be a text message.")))

    async def _write(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:  # RuntimeError: it was closed from outside
            raise ConnectionError from error

    async def _handle(self, text: str, stack: AsyncExitStack | None) -> None:
        """``stack``: holds the connection to the call, if there is none yet."""
        event: BaseModel | None = None
        try:
            event = read_event(text)
            if isinstance(event, SessionUpdateEvent):
                await self._update(event, stack)
                return
            if stack is not None:
                if not isinstance(event, _OPENING):
                    raise ClientError("no_session", "Send session.update or audio first.")
                await self._open(stack)
            assert self._commands is not None
            try:
                await self._commands.run(event)
            except VoxLoomError as error:  # too many commands wait
                raise ClientError(error.code, error.message, kind="server_error") from None
        except ClientError as error:
            if event is not None:
                error.event_id = getattr(event, "event_id", None)
            self._outbox.push(error_text(error))

    async def _update(self, event: SessionUpdateEvent, stack: AsyncExitStack | None) -> None:
        session = event.session
        if not isinstance(session, RealtimeSessionCreateRequest):
            raise ClientError("unsupported", 'session.type must be "realtime".', param="session.type")
        before = self._config
        config = updated(before, session, opened=stack is None)
        if stack is not None and session.model_fields_set - {"type", "tracing"}:
            self._config = config
            try:
                await self._open(stack)
            except BaseException:
                self._config = before
                raise
        self._config = replace(config, language=self._config.language, voice=self._config.voice)
        if stack is None and self._connection is not None and config.turn_taking != before.turn_taking:
            self._connection.call.configure(config.turn_taking)
        self._tell_session(SessionUpdatedEvent, "session.updated")

    async def _open(self, stack: AsyncExitStack) -> None:
        assert isinstance(self._holder, Viewer)
        config = self._config
        new = NewCall(config.agent, config.customer_id, config.language, config.metadata, config.turn_taking)
        try:
            opened = await self._reception.open(self._holder, new)
        except BadUserInput as error:
            raise ClientError(error.code, error.message) from None
        await self._connect(opened, stack)

    async def _connect(self, opened: OpenedCall, stack: AsyncExitStack) -> None:
        self._config = replace(self._config, language=opened.language, voice=opened.voice)
        told = {"id": str(opened.session_id), "object": "realtime.conversation"}
        self._outbox.push(event_text(ConversationCreatedEvent, "conversation.created", conversation=told))
        replies = Replies(self._outbox, self._conversation, lambda: self._config, opened.session_id)
        self._speaker = RealtimeSpeaker(self._outbox, self._turns, replies)
        self._connection = await stack.enter_async_context(self._reception.connect(opened, self._speaker))
        call = self._connection.call
        self._replying = asyncio.create_task(replies.run(call), name="realtime-replies")
        stack.push_async_callback(self._stop_replying)
        self._commands = ClientCommands(
            call,
            config=lambda: self._config,
            outbox=self._outbox,
            conversation=self._conversation,
            turns=self._turns,
            replies=replies,
        )

    async def _stop_replying(self) -> None:
        assert self._replying is not None
        self._replying.cancel()
        await asyncio.gather(self._replying, return_exceptions=True)

    def _over(self) -> Closing:
        reason = None if self._speaker is None else self._speaker.over
        if reason is None:
            return SUPERSEDED
        return Closing(1011 if reason is CallEndReason.FAILED else 1000, f"The call has ended: {reason.value}")

    def _tell_session(self, model: type[BaseModel], kind: str) -> None:
        self._outbox.push(event_text(model, kind, session=shown(self._config, self._session_name)))
