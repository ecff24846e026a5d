"""The steps of a conversation, one commit each, as commands and the worker write them."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.builtin import builtin_agents
from db.audio import persist
from db.audio.encoded import EncodedAudio
from db.audio.persist import NewAudio, new_audio
from db.commands import messages, sessions, turns
from db.enums import AudioKind, CallStatus, Channel, EventType, Role, Stage
from db.feed.events import touch_session
from db.ids import new_id
from db.models.conversation import Message, Turn
from db.models.work import CrmRecord
from db.postgres.database import Database
from db.queue.limits import QueueLimits
from db.turns import claims, crm, crm_updates, tool_calls
from db.turns.values import Claim, Failure, FinishedCall
from db.turns.writes import NewReply, TurnEnd, TurnEvent, TurnWrite
from db.viewer import Viewer
from tests.graph.compiled.reads.rows import TEXTS, TIMINGS

_SOUND = EncodedAudio(b"sound", "audio/wav", 1234, 16_000)
_LATE_MS = 24 * 3600 * 1000
_AGENT = builtin_agents()["billing_agent"]
_ARGUMENTS = {"query": "my bill", "intent": "billing", "priority": "HIGH"}


class Story:
    """One session of the viewer's. Each method is one commit; those that find nothing to do return False."""

    def __init__(self, database: Database, viewer: Viewer, seed: int) -> None:
        self._database = database
        self._viewer = viewer
        self._random = random.Random(seed)
        self._claim: Claim | None = None
        self._cut: Claim | None = None
        self._step = 0
        self._calls = 0
        self._pending: list[UUID] = []
        self._pending_in_turn: set[UUID] = set()
        self.session_id = UUID(int=0)

    async def open(self) -> None:
        async with self._database.transaction() as session:
            row = await sessions.create_session(
                session,
                self._viewer,
                customer_id="c",
                language="en",
                channel=Channel.WEB,
                persona="billing_agent",
                metadata={"a": 1},
            )
            self.session_id = row.id

    async def say(self) -> bool:
        if self._random.random() < 0.5:
            return await self._send(_SOUND)
        return await self._send(messages.TextContent(self._random.choice([each for each in TEXTS if each])))

    async def say_with_a_late_clock(self) -> bool:
        """Its turn and message have ids that are earlier than all there are."""
        with late_ids():
            return await self._send(messages.TextContent("late"))

    async def _send(self, given: messages.TextContent | EncodedAudio) -> bool:
        content: messages.TextContent | NewAudio
        if isinstance(given, EncodedAudio):
            content = new_audio(AudioKind.RECORDING, given, session_id=self.session_id)
        else:
            content = given
        async with self._database.transaction() as session:
            await messages.send_message(session, self._viewer, session_id=self.session_id, content=content)
        return True

    async def start(self) -> bool:
        """Begins the oldest turn that waits, or takes the running one over."""
        async with self._database.transaction() as session:
            waiting = select(Turn.id).where(Turn.session_id == self.session_id, Turn.status == "QUEUED")
            found = (await session.scalars(waiting.order_by(Turn.number))).first()
            if self._claim is None and found is None:
                return False
            taken = found if self._claim is None else self._claim.turn_id
            assert taken is not None
        self._claim, self._step = await claims.start(self._database, taken), 0
        return True

    async def call_model(self) -> bool:
        return await self._call_model()

    async def call_model_with_a_late_clock(self) -> bool:
        with late_ids():
            return await self._call_model()

    async def _call_model(self) -> bool:
        if self._claim is None:
            return False
        call = self._call(failed=self._random.random() < 0.3)
        await self._commit(TurnWrite(calls={new_id(): call}))
        return True

    def _call(self, *, failed: bool) -> FinishedCall:
        return FinishedCall(
            stage=self._random.choice(list(Stage)),
            engine="fake",
            model="m",
            status=CallStatus.FAILED if failed else CallStatus.OK,
            started_at=datetime.now(UTC),
            wait_ms=0.5,
            duration_ms=12.25,
            error="it failed" if failed else None,
            input_audio_ms=1000,
        )

    async def record_a_cut_call(self) -> bool:
        """The worker tells, after the cancellation, which model call it cut short; not if the turn was retried."""
        if self._cut is None:
            return False
        async with self._database.transaction() as session:
            await claims.add_cancelled_calls(session, self._cut, {new_id(): self._call(failed=True)})
        return True

    async def reply(self) -> bool:
        """The reply's text, and then its sound."""
        if self._claim is None:
            return False
        said = select(Message.id).where(Message.turn_id == self._claim.turn_id, Message.role == Role.ASSISTANT)
        async with self._database.reading() as session:
            known = await session.scalar(said)
        if known is None:
            await self._commit(TurnWrite(reply=NewReply(new_id(), self._random.choice(TEXTS), "en")))
        else:
            audio = new_audio(AudioKind.REPLY, _SOUND, session_id=self.session_id)
            await self._commit(TurnWrite(audio=audio, reply_audio=audio.id))
        return True

    async def complete(self) -> bool:
        """Not while it waits for a tool."""
        return not self._pending_in_turn & set(self._pending) and await self._finish(None)

    async def complete_without_its_tool(self) -> bool:
        """As a later attempt may, which did not ask for the tool that an earlier one still waits for."""
        return await self._finish(None)

    async def fail(self) -> bool:
        return await self._finish(Failure("ENGINE_UNAVAILABLE", "No engine.", Stage.LLM))

    async def _finish(self, failure: Failure | None) -> bool:
        if self._claim is None:
            return False
        timing = self._random.choice([each for each in TIMINGS if each is not None])
        kind = EventType.TURN_COMPLETED if failure is None else EventType.TURN_FAILED
        await self._commit(TurnWrite((TurnEvent(kind),), end=TurnEnd(timing, failure)))
        self._claim = None
        return True

    async def _commit(self, write: TurnWrite) -> None:
        assert self._claim is not None
        await claims.commit(self._database, self._claim, self._step, [write])
        self._step += 1

    async def cancel(self) -> bool:
        if self._claim is None:
            return False
        async with self._database.transaction() as session:
            await turns.cancel_turn(session, self._viewer, turn_id=self._claim.turn_id)
        self._claim, self._cut = None, self._claim
        return True

    async def retry(self) -> bool:
        async with self._database.transaction() as session:
            ended = select(Turn.id).where(Turn.session_id == self.session_id, Turn.status.in_(["FAILED", "CANCELLED"]))
            found = (await session.scalars(ended.order_by(Turn.id))).all()
            if not found:
                return False
            turn_id = self._random.choice(found)
            limits = QueueLimits(100, 100)
            await turns.retry_turn(session, self._viewer, turn_id=turn_id, limits=limits)
        return True

    async def begin_tool(self) -> bool:
        """In the turn that runs."""
        return self._claim is not None and await self._begin_tool(by_hand=False)

    async def begin_tool_by_hand(self) -> bool:
        return await self._begin_tool(by_hand=True)

    async def _begin_tool(self, *, by_hand: bool) -> bool:
        self._calls += 1
        async with self._database.transaction() as session:
            await sessions.lock_session(session, self._viewer, self.session_id)
            if by_hand:
                call = await tool_calls.begin_manual(
                    session,
                    self.session_id,
                    name="billing_query",
                    server="crm",
                    arguments=_ARGUMENTS,
                    idempotency_key=str(self._calls),
                )
            else:
                assert self._claim is not None
                new = tool_calls.NewToolCall(
                    self.session_id, self._claim.turn_id, 1, "billing_query", "crm", _ARGUMENTS, str(self._calls)
                )
                call = await tool_calls.begin(session, new)
                await touch_session(session, self.session_id)
                self._pending_in_turn.add(call.id)
            self._pending.append(call.id)
        return True

    async def end_tool(self) -> bool:
        """With a record, or with an error."""
        if not self._pending:
            return False
        tool_call_id = self._pending.pop(0)
        async with self._database.transaction() as session:
            call = await tool_calls.lock(session, self._viewer.tenant_id, self.session_id, tool_call_id)
            if self._random.random() < 0.5:
                await crm.file_record(session, call, _AGENT, "billing_query", _ARGUMENTS)
            else:
                await tool_calls.end(session, call, result=None, error="refused")
        return True

    async def change_record(self) -> bool:
        """By a tool that is called by hand, in this session."""
        return await self._change_record(self.session_id)

    async def change_record_from_a_later_session(self) -> bool:
        later = Story(self._database, self._viewer, 0)
        await later.open()
        return await self._change_record(later.session_id)

    async def _change_record(self, session_id: UUID) -> bool:
        self._calls += 1
        async with self._database.transaction() as session:
            records = select(CrmRecord.id).where(CrmRecord.session_id == self.session_id).order_by(CrmRecord.id)
            found = (await session.scalars(records)).all()
            if not found:
                return False
            arguments = {"id": str(self._random.choice(found)), "name": f"Ana of call {self._calls} ab"}
            await sessions.lock_session(session, self._viewer, session_id)
            call = await tool_calls.begin_manual(
                session,
                session_id,
                name="update_crm_record",
                server="crm",
                arguments=arguments,
                idempotency_key=f"change {self._calls}",
            )
            call_id = call.id

        async def update(session: AsyncSession) -> Mapping[str, Any]:
            return await crm_updates.update_record(
                session,
                tenant_id=self._viewer.tenant_id,
                session_id=session_id,
                tool_call_id=call_id,
                agent=_AGENT,
                arguments=arguments,
            )

        result = await self._database.run(update)
        assert result["changed"] == ["name"], result
        return True

    async def end(self) -> bool:
        """Also while turns wait."""
        async with self._database.transaction() as session:
            await sessions.end_session(session, self._viewer, session_id=self.session_id)
        return True


@contextmanager
def late_ids() -> Iterator[None]:
    """New ids are earlier than all that there are, but in the order in which they are made."""
    made = new_id().int - (_LATE_MS << 80)  # the milliseconds are the first 48 bits

    def early() -> UUID:
        nonlocal made
        made += 1
        return UUID(int=made)

    with pytest.MonkeyPatch.context() as patch:
        for module in (messages, persist, tool_calls, sys.modules[__name__]):
            patch.setattr(module, "new_id", early)
        yield
