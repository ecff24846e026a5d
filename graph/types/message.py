"""A message and its sound."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models.audio import Audio as AudioRow
from db.models.conversation import Message as MessageRow
from graph.loaders import Source
from graph.types.common import Info, described
from graph.types.model_call import ModelCall
from graph.types.tool_call import ToolCall
from graph.types.words import MessageType, Role, Stage

if TYPE_CHECKING:
    from graph.types.turn import Turn


@strawberry.type(description="A sound that can be fetched.")
class Audio:
    row: strawberry.Private[AudioRow]
    source: strawberry.Private[Source]
    mime_type: str = described("What the bytes are.")
    duration_ms: int = described("How long it plays, in milliseconds.")
    sample_rate: int = described("Samples a second.")
    size_bytes: int = described("How many bytes it has.")

    @strawberry.field(description="Where it is fetched, without a key; good for an hour at least. Ranges are served.")
    def url(self, info: Info) -> str:
        return info.context.audio_url(self.row.id)

    @classmethod
    def of(cls, row: AudioRow, source: Source) -> Audio:
        return cls(
            row=row,
            source=source,
            mime_type=row.mime_type,
            duration_ms=row.duration_ms,
            sample_rate=row.sample_rate,
            size_bytes=row.size_bytes,
        )


@strawberry.type(description="What one side said.")
class Message:
    row: strawberry.Private[MessageRow]
    source: strawberry.Private[Source]
    id: strawberry.ID = described("UUID version 7.")
    role: Role = described("Which side said it.")
    type: MessageType = described("AUDIO if it was spoken.")
    text: str | None = described("The words. Null until a recording is understood; empty when nobody spoke in it.")
    language: str | None = described("The language it was said in, where that was found out.")
    complete: bool = described("False for what a reply had said when its turn was cancelled.")
    created_at: datetime = described("When it was stored.")

    @classmethod
    def of(cls, row: MessageRow, source: Source) -> Message:
        return cls(
            row=row,
            source=source,
            id=strawberry.ID(str(row.id)),
            role=row.role,
            type=row.type,
            text=row.text,
            language=row.language,
            complete=row.complete,
            created_at=row.created_at,
        )

    @strawberry.field(description="Its sound: the customer's recording, or the spoken reply.")
    async def audio(self) -> Audio | None:
        if self.row.audio_id is None:
            return None
        row = await self.source.audio.load(self.row.audio_id)
        return None if row is None else Audio.of(row, self.source)

    @strawberry.field(description="The turn it belongs to.")
    async def turn(self) -> Annotated[Turn, strawberry.lazy("graph.types.turn")]:
        from graph.types.turn import Turn

        row = await self.source.turn.load(self.row.turn_id)
        assert row is not None
        return Turn.of(row, self.source)

    @strawberry.field(description="The model calls that made it: ASR for the customer's, LLM and TTS for the reply.")
    async def model_calls(self) -> list[ModelCall]:
        rows = await self.source.model_calls_of_turn.load(self.row.turn_id)
        mine = self.row.role is Role.USER
        return [ModelCall.of(row) for row in rows if (row.stage is Stage.ASR) is mine]

    @strawberry.field(description="The tool calls behind a reply; none for the customer's own message.")
    async def tool_calls(self) -> list[ToolCall]:
        if self.row.role is Role.USER:
            return []
        return [ToolCall.of(row, self.source) for row in await self.source.tool_calls_of_turn.load(self.row.turn_id)]
