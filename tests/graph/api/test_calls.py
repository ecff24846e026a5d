"""Live calls over GraphQL: openCall, closeCall, interruptReply, and who may use them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from db.calls.lifetimes import CONNECT_SECONDS
from db.enums import LiveCallStatus
from db.models.calls import Call
from tests.client import Client
from tests.graph.edge import Edge, code_of, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN = """mutation($input: OpenCallInput!) { openCall(input: $input) { url token expiresAt call {
  id status transport openedAt connectedAt endedAt endReason drops elapsedMs recording { id } turns { id }
  session { id } turnTaking { eagerness maxSilenceMs interruptible backchannels } } } }"""
CLOSE = """mutation($id: ID!) { closeCall(input: {callId: $id}) { call { id status endReason } } }"""
INTERRUPT = """mutation($id: ID!) { interruptReply(input: {callId: $id}) { call { id status } } }"""
CALLS = """query($id: ID!) { conversation(sessionId: $id) { calls { id status endReason } lastSeq } }"""
NOBODY = "019344a0-0000-7000-8000-000000000000"


async def session_of(client: Client) -> str:
    created = await client.run('mutation { createSession(input: {customerId: "c-1"}) { session { id } } }')
    session_id: str = created["createSession"]["session"]["id"]
    return session_id


async def opened_call(client: Client, session_id: str, **given: Any) -> dict[str, Any]:
    opened: dict[str, Any] = (await client.run(OPEN, input={"sessionId": session_id, **given}))["openCall"]
    return opened


async def test_a_call_is_opened_with_its_settings_a_url_and_a_token(edge: Edge, acme: Client) -> None:
    session_id = await session_of(acme)
    taking = {"eagerness": "LOW", "maxSilenceMs": 4000, "interruptible": False, "backchannels": ["mhm", "ok"]}
    opened = await opened_call(acme, session_id, turnTaking=taking)
    call = opened["call"]
    host = edge.address.rpartition(":")[0]
    assert opened["url"] == f"ws://{host.rpartition('/')[2]}:8010/v1/realtime"
    assert opened["token"].startswith("ek_")
    left = datetime.fromisoformat(opened["expiresAt"]) - datetime.now(UTC)
    assert timedelta(seconds=CONNECT_SECONDS - 30) < left <= timedelta(seconds=CONNECT_SECONDS)
    assert call == {
        "id": call["id"], "status": "OPENED", "transport": "REALTIME", "openedAt": call["openedAt"],
        "connectedAt": None, "endedAt": None, "endReason": None, "drops": 0, "elapsedMs": 0, "recording": None,
        "turns": [], "session": {"id": session_id}, "turnTaking": taking,
    }  # fmt: skip


async def test_a_repeated_key_opens_one_call_with_one_token(acme: Client) -> None:
    session_id = await session_of(acme)
    first = await opened_call(acme, session_id, idempotencyKey="k")
    assert await opened_call(acme, session_id, idempotencyKey="k") == first
    other = await post(acme, OPEN, {"input": {"sessionId": session_id, "idempotencyKey": "k", "transport": "TWILIO"}})
    assert code_of(other) == "IDEMPOTENCY_CONFLICT"


async def test_a_new_call_ends_one_without_a_connection_and_not_one_with(edge: Edge, acme: Client) -> None:
    session_id = await session_of(acme)
    first = (await opened_call(acme, session_id))["call"]["id"]
    second = (await opened_call(acme, session_id))["call"]["id"]
    calls = (await acme.run(CALLS, id=session_id))["conversation"]["calls"]
    assert [(each["id"], each["status"]) for each in calls] == [(first, "ENDED"), (second, "OPENED")]
    async with edge.database.transaction() as session:
        await session.execute(update(Call).where(Call.id == second).values(status=LiveCallStatus.CONNECTED))
    assert code_of(await post(acme, OPEN, {"input": {"sessionId": session_id}})) == "CONFLICT"


async def test_a_closed_call_is_seen_as_ended_by_cached_reads(acme: Client) -> None:
    session_id = await session_of(acme)
    call_id = (await opened_call(acme, session_id))["call"]["id"]
    for _ in range(3):
        shown = (await acme.run(CALLS, id=session_id))["conversation"]
        assert shown["calls"] == [{"id": call_id, "status": "OPENED", "endReason": None}]
    ended = {"id": call_id, "status": "ENDED", "endReason": "CLOSED"}
    for _ in range(2):
        assert (await acme.run(CLOSE, id=call_id))["closeCall"]["call"] == ended
    assert (await acme.run(CALLS, id=session_id))["conversation"]["calls"] == [ended]


async def test_the_end_of_the_session_closes_its_call(acme: Client) -> None:
    session_id = await session_of(acme)
    call_id = (await opened_call(acme, session_id))["call"]["id"]
    await acme.run("mutation($id: ID!) { endSession(input: {sessionId: $id}) { session { id } } }", id=session_id)
    calls = (await acme.run(CALLS, id=session_id))["conversation"]["calls"]
    assert calls == [{"id": call_id, "status": "ENDED", "endReason": "CLOSED"}]
    assert code_of(await post(acme, OPEN, {"input": {"sessionId": session_id}})) == "SESSION_ENDED"


@pytest.mark.parametrize(
    "taking",
    [{"maxSilenceMs": 199}, {"maxSilenceMs": 10_001}, {"backchannels": ["x" * 41]}, {"backchannels": ["x"] * 51}],
)
async def test_settings_out_of_range_are_refused(acme: Client, taking: dict[str, Any]) -> None:
    session_id = await session_of(acme)
    refused = await post(acme, OPEN, {"input": {"sessionId": session_id, "turnTaking": taking}})
    assert code_of(refused) == "BAD_USER_INPUT"
    assert (await acme.run(CALLS, id=session_id))["conversation"]["calls"] == []


async def test_another_tenant_finds_no_call_of_ours(edge: Edge, acme: Client, rival: Client) -> None:
    session_id = await session_of(acme)
    call_id = (await opened_call(acme, session_id))["call"]["id"]
    assert code_of(await post(rival, OPEN, {"input": {"sessionId": session_id}})) == "NOT_FOUND"
    for known in (call_id, NOBODY, "x"):
        assert code_of(await post(rival, CLOSE, {"id": known})) == "NOT_FOUND"
        assert code_of(await post(rival, INTERRUPT, {"id": known})) == "NOT_FOUND"
    assert (await acme.run(INTERRUPT, id=call_id))["interruptReply"]["call"] == {"id": call_id, "status": "OPENED"}
