"""Loads rows in batches: one statement for all the rows that one level of a query asks for.

Each batch opens a read transaction of its own, so that two that run together share nothing. Nothing is cached: a
subscription lives for hours, and what it shows must be what is true when it shows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.dataloader import DataLoader

from db.base import Base
from db.engine import Database
from db.models.audio import Audio
from db.models.conversation import Message, Session, Turn
from db.models.work import CrmRecord, ModelCall, ToolCall

R = TypeVar("R", bound=Base)
V = TypeVar("V")


class _OneBy(Protocol[R]):
    def load(self, key: UUID) -> Awaitable[R | None]: ...

    def load_many(self, keys: Iterable[UUID]) -> Awaitable[list[R | None]]: ...


class _ManyBy(Protocol[R]):
    def load(self, key: UUID) -> Awaitable[list[R]]: ...


class Source(Protocol):
    """Where the rows of nested fields come from, named by what they are and by what they are found."""

    @property
    def session(self) -> _OneBy[Session]: ...
    @property
    def turn(self) -> _OneBy[Turn]: ...
    @property
    def message(self) -> _OneBy[Message]: ...
    @property
    def audio(self) -> _OneBy[Audio]: ...
    @property
    def model_call(self) -> _OneBy[ModelCall]: ...
    @property
    def tool_call(self) -> _OneBy[ToolCall]: ...
    @property
    def crm_record_of_tool_call(self) -> _OneBy[CrmRecord]: ...
    @property
    def turns_of_session(self) -> _ManyBy[Turn]: ...
    @property
    def messages_of_session(self) -> _ManyBy[Message]: ...
    @property
    def messages_of_turn(self) -> _ManyBy[Message]: ...
    @property
    def model_calls_of_session(self) -> _ManyBy[ModelCall]: ...
    @property
    def model_calls_of_turn(self) -> _ManyBy[ModelCall]: ...
    @property
    def tool_calls_of_session(self) -> _ManyBy[ToolCall]: ...
    @property
    def tool_calls_of_turn(self) -> _ManyBy[ToolCall]: ...
    @property
    def crm_records_of_session(self) -> _ManyBy[CrmRecord]: ...


class Loaders:
    """The source that reads the database when asked; each batch sees it as it is then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.session = self._one(Session, Session.id)
        self.turn = self._one(Turn, Turn.id)
        self.message = self._one(Message, Message.id)
        self.audio = self._one(Audio, Audio.id)
        self.model_call = self._one(ModelCall, ModelCall.id)
        self.tool_call = self._one(ToolCall, ToolCall.id)
        self.crm_record_of_tool_call = self._one(CrmRecord, CrmRecord.tool_call_id)
        self.turns_of_session = self._many(Turn, Turn.session_id)
        self.messages_of_session = self._many(Message, Message.session_id)
        self.messages_of_turn = self._many(Message, Message.turn_id)
        self.model_calls_of_session = self._many(ModelCall, ModelCall.session_id)
        self.model_calls_of_turn = self._many(ModelCall, ModelCall.turn_id)
        self.tool_calls_of_session = self._many(ToolCall, ToolCall.session_id)
        self.tool_calls_of_turn = self._many(ToolCall, ToolCall.turn_id)
        self.crm_records_of_session = self._many(CrmRecord, CrmRecord.session_id)

    async def _rows(self, model: type[R], column: InstrumentedAttribute[Any], keys: Sequence[UUID]) -> Sequence[R]:
        ordered = select(model).where(column.in_(set(keys))).order_by(model.__table__.c.id)
        async with self._database.reading() as session:
            return (await session.scalars(ordered)).all()

    def _one(self, model: type[R], column: InstrumentedAttribute[Any]) -> DataLoader[UUID, R | None]:
        async def load(keys: list[UUID]) -> list[R | None]:
            found = {getattr(row, column.key): row for row in await self._rows(model, column, keys)}
            return [found.get(key) for key in keys]

        return _loader(load)

    def _many(self, model: type[R], column: InstrumentedAttribute[Any]) -> DataLoader[UUID, list[R]]:
        async def load(keys: list[UUID]) -> list[list[R]]:
            found: defaultdict[UUID, list[R]] = defaultdict(list)
            for row in await self._rows(model, column, keys):
                found[getattr(row, column.key)].append(row)
            return [found[key] for key in keys]

        return _loader(load)


def _loader(load: Callable[[list[UUID]], Awaitable[list[V]]]) -> DataLoader[UUID, V]:
    return DataLoader(load_fn=load, cache=False)
