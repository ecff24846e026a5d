"""Commands on sessions: create, end, lock. The caller commits.

Each finds only rows of the viewer's tenant; another tenant's id raises NotFound like an unknown one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.calls.ending import end_calls_of
from db.commands.agents import pinned_version
from db.enums import CallEndReason, Channel, SessionStatus
from db.errors import BadUserInput, NotFound
from db.ids import new_id
from db.json_value import Json
from db.languages import LANGUAGES, parse_language, primary_language
from db.models.conversation import Session
from db.turns.session_end import append_session_ended
from db.validation import validate_json, validate_text
from db.viewer import Viewer

MAX_CUSTOMER_ID = 200


async def create_session(
    session: AsyncSession,
    viewer: Viewer,
    *,
    customer_id: str,
    language: str,
    channel: Channel,
    persona: str,
    agent_version: int | None = None,
    metadata: dict[str, object] | None,
    answered: Collection[str] = LANGUAGES,
    engines: Mapping[str, Json] | None = None,
) -> Session:
    """Creates a session, which holds a version of an agent to its end.

    ``persona``: the agent's name. ``agent_version``: the version's number, None for the current one. ``answered``: the
    languages that this server answers in; of them one of the agent's may be chosen. ``engines``: as
    ``validate_engines`` gives them. Raises AgentNotFound, also for an archived agent; BadUserInput.
    """
    pinned = (await pinned_version(session, tenant_id=viewer.tenant_id, name=persona, number=agent_version)).version
    spoken = parse_language(language, answered)
    if (primary_language(spoken) or pinned.languages[0]) not in pinned.languages:
        raise BadUserInput(f"The agent does not speak this language: use one of {', '.join(pinned.languages)}.")
    row = Session(
        id=new_id(),
        tenant_id=viewer.tenant_id,
        customer_id=validate_text(customer_id, "customerId", max_length=MAX_CUSTOMER_ID),
        language=spoken,
        channel=channel,
        persona=persona,
        agent_version_id=pinned.id,
        metadata_=None if metadata is None else validate_json(metadata, "metadata"),
        engines=None if engines is None else dict(engines),
    )
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


async def end_session(session: AsyncSession, viewer: Viewer, *, session_id: UUID) -> Session:
    """Ends the session for new messages, and its live call. Its turns are still completed; the last one is followed by
    SessionEnded.

    Idempotent. Raises NotFound.
    """
    owner = await lock_session(session, viewer, session_id)
    if owner.status is SessionStatus.OPEN:
        owner.ended_at, owner.status = await session.scalar(select(func.clock_timestamp())), SessionStatus.ENDED
        await session.flush()
        await end_calls_of(session, owner.id, CallEndReason.CLOSED)
        await append_session_ended(session, owner.id)
        await session.refresh(owner)
    return owner


async def lock_session(session: AsyncSession, viewer: Viewer, session_id: UUID) -> Session:
    """The viewer's session, its row locked until the commit (pessimistic lock, FOR UPDATE). Raises NotFound."""
    owner = await session.scalar(
        select(Session)
        .where(Session.id == session_id, Session.tenant_id == viewer.tenant_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if owner is None:
        raise NotFound("No such session.")
    return owner
