"""Who may call over the Realtime protocol, and the sessions and calls that they open, in the database."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from db.agents.definition import AgentDefinition
from db.agents.named_version import named_version
from db.agents.pinned import agent_of
from db.calls.find import find_call
from db.commands.agents import pinned_version
from db.commands.calls import open_call
from db.commands.sessions import create_session
from db.enums import CallTransport, Channel, LiveCallStatus
from db.errors import Forbidden, SessionEnded, Unauthenticated
from db.languages import LANGUAGES, primary_language
from db.viewer import Viewer
from graph.guards.call_tokens import TOKEN_PREFIX, CallTokens
from graph.voice.calls import CallTicket, Connection
from graph.voice.opening import NewCall, OpenedCall
from graph.voice.parts import VoiceParts
from inference.live.ports import CallerSpeaker

_WRONG_TOKEN = "The token is wrong or has expired: open another call."  # noqa: S105 - a message


class VoiceReception:
    """Implements ``graph.voice.opening.Reception``. ``answered``: the languages that a session may have."""

    def __init__(self, parts: VoiceParts, tokens: CallTokens, answered: Collection[str] = LANGUAGES) -> None:
        self._parts = parts
        self._tokens = tokens
        self._answered = answered

    def check_admission(self) -> None:
        self._parts.calls.check_admission()

    async def admit(self, secret: str | None, address: str) -> Viewer | OpenedCall:
        """Raises as the port says, and database errors during an outage."""
        if secret is None or not secret.startswith(TOKEN_PREFIX):
            return await self._parts.keys.admit(secret, address)
        rates = self._parts.rates
        rates.check_failures(address)
        try:
            token = self._tokens.check(secret)
        except Forbidden:
            rates.take_failure(address)
            raise Unauthenticated(_WRONG_TOKEN) from None
        rates.take_key(token.call_id)
        async with self._parts.database.reading() as session:
            found = await find_call(session, tenant_id=token.tenant_id, call_id=token.call_id)
            agent = None if found is None else await agent_of(session, found.session_id)
        if found is None or agent is None or (found.status is LiveCallStatus.OPENED and found.now > token.expires_at):
            raise Unauthenticated(_WRONG_TOKEN)
        if found.status is LiveCallStatus.ENDED:
            raise SessionEnded("The call has ended: open another one.")
        return OpenedCall(
            token.tenant_id,
            token.call_id,
            found.session_id,
            found.persona,
            _voice(agent, found.language),
            found.language,
            found.turn_taking,
        )

    async def check_agent(self, viewer: Viewer, agent: str) -> None:
        name, number = named_version(agent)
        async with self._parts.database.reading() as session:
            await pinned_version(session, tenant_id=viewer.tenant_id, name=name, number=number)

    async def open(self, viewer: Viewer, new: NewCall) -> OpenedCall:
        """One commit."""
        return await self._parts.database.run(partial(self._open, viewer=viewer, new=new))

    async def _open(self, session: AsyncSession, *, viewer: Viewer, new: NewCall) -> OpenedCall:
        name, number = named_version(new.agent)
        owner = await create_session(
            session,
            viewer,
            customer_id=new.customer_id,
            language=new.language,
            channel=Channel.API,
            persona=name,
            agent_version=number,
            metadata=dict(new.metadata) or None,
            answered=self._answered,
        )
        call = await open_call(
            session, viewer, session_id=owner.id, transport=CallTransport.REALTIME, turn_taking=new.turn_taking
        )
        voice = _voice(await agent_of(session, owner.id), owner.language)
        return OpenedCall(viewer.tenant_id, call.id, owner.id, new.agent, voice, owner.language, new.turn_taking)

    def connect(self, call: OpenedCall, speaker: CallerSpeaker) -> AbstractAsyncContextManager[Connection]:
        return self._parts.calls.connect(CallTicket(call.tenant_id, call.call_id), speaker)


def _voice(agent: AgentDefinition, language: str) -> str | None:
    """The agent's voice in a session's language; None for the engine's default, and for ``auto``."""
    return agent.voices.get(primary_language(language) or "")
