"""Command ``fork_session``: copies a stored conversation up to a turn into a new session, and queues its later user
messages there again. The caller commits: a fork is there whole or not at all.

What a fork files is no request of the customer (``db.turns.crm.visible_to``), and it calls no tool of an external
server unless it is asked to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.commands.agents import find_agent
from db.commands.conversation_copy import copy_conversation
from db.commands.sessions import lock_session
from db.enums import EventType, LiveCallStatus, Role, ToolCallStatus
from db.errors import AgentNotFound, BadUserInput, Conflict, IdempotencyConflict
from db.feed.events import NewEvent, append
from db.ids import new_id
from db.json_value import Json
from db.models.audio import Audio
from db.models.calls import Call
from db.models.conversation import Message, Session, Turn
from db.models.work import ToolCall
from db.queue.jobs import defer_turn
from db.queue.limits import QueueLimits
from db.queue.quotas import check_quota
from db.validation import validate_text
from db.viewer import Viewer

#: Most turns that a fork copies: more than a language model is given as history.
MAX_COPIED_TURNS = 200

_MAX_KEY = 200


@dataclass(frozen=True, slots=True)
class Fork:
    """What a fork is to be.

    ``after_turn``: number of the last turn that is copied, 0 for none. ``agent_version``: number of another version of
    the same agent; None for the version of the original. ``engines``: as ``validate_engines`` gives them; None for
    those of the original. ``replay``: how many later messages run again; None for all. ``external_tools``: whether
    tools of external MCP servers run.
    """

    after_turn: int
    agent_version: int | None = None
    engines: Mapping[str, Json] | None = None
    replay: int | None = None
    external_tools: bool = False

    @property
    def hash(self) -> bytes:
        """Detects an idempotency key that is reused for another fork."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).digest()


async def fork_session(
    session: AsyncSession,
    viewer: Viewer,
    *,
    session_id: UUID,
    fork: Fork,
    idempotency_key: str | None = None,
    limits: QueueLimits,
) -> Session:
    """Makes the fork: an open session of the tenant. The original is not changed.

    A repeated ``idempotency_key`` returns the first call's fork. Raises NotFound; BadUserInput for numbers out of
    range; Conflict while the original has a live call, or a turn that would be copied has not ended; AgentNotFound;
    IdempotencyConflict; Overloaded above the quota of queued turns.
    """
    if idempotency_key is not None:
        validate_text(idempotency_key, "idempotencyKey", max_length=_MAX_KEY)
    original = await lock_session(session, viewer, session_id)
    if idempotency_key is not None:
        known = await session.scalar(
            select(Session).where(Session.forked_from_id == original.id, Session.idempotency_key == idempotency_key)
        )
        if known is not None:
            if known.request_hash != fork.hash:
                raise IdempotencyConflict("This idempotencyKey was used for another fork of this session.")
            return known
    turns = (await session.scalars(select(Turn).where(Turn.session_id == original.id).order_by(Turn.number))).all()
    later = _later(turns, fork, limits)
    await _check_copied(session, original, turns, fork)
    made = Session(
        id=new_id(),
        tenant_id=original.tenant_id,
        customer_id=original.customer_id,
        language=original.language,
        channel=original.channel,
        persona=original.persona,
        agent_version_id=await _agent_version_id(session, original, fork),
        metadata_=original.metadata_,
        engines=original.engines if fork.engines is None else dict(fork.engines),
        forked_from_id=original.id,
        forked_after=fork.after_turn,
        external_tools=fork.external_tools,
        idempotency_key=idempotency_key,
        request_hash=fork.hash,
    )
    session.add(made)
    await session.flush()
    await check_quota(session, made, limits, turns=len(later))
    made.last_seq = await copy_conversation(session, original, made)
    made.turn_count = fork.after_turn
    await session.flush()
    await _queue_again(session, made, later)
    await session.refresh(made)
    return made


def _later(turns: Sequence[Turn], fork: Fork, limits: QueueLimits) -> Sequence[Turn]:
    """The turns whose messages run again. Raises BadUserInput."""
    most = min(len(turns), MAX_COPIED_TURNS)
    if not 0 <= fork.after_turn <= most:
        raise BadUserInput(f"afterTurn must be from 0 to {most}.")
    later = turns[fork.after_turn :]
    if fork.replay is not None:
        if fork.replay < 0:
            raise BadUserInput("replay must not be negative.")
        later = later[: fork.replay]
    if len(later) > limits.per_session:
        raise BadUserInput(
            f"{len(later)} messages follow that turn, and at most {limits.per_session} run again: set replay, or fork "
            "after a later turn."
        )
    return later


async def _agent_version_id(session: AsyncSession, original: Session, fork: Fork) -> UUID | None:
    """The version of the fork's agent, which may be archived. Raises AgentNotFound."""
    if fork.agent_version is None:
        return original.agent_version_id
    found = await find_agent(
        session,
        tenant_id=original.tenant_id,
        name=original.persona,
        number=fork.agent_version,
        definition=False,
    )
    if found.version.draft:
        raise AgentNotFound(f"Version {fork.agent_version} is a draft: only createSession uses it.")
    return found.version.id


async def _check_copied(session: AsyncSession, original: Session, turns: Sequence[Turn], fork: Fork) -> None:
    """Raises Conflict if rows that are copied may still change."""
    live = select(Call.id).where(Call.session_id == original.id, Call.status != LiveCallStatus.ENDED)
    if await session.scalar(live) is not None:
        raise Conflict("The session has a live call that has not ended: closeCall ends it.")
    copied = turns[: fork.after_turn]
    moving = [each.number for each in copied if not each.status.ended]
    pending = select(ToolCall.id).where(
        ToolCall.session_id == original.id,
        ToolCall.status == ToolCallStatus.PENDING,
        ToolCall.turn_id.in_([each.id for each in copied]),
    )
    if moving or await session.scalar(pending) is not None:
        raise Conflict("A turn that would be copied has not ended: wait for it, or fork after an earlier turn.")


async def _queue_again(session: AsyncSession, made: Session, later: Sequence[Turn]) -> None:
    """Queues the user messages of the turns in the fork, in their order."""
    found = await session.scalars(
        select(Message).where(Message.turn_id.in_([each.id for each in later]), Message.role == Role.USER)
    )
    said = {each.turn_id: each for each in found}
    for earlier in later:
        made.turn_count += 1
        turn = Turn(id=new_id(), session_id=made.id, number=made.turn_count, request_hash=earlier.request_hash)
        session.add(turn)
        await session.flush()
        await _say_again(session, turn, said[earlier.id])
        await append(session, made.id, [NewEvent(EventType.TURN_QUEUED, turn.id)])
        await defer_turn(session, made.id, turn.id)


async def _say_again(session: AsyncSession, turn: Turn, said: Message) -> None:
    """The message as it came: a recording is transcribed again. Its audio is stored once, under the original's key."""
    message = Message(
        id=new_id(), session_id=turn.session_id, turn_id=turn.id, role=Role.USER, type=said.type, digits=said.digits
    )
    if said.audio_id is None:
        message.text = said.text
    else:
        audio = await session.get_one(Audio, said.audio_id)
        kept = ("kind", "store_key", "mime_type", "duration_ms", "sample_rate", "size_bytes")
        copy = Audio(
            id=new_id(), session_id=turn.session_id, turn_id=turn.id, **{name: getattr(audio, name) for name in kept}
        )
        session.add(copy)
        await session.flush()
        message.audio_id = copy.id
    session.add(message)
    await session.flush()
