"""The events that subscriptions push."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from db.events import StoredEvent
from db.models.conversation import Message as MessageRow
from db.models.conversation import Turn as TurnRow
from db.models.work import ModelCall as ModelCallRow
from db.models.work import ToolCall as ToolCallRow
from db.words import EventType
from graph.loaders import Source
from graph.types.common import Info, described
from graph.types.message import Message
from graph.types.model_call import ModelCall
from graph.types.tool_call import ToolCall
from graph.types.turn import Turn
from graph.types.words import Stage


@strawberry.interface(description="One thing that happened in a session.")
class Event:
    stored: strawberry.Private[StoredEvent]
    source: strawberry.Private[Source]
    seq: int = described("Its number in the session: 1, 2, 3 ... without a gap.")
    session_id: strawberry.ID = described("The session.")
    turn_id: strawberry.ID | None = described("The turn, if it belongs to one.")
    at: datetime = described("When it was written.")


class _OfTurn:
    """For events that show their turn."""

    stored: StoredEvent
    source: Source

    async def _turn(self) -> Turn:
        assert self.stored.turn_id is not None
        row = await self.source.one(TurnRow.id).load(self.stored.turn_id)
        assert row is not None
        return Turn(row=row, source=self.source)


class _OfMessage:
    """For events that show a message."""

    stored: StoredEvent
    source: Source

    async def _message(self) -> Message:
        row = await self.source.one(MessageRow.id).load(UUID(self.stored.data["message_id"]))
        assert row is not None
        return Message(row=row, source=self.source)


class _OfToolCall:
    """For events that show a tool call."""

    stored: StoredEvent
    source: Source

    async def _tool_call(self) -> ToolCall:
        row = await self.source.one(ToolCallRow.id).load(UUID(self.stored.data["tool_call_id"]))
        assert row is not None
        return ToolCall(row=row, source=self.source)


@strawberry.type(description="A message was accepted and waits for a worker.")
class TurnQueued(Event, _OfTurn):
    @strawberry.field(description="The turn.")
    async def turn(self) -> Turn:
        return await self._turn()


@strawberry.type(description="A worker began an attempt at the turn.")
class TurnStarted(Event, _OfTurn):
    @strawberry.field(description="Which attempt, counted from 1.")
    def attempt(self) -> int:
        return int(self.stored.data["attempt"])

    @strawberry.field(description="The turn.")
    async def turn(self) -> Turn:
        return await self._turn()


@strawberry.type(description="A stage began.")
class StageStarted(Event):
    @strawberry.field(description="The stage.")
    def stage(self) -> Stage:
        return Stage(self.stored.data["stage"])

    @strawberry.field(description="The engine, or the MCP server.")
    def engine(self) -> str:
        return str(self.stored.data["engine"])

    @strawberry.field(description="The model, or the tool.")
    def model(self) -> str:
        return str(self.stored.data["model"])


@strawberry.type(description="A stage is done.")
class StageCompleted(Event):
    @strawberry.field(description="The stage.")
    def stage(self) -> Stage:
        return Stage(self.stored.data["stage"])

    @strawberry.field(description="Its last model call; null for TOOL.")
    async def model_call(self) -> ModelCall | None:
        call_id = self.stored.data.get("model_call_id")
        if call_id is None:
            return None
        row = await self.source.one(ModelCallRow.id).load(UUID(call_id))
        return None if row is None else ModelCall(row=row, source=self.source)


@strawberry.type(description="A stage could not do its work.")
class StageFailed(Event):
    @strawberry.field(description="The stage.")
    def stage(self) -> Stage:
        return Stage(self.stored.data["stage"])

    @strawberry.field(description="One of the contract's codes.")
    def code(self) -> str:
        return str(self.stored.data["code"])

    @strawberry.field(description="What went wrong, for a person.")
    def message(self) -> str:
        return str(self.stored.data["message"])

    @strawberry.field(description="Whether the stage is tried again.")
    def will_retry(self) -> bool:
        return bool(self.stored.data["will_retry"])


@strawberry.type(description="A stage was left out, because this server has nothing for it; the turn goes on.")
class StageSkipped(Event):
    @strawberry.field(description="The stage.")
    def stage(self) -> Stage:
        return Stage(self.stored.data["stage"])

    @strawberry.field(description="Why.")
    def reason(self) -> str:
        return str(self.stored.data["reason"])


@strawberry.type(description="What was understood of the recording so far; later ones replace it.")
class TranscriptPartial(Event):
    @strawberry.field(description="All words so far.")
    def text(self) -> str:
        return str(self.stored.data["text"])


@strawberry.type(description="The recording is understood.")
class TranscriptReady(Event, _OfMessage):
    @strawberry.field(description="The customer's message, with its text.")
    async def message(self) -> Message:
        return await self._message()


@strawberry.type(description="The reply grows by this text.")
class ReplyDelta(Event):
    @strawberry.field(description="What is new.")
    def text(self) -> str:
        return str(self.stored.data["text"])


@strawberry.type(description="The reply's text is whole; it replaces all its deltas.")
class ReplyReady(Event, _OfMessage):
    @strawberry.field(description="The reply.")
    async def message(self) -> Message:
        return await self._message()


@strawberry.type(description="A tool is about to run.")
class ToolCallStarted(Event, _OfToolCall):
    @strawberry.field(description="The tool call.")
    async def tool_call(self) -> ToolCall:
        return await self._tool_call()


@strawberry.type(description="A tool has answered, or could not.")
class ToolCallFinished(Event, _OfToolCall):
    @strawberry.field(description="The tool call.")
    async def tool_call(self) -> ToolCall:
        return await self._tool_call()


@strawberry.type(description="One sentence of the reply can be heard.")
class AudioChunkReady(Event):
    @strawberry.field(description="Counts the reply's chunks from 0.")
    def index(self) -> int:
        return int(self.stored.data["index"])

    @strawberry.field(description="The sentence.")
    def text(self) -> str:
        return str(self.stored.data["text"])

    @strawberry.field(description="Where it is fetched, without a key; good for an hour at least.")
    def url(self, info: Info) -> str:
        return info.context.audio_url(UUID(self.stored.data["audio_id"]))

    @strawberry.field(description="How long it plays, in milliseconds.")
    def duration_ms(self) -> int:
        return int(self.stored.data["duration_ms"])


@strawberry.type(description="The whole reply can be heard.")
class AudioReady(Event, _OfMessage):
    @strawberry.field(description="The reply, with its sound.")
    async def message(self) -> Message:
        return await self._message()


@strawberry.type(description="The turn is done.")
class TurnCompleted(Event, _OfTurn):
    @strawberry.field(description="The turn.")
    async def turn(self) -> Turn:
        return await self._turn()


@strawberry.type(description="The turn ended without success; the session goes on.")
class TurnFailed(Event, _OfTurn):
    @strawberry.field(description="The turn, with its error.")
    async def turn(self) -> Turn:
        return await self._turn()


@strawberry.type(description="The turn was cancelled.")
class TurnCancelled(Event, _OfTurn):
    @strawberry.field(description="The turn.")
    async def turn(self) -> Turn:
        return await self._turn()


@strawberry.type(description="The session has ended and its last turn is done: nothing follows.")
class SessionEnded(Event):
    pass


EVENT_TYPES: dict[EventType, type[Event]] = {
    EventType(kind.__name__): kind
    for kind in (
        TurnQueued,
        TurnStarted,
        StageStarted,
        StageCompleted,
        StageFailed,
        StageSkipped,
        TranscriptPartial,
        TranscriptReady,
        ReplyDelta,
        ReplyReady,
        ToolCallStarted,
        ToolCallFinished,
        AudioChunkReady,
        AudioReady,
        TurnCompleted,
        TurnFailed,
        TurnCancelled,
        SessionEnded,
    )
}


def event_of(stored: StoredEvent, source: Source) -> Event:
    """The GraphQL object of a stored event."""
    return EVENT_TYPES[stored.type](
        stored=stored,
        source=source,
        seq=stored.seq,
        session_id=strawberry.ID(str(stored.session_id)),
        turn_id=None if stored.turn_id is None else strawberry.ID(str(stored.turn_id)),
        at=stored.at,
    )
