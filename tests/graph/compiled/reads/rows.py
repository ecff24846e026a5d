"""Sessions in every state that a worker may leave, with texts that are hard to encode as JSON."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.agents.builtin import builtin_agents
from db.enums import (
    AudioKind,
    CallEndReason,
    CallStatus,
    CallTransport,
    Channel,
    CrmStatus,
    LiveCallStatus,
    MessageType,
    PlaybackSource,
    Priority,
    Role,
    SessionStatus,
    Stage,
    ToolCallStatus,
    TurnStatus,
)
from db.ids import new_id
from db.models.audio import Audio
from db.models.base import Base
from db.models.calls import Call
from db.models.conversation import Message, Session, Turn
from db.models.tenancy import Tenant
from db.models.work import CrmRecord, CrmRecordChange, ModelCall, ToolCall
from db.postgres.database import Database
from db.turns.live_values import Eagerness

TEXTS = [
    "",
    "plain",
    'quotes " and \\ backslashes / slashes',
    "tabs\tand\nlines\r\n\b\f",
    "control \x01\x1b\x7f characters",
    "ünïcödé 漢字 🎧 \u2028\u2029 \ufeff",
    "%s $1 :name {}'; drop table sessions; --",
    "</script>&amp;",
]

OBJECTS: list[dict[str, Any]] = [
    {},
    {"b": 1, "a": [1.5, 1e-7, 1e22, -0.0, 10**18, None, True, {"deep": [[]]}], "long key": "ü\n"},
    {"text": '"\\', "number": 1.10, "nothing": None},
]

TIMINGS: list[dict[str, Any] | None] = [
    None,
    {},
    {"covered_ms": 12, "first_text_ms": 3.25, "stages": []},
    {
        "covered_ms": 1234.567,
        "first_words_ms": 0.5,
        "first_text_ms": 100.0,
        "first_audio_ms": 1e3,
        "stages": [
            {"stage": "TTS", "start_ms": 30.125, "duration_ms": 5, "wait_ms": 0.0},
            {"stage": "ASR", "start_ms": 2, "duration_ms": 0.001, "wait_ms": 7.5},
            {"stage": "LLM", "start_ms": 2.0, "duration_ms": 99.999, "wait_ms": 0},
        ],
    },
]

LIVE: list[dict[str, Any] | None] = [
    None,
    {"speech_started_ms": 0, "speech_ended_ms": 1500, "speculative": False},
    {
        "speech_started_ms": 250,
        "speech_ended_ms": 4000,
        "end_decided_ms": 512.25,
        "first_audio_sent_ms": 600.0,
        "first_heard_ms": None,
        "turn_score": 0.97,
        "speculative": True,
    },
]

_START = datetime(2026, 1, 31, 23, 59, 58, tzinfo=UTC)


class Filler:
    """Writes sessions of one tenant, the same ones for the same ``seed``."""

    def __init__(self, database: Database, tenant: str, seed: int) -> None:
        self._database = database
        self._tenant = tenant
        self._random = random.Random(seed)
        self._rows: list[Base] = []

    async def fill(self, turns: Sequence[int]) -> list[UUID]:
        """A session for each number, with so many turns. Returns their ids."""
        async with self._database.transaction() as session:
            tenant_id = (await session.execute(select(Tenant.id).where(Tenant.name == self._tenant))).scalar_one()
            made: list[UUID] = []
            for count in turns:
                owner = self._session(tenant_id, count)
                if len(made) % 3 == 2:  # each third one is a fork
                    owner.forked_from_id, owner.forked_after = made[0], 1
                    owner.engines = {"llm": ["openai", "scripted"], "tts": ["espnet"]}
                session.add(owner)
                await session.flush()
                made.append(owner.id)
                calls = [self._call(owner) for _ in range(min(count, 2))]
                for call in calls:
                    session.add(call)
                    await session.flush()
                    session.add(self._sound(owner.id, AudioKind.CALL, call_id=call.id))
                for number in range(1, count + 1):
                    for row in self._turn(owner, number, self._pick(None, *calls)):
                        session.add(row)
                        await session.flush()
        return made

    def _pick(self, *choices: Any) -> Any:
        return self._random.choice(choices)

    def _text(self) -> str:
        return self._random.choice(TEXTS)

    def _moment(self) -> datetime:
        return _START + timedelta(microseconds=self._pick(0, 1, 10, 120_000, 999_999, self._random.randrange(10**12)))

    def _ms(self) -> float:
        return self._random.choice([0.0, 1.0, 0.001, 12.5, round(self._random.uniform(0, 1e5), 3)])

    def _session(self, tenant_id: UUID, turns: int) -> Session:
        ended = self._random.random() < 0.3
        return Session(
            id=new_id(),
            tenant_id=tenant_id,
            customer_id=self._pick("c-1", "c-2", "ü \"'"),
            language=self._pick("en", "es-MX", "auto"),
            channel=self._pick(*Channel),
            persona="billing_agent",
            status=SessionStatus.ENDED if ended else SessionStatus.OPEN,
            ended_at=self._moment() if ended else None,
            metadata_=self._pick(None, *OBJECTS),
            created_at=self._moment(),
            last_seq=self._random.randrange(100),
            turn_count=turns,
        )

    def _turn(self, owner: Session, number: int, call: Call | None) -> list[Base]:
        status = self._pick(*(each for each in TurnStatus if each is not TurnStatus.RUNNING))
        queued = self._moment()
        turn = Turn(
            id=new_id(),
            session_id=owner.id,
            number=number,
            status=status,
            attempt=self._random.randrange(3),
            request_hash=b"",
            queued_at=queued,
            started_at=None if status is TurnStatus.QUEUED else queued + timedelta(microseconds=self._pick(0, 1, 2500)),
            finished_at=queued + timedelta(microseconds=self._random.randrange(10**9)) if status.ended else None,
            error_code="ENGINE_UNAVAILABLE" if status is TurnStatus.FAILED else None,
            error_message=self._pick(None, self._text()) if status is TurnStatus.FAILED else None,
            error_stage=self._pick(None, *Stage) if status is TurnStatus.FAILED else None,
            timing=self._pick(*TIMINGS),
            call_id=None if call is None else call.id,
            reopened=self._pick(0, 0, 2),
            live=None if call is None else self._pick(*LIVE),
        )
        sounds = [self._sound(owner.id, kind, turn_id=turn.id) for kind in AudioKind if kind is not AudioKind.CALL]
        rows: list[Base] = [turn, *sounds, self._message(turn, Role.USER, sounds)]
        if self._random.random() < 0.7:
            rows.append(self._message(turn, Role.ASSISTANT, sounds))
        rows += [self._model_call(turn) for _ in range(self._random.randrange(5))]
        for place in range(self._random.randrange(3)):
            rows += self._tool_call(owner, turn, place)
        return rows

    def _call(self, owner: Session) -> Call:
        """A call that has ended: a session has at most one that has not."""
        return Call(
            id=new_id(),
            tenant_id=owner.tenant_id,
            session_id=owner.id,
            status=LiveCallStatus.ENDED,
            transport=self._pick(*CallTransport),
            language=owner.language,
            turn_taking={
                "eagerness": self._pick(*Eagerness).value,
                "max_silence_ms": self._pick(None, 700),
                "interruptible": self._pick(True, False),
                "backchannels": self._pick(None, [], [self._text(), "ok"]),
            },
            request_hash=b"",
            opened_at=self._moment(),
            connected_at=self._pick(None, self._moment()),
            ended_at=self._moment(),
            end_reason=self._pick(*CallEndReason),
            drops=self._random.randrange(3),
            elapsed_ms=self._random.randrange(10**6),
        )

    def _citation(self) -> dict[str, str]:
        return {name: self._text() for name in ("source", "heading", "passage")}

    def _playback(self) -> dict[str, Any]:
        return {
            "heard_text": self._text(),
            "heard_ms": self._random.randrange(1000),
            "total_ms": 1000,
            "interrupted": self._pick(True, False),
            "source": self._pick(*PlaybackSource).value,
        }

    def _sound(
        self, session_id: UUID, kind: AudioKind, *, turn_id: UUID | None = None, call_id: UUID | None = None
    ) -> Audio:
        return Audio(
            id=new_id(),
            session_id=session_id,
            turn_id=turn_id,
            call_id=call_id,
            kind=kind,
            store_key="none",
            mime_type="audio/wav",
            duration_ms=self._random.randrange(1, 10**6),
            sample_rate=16_000,
            size_bytes=self._random.randrange(1, 10**6),
        )

    def _message(self, turn: Turn, role: Role, sounds: Sequence[Audio]) -> Message:
        is_sound = self._random.random() < 0.5
        sound = sounds[0] if role is Role.USER else sounds[-1]
        return Message(
            id=new_id(),
            session_id=turn.session_id,
            turn_id=turn.id,
            role=role,
            type=MessageType.AUDIO if is_sound else MessageType.TEXT,
            text=self._pick(None, self._text()) if is_sound else self._text(),
            language=self._pick(None, "en"),
            audio_id=sound.id if is_sound else None,
            complete=self._pick(True, False),
            digits=self._pick(True, False),
            playback=self._pick(None, self._playback()),
            citations=self._pick(None, [], [self._citation() for _ in range(3)]),
            created_at=self._moment(),
        )

    def _model_call(self, turn: Turn) -> ModelCall:
        status = self._pick(*CallStatus)
        return ModelCall(
            id=new_id(),
            session_id=turn.session_id,
            turn_id=turn.id,
            stage=self._pick(*Stage),
            engine="fake",
            model=self._text(),
            status=status,
            attempt=1,
            started_at=self._moment(),
            wait_ms=self._ms(),
            duration_ms=self._ms(),
            first_output_ms=self._pick(None, self._ms()),
            input_tokens=self._pick(None, 0, 2**31 - 1),
            output_tokens=self._pick(None, 7),
            input_audio_ms=self._pick(None, 0, 3, 5729),
            output_audio_ms=self._pick(None, 0, 7, 999),
            error=self._text() if status is CallStatus.FAILED else None,
            details=self._pick(None, *OBJECTS),
        )

    def _tool_call(self, owner: Session, turn: Turn, place: int) -> list[Base]:
        status = self._pick(*ToolCallStatus)
        call = ToolCall(
            id=new_id(),
            session_id=owner.id,
            turn_id=self._pick(turn.id, turn.id, None),
            name=self._text(),
            server="crm",
            arguments=self._pick(*OBJECTS),
            result=self._pick(None, *OBJECTS),
            status=status,
            error=self._text() if status is ToolCallStatus.FAILED else None,
            idempotency_key=f"{turn.id}:{place}",
            duration_ms=self._pick(None, self._ms(), 1234.567891),
            finished_at=None if status is ToolCallStatus.PENDING else self._moment(),
            created_at=self._moment(),
        )
        if self._random.random() >= 0.6:
            return [call]
        record = self._record(owner, call)
        changes = [self._change(record, call)] if record.updated_at is not None else []
        return [call, record, *changes]

    def _change(self, record: CrmRecord, call: ToolCall) -> CrmRecordChange:
        """The tool call may be any: not only one that changes a record."""
        return CrmRecordChange(
            id=new_id(),
            record_id=record.id,
            session_id=call.session_id,
            tool_call_id=call.id,
            before=self._pick(*OBJECTS),
            after=self._pick(*OBJECTS),
            created_at=self._moment(),
        )

    def _record(self, owner: Session, call: ToolCall) -> CrmRecord:
        return CrmRecord(
            id=new_id(),
            tenant_id=owner.tenant_id,
            session_id=owner.id,
            tool_call_id=call.id,
            scenario=self._pick(*builtin_agents()["billing_agent"].scenario_names),
            reference=f"{self._random.randrange(16**6):06X}",
            customer_id=owner.customer_id,
            name=self._pick(None, "Zoë"),
            phone=self._pick(None, "+1 555"),
            account_id=self._pick(None, "A-1"),
            query=self._text(),
            intent="billing",
            priority=self._pick(*Priority),
            status=self._pick(*CrmStatus),
            details=self._pick(*OBJECTS),
            created_at=self._moment(),
            forked=owner.forked_from_id is not None,
            updated_at=self._pick(None, self._moment()),
        )
