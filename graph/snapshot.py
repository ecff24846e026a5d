"""All rows of one session, read in one transaction: the whole conversation as of one event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from db.base import Base
from db.models.audio import Audio
from db.models.conversation import Message, Session, Turn
from db.models.work import CrmRecord, ModelCall, ToolCall
from db.words import AudioKind

R = TypeVar("R", bound=Base)


class _One(Generic[R]):
    """Rows by a key that is unique."""

    def __init__(self, rows: Sequence[R], key: str) -> None:
        self._rows: dict[Hashable, R] = {getattr(row, key): row for row in rows}

    async def load(self, key: UUID) -> R | None:
        return self._rows.get(key)

    async def load_many(self, keys: Iterable[UUID]) -> list[R | None]:
        return [self._rows.get(key) for key in keys]


class _Many(Generic[R]):
    """Rows by a key that several share."""

    def __init__(self, rows: Sequence[R], key: str) -> None:
        self._rows: defaultdict[Hashable, list[R]] = defaultdict(list)
        for row in rows:
            self._rows[getattr(row, key)].append(row)

    async def load(self, key: UUID) -> list[R]:
        return self._rows.get(key, [])


class Snapshot:
    """A ``graph.loaders.Source`` over rows that were read together."""

    def __init__(
        self,
        owner: Session,
        *,
        turns: Sequence[Turn],
        messages: Sequence[Message],
        audio: Sequence[Audio],
        model_calls: Sequence[ModelCall],
        tool_calls: Sequence[ToolCall],
        crm_records: Sequence[CrmRecord],
    ) -> None:
        self.session = _One([owner], "id")
        self.turn = _One(turns, "id")
        self.message = _One(messages, "id")
        self.audio = _One(audio, "id")
        self.model_call = _One(model_calls, "id")
        self.tool_call = _One(tool_calls, "id")
        self.crm_record_of_tool_call = _One(crm_records, "tool_call_id")
        self.turns_of_session = _Many(turns, "session_id")
        self.messages_of_session = _Many(messages, "session_id")
        self.messages_of_turn = _Many(messages, "turn_id")
        self.model_calls_of_session = _Many(model_calls, "session_id")
        self.model_calls_of_turn = _Many(model_calls, "turn_id")
        self.tool_calls_of_session = _Many(tool_calls, "session_id")
        self.tool_calls_of_turn = _Many(tool_calls, "turn_id")
        self.crm_records_of_session = _Many(crm_records, "session_id")


async def read_snapshot(session: AsyncSession, owner: Session) -> Snapshot:
    """Reads all rows of ``owner`` in the caller's transaction, which must see one moment only."""

    async def rows(model: type[R], column: InstrumentedAttribute[Any], *more: Any) -> Sequence[R]:
        query = select(model).where(column == owner.id, *more).order_by(model.__table__.c.id)
        return (await session.scalars(query)).all()

    return Snapshot(
        owner,
        turns=await rows(Turn, Turn.session_id),
        messages=await rows(Message, Message.session_id),
        audio=await rows(Audio, Audio.session_id, Audio.kind != AudioKind.CHUNK),
        model_calls=await rows(ModelCall, ModelCall.session_id),
        tool_calls=await rows(ToolCall, ToolCall.session_id),
        crm_records=await rows(CrmRecord, CrmRecord.session_id),
    )
