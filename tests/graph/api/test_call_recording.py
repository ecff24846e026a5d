"""Call.recording over GraphQL: its download, and that another tenant has no way to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from sqlalchemy import select

from db.audio.store import TableStore
from db.calls import connections, recordings
from db.enums import CallEndReason
from db.models.calls import Call
from inference.audio.opus import OpusEncoder
from inference.journal.call_recordings import store_recording
from tests.client import Client
from tests.graph.api.test_calls import opened_call, session_of
from tests.graph.edge import Edge, code_of, post
from tests.inference.live.recordings import click, clicks, sides

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDING = """query($id: ID!) { conversation(sessionId: $id) { calls {
  status recording { url mimeType durationMs } } } }"""


async def recorded(edge: Edge, client: Client, session_id: str) -> str:
    """A call of a second, with a click of either side; its recording is stored. Returns the call's id."""
    call_id = (await opened_call(client, session_id, record=True))["call"]["id"]
    samples = np.stack([click(1, 16_000, at=0.25), click(1, 16_000, at=0.75)], axis=1)
    async with edge.database.transaction() as session:
        call = (await session.execute(select(Call).where(Call.id == UUID(call_id)))).scalar_one()
        connected = await connections.connect(session, tenant_id=call.tenant_id, call_id=call.id)
    assert await recordings.keep(edge.database, connected.lease, 0, 1000, OpusEncoder().encode(samples))
    assert (await shown(client, session_id))["recording"] is None
    async with edge.database.transaction() as session:
        await connections.end(session, connected.lease, 0, CallEndReason.CALLER)
    assert (await shown(client, session_id))["recording"] is None
    assert await store_recording(edge.database, TableStore(), UUID(call_id))
    return str(call_id)


async def shown(client: Client, session_id: str) -> dict[str, Any]:
    (call,) = (await client.run(RECORDING, id=session_id))["conversation"]["calls"]
    assert isinstance(call, dict)
    return call


async def test_a_recording_is_downloaded_in_stereo(edge: Edge, acme: Client) -> None:
    session_id = await session_of(acme)
    await recorded(edge, acme, session_id)
    recording = (await shown(acme, session_id))["recording"]
    assert (recording["mimeType"], recording["durationMs"]) == ("audio/ogg", 1000)
    async with httpx.AsyncClient() as http:
        answer = await http.get(recording["url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/ogg")
    caller, assistant = sides(answer.content)
    assert clicks(caller) == pytest.approx([0.25], abs=0.02)
    assert clicks(assistant) == pytest.approx([0.75], abs=0.02)


async def test_another_tenant_does_not_get_the_recording(edge: Edge, acme: Client, rival: Client) -> None:
    session_id, theirs = await session_of(acme), await session_of(rival)
    await recorded(edge, acme, session_id)
    await recorded(edge, rival, theirs)
    assert code_of(await post(rival, RECORDING, {"id": session_id})) == "NOT_FOUND"
    url, other = [(await shown(*of))["recording"]["url"] for of in ((acme, session_id), (rival, theirs))]
    identity, signed = url.partition("?")[0], other.partition("?")[2]
    async with httpx.AsyncClient() as http:
        for forged in (identity, f"{identity}?{signed}"):
            answer = await http.get(forged, headers=rival.headers)
            assert answer.status_code in {401, 403, 404}
            assert b"Ogg" not in answer.content
