"""Keys and tokens of callers, and what they open, in Postgres; seen through the Realtime endpoint."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select, text
from websockets.exceptions import InvalidStatus

from db.commands.agents import publish_agent
from db.commands.calls import close_call, open_call
from db.commands.keys import revoke_key
from db.commands.sessions import create_session, end_session
from db.enums import CallTransport, Channel
from db.errors import ConnectFailed
from db.models.agents import AgentVersion
from db.models.calls import Call
from db.models.conversation import Session
from db.postgres.database import Database
from db.viewer import Viewer
from graph.guards.call_tokens import CallTokens
from inference.engines.fake.chat import echo
from tests.db.agents.definitions import small_agent
from tests.graph.voice.realtime.desk import Desk, at_wire_rate, desk
from tests.graph.voice.realtime.fakes import served
from tests.graph.voice.realtime.raw import closing, hear, raw, tell
from tests.inference.live.fakes import spoken
from tests.waiting import until


@pytest.fixture
async def running(database: Database, database_url: str) -> AsyncIterator[Desk]:
    async with desk(database, database_url, echo, requests_per_minute=600) as opened:
        yield opened


@pytest.fixture
async def address(running: Desk) -> AsyncIterator[str]:
    async with served(running.endpoint) as opened:
        yield opened


@pytest.fixture
async def call(database: Database, viewer: Viewer) -> Call:
    async with database.transaction() as session:
        owner = await create_session(
            session, viewer, customer_id="c", language="de", channel=Channel.WEB, persona="billing_agent", metadata=None
        )
        return await open_call(session, viewer, session_id=owner.id, transport=CallTransport.REALTIME)


async def refused(address: str, token: str) -> tuple[int, int]:
    """The HTTP status for the token in the header, and the close code for the same as a browser shows it."""
    with pytest.raises(InvalidStatus) as status:
        async with raw(address, "", token):
            pass
    async with raw(address, "", None, ["realtime", f"openai-insecure-api-key.{token}"]) as socket:
        return status.value.response.status_code, (await closing(socket))[0]


async def test_a_key_opens_a_session_and_a_call(address: str, key: str, database: Database) -> None:
    async with raw(address, key=key) as socket:
        metadata = {"customer_id": "c-1", "language": "en-US", "phone": "555"}
        audio = {"input": {"turn_detection": None}}
        await tell(socket, "session.update", session={"type": "realtime", "audio": audio, "metadata": metadata})
        session_id = (await hear(socket, "conversation.created"))["conversation"]["id"]
        shown = (await hear(socket, "session.updated"))["session"]["audio"]["input"]
        assert (shown["turn_detection"], shown["transcription"]) == (None, {"language": "en-US"})
        query = text(
            "select s.customer_id, s.language, s.persona, s.metadata, s.channel, c.transport,"
            " c.turn_taking ->> 'eagerness' from sessions s join calls c on c.session_id = s.id"
            " where s.id = cast(:id as uuid)"
        )
        async with database.reading() as session:
            row = (await session.execute(query, {"id": session_id})).one()
        assert tuple(row) == ("c-1", "en-US", "billing_agent", {"phone": "555"}, "API", "REALTIME", "MANUAL")


async def test_the_model_may_name_a_version(address: str, key: str, viewer: Viewer, database: Database) -> None:
    publish = partial(publish_agent, tenant_id=viewer.tenant_id)
    for description, draft in (("Published.", False), ("A draft.", True)):
        definition = small_agent(description=description)
        await database.run(partial(publish, definition=definition, draft=draft))
    for model, number in (("desk@2", 2), ("desk@1", 1), ("desk", 1)):
        async with raw(address, f"?model={model}", key) as socket:
            await tell(socket, "session.update", session={"type": "realtime", "metadata": {"customer_id": "c"}})
            session_id = (await hear(socket, "conversation.created"))["conversation"]["id"]
        query = select(AgentVersion.number, Session.persona).join(Session, Session.agent_version_id == AgentVersion.id)
        async with database.reading() as session:
            row = (await session.execute(query.where(Session.id == UUID(session_id)))).one()
        assert tuple(row) == (number, "desk"), model
    for model in ("desk@3", "desk@0", "desk@x", "desk@" + "9" * 50, "@1", "desk@1@1"):
        with pytest.raises(InvalidStatus) as status:
            async with raw(address, f"?model={model}", key):
                pass
        assert status.value.response.status_code == 404, model


async def test_bad_metadata_leaves_nothing_behind(address: str, key: str, database: Database) -> None:
    async with raw(address, key=key) as socket:
        for metadata in ({"language": "xx"}, {"customer_id": "x" * 201}, {"more": "x" * 20_000}, {"a": "\0"}):
            await tell(socket, "session.update", session={"type": "realtime", "metadata": metadata})
            assert (await hear(socket, "error"))["error"]["code"] == "BAD_USER_INPUT"
        async with database.reading() as session:
            assert (await session.execute(text("select count(*) from sessions"))).scalar_one() == 0


async def test_a_token_connects_to_its_call(address: str, call: Call, running: Desk) -> None:
    token, _ = running.tokens.sign(call)
    async with raw(address, "?model=billing_agent", token) as socket:
        assert (await hear(socket, "conversation.created"))["conversation"]["id"] == str(call.session_id)
        assert list(running.records.made) == [call.id]


async def test_tokens_that_are_none(address: str, call: Call, running: Desk) -> None:
    token, _ = running.tokens.sign(call)
    forged, _ = CallTokens(b"another server").sign(call)
    call.opened_at -= timedelta(days=1)
    expired, _ = running.tokens.sign(call)
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), forged, expired, "ek_", "ek_" + "A" * 96):
        assert await refused(address, wrong) == (401, 4401)
    assert not running.records.made


async def test_a_token_of_a_call_that_ended(
    address: str, call: Call, running: Desk, database: Database, viewer: Viewer
) -> None:
    token, _ = running.tokens.sign(call)
    async with database.transaction() as session:
        await close_call(session, viewer, call_id=call.id)
    assert await refused(address, token) == (410, 4410)


async def test_a_token_of_an_ended_session(
    address: str, call: Call, running: Desk, database: Database, viewer: Viewer
) -> None:
    token, _ = running.tokens.sign(call)
    async with database.transaction() as session:
        await end_session(session, viewer, session_id=call.session_id)
    assert await refused(address, token) == (410, 4410)


async def test_wrong_tokens_are_charged_to_the_address(database: Database, database_url: str) -> None:
    """The clock of the rate limits stands still: allowance does not come back while the handshakes take their time."""
    codes = []
    async with (
        desk(database, database_url, echo, requests_per_minute=600, clock=lambda: 0.0) as running,
        served(running.endpoint) as address,
    ):
        for _ in range(21):
            async with raw(address, "", None, ["realtime", "openai-insecure-api-key.ek_wrong"]) as socket:
                codes.append((await closing(socket))[0])
    assert codes == [4401] * 20 + [4429]


async def test_a_revoked_key_closes_its_calls(address: str, key: str, viewer: Viewer, database: Database) -> None:
    async with raw(address, key=key) as socket:
        await tell(socket, "session.update", session={"type": "realtime", "audio": {}})
        await hear(socket, "session.updated")
        async with database.transaction() as session:
            await revoke_key(session, viewer.key_id)
        assert await closing(socket) == (4403, "The API key was revoked")


async def test_postgres_away(address: str, key: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw(address, key=key) as socket:

        async def away(*_: object) -> None:
            raise ConnectFailed("refused", transient=True)

        monkeypatch.setattr(database, "run", away)
        await tell(socket, "session.update", session={"type": "realtime", "audio": {}})
        assert (await hear(socket, "error"))["error"]["code"] == "DATABASE_UNAVAILABLE"
        assert (await closing(socket))[0] == 1013


async def test_handshakes_of_a_key_are_counted(database: Database, database_url: str, key: str) -> None:
    async with (
        desk(database, database_url, echo, requests_per_minute=3) as running,
        served(running.endpoint) as address,
    ):
        for _ in range(3):
            async with raw(address, key=key):
                pass
        with pytest.raises(InvalidStatus) as refusal:
            async with raw(address, key=key):
                pass
        assert refusal.value.response.status_code == 429


async def test_a_dropped_call_goes_on_where_the_caller_was(address: str, call: Call, running: Desk) -> None:
    """The connection breaks in the middle of a reply; the token connects again, and gets the rest."""
    token, _ = running.tokens.sign(call)
    words = "one two three four five six seven eight nine ten"
    async with raw(address, "", token) as socket:
        await hear(socket, "conversation.created")
        for frame in frames(at_wire_rate(spoken(words))):
            await tell(socket, "input_audio_buffer.append", audio=frame)
        await hear(socket, "response.output_audio.delta")
        await asyncio.sleep(0.5)
        socket.transport.abort()
    await until(lambda: running.record.told("dropped"))
    async with raw(address, "", token) as socket, asyncio.timeout(20):
        heard = 0
        while True:
            event = json.loads(await socket.recv())
            if event["type"] == "response.output_audio.delta":
                heard += len(base64.b64decode(event["delta"]))
            elif event["type"] == "response.done":
                done = event["response"]
                break
        assert done["status"] == "completed"
        assert f"You said: {words}".endswith(done["output"][0]["content"][0]["transcript"])
        whole_ms = len(f"You said: {words}") * 60
        assert 500 < heard / 48 <= whole_ms
        assert len(running.record.turns) == 1


def frames(data: bytes) -> list[str]:
    """Audio and then silence, in base64, for the end of the turn."""
    data += bytes(48_000 * 2)
    return [base64.b64encode(data[at : at + 4_800]).decode() for at in range(0, len(data), 4_800)]
