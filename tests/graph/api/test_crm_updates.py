"""A changed CRM record as clients see it: at once in every read, and as an event."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Client
from tests.conftest import cloned
from tests.graph.edge import Edge, opened

CALL = """mutation($input: CallToolInput!) { callTool(input: $input) { toolCall { status error result } } }"""
_RECORD = "reference name phone details updatedAt changes { id before after sessionId toolCallId createdAt }"
READ = f"""query($id: ID!) {{ conversation(sessionId: $id) {{
  session {{ lastSeq }} crmRecords {{ {_RECORD} }} toolCalls {{ id name crmRecord {{ {_RECORD} }} }} }} }}"""
TOLD = f"""subscription($id: ID!) {{ sessionEvents(sessionId: $id, afterSeq: 0) {{ __typename seq
  ... on CrmRecordUpdated {{ crmRecord {{ {_RECORD} session {{ id }} }} change {{ before after }} }} }} }}"""


@pytest.fixture(params=[True, False])
async def edge(postgres: str, request: pytest.FixtureRequest) -> Any:
    """With compiled reads and subscriptions, and with resolvers alone."""
    async with cloned(postgres) as url, opened(url, compiled_operations=request.param) as running:
        yield running


async def call(client: Client, session: str, name: str, /, **arguments: Any) -> dict[str, Any]:
    made = (await client.run(CALL, input={"sessionId": session, "name": name, "arguments": arguments}))["callTool"]
    assert made["toolCall"]["status"] == "ACCEPTED", made
    result: dict[str, Any] = made["toolCall"]["result"]
    return result


async def read(client: Client, session: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.run(READ, id=session))["conversation"]
    return found


async def test_a_change_is_read_at_once_and_told(edge: Edge) -> None:
    async with edge.tenant() as client:
        filing, later = [await client.create_session(customerId="ana") for _ in range(2)]
        filed = await call(client, filing, "billing_query", query="too much", intent="billing", name="Ana")
        reference = filed["record"]["reference"]
        assert (await read(client, filing))["crmRecords"][0]["changes"] == []
        await call(client, filing, "update_crm_record", reference=reference, name="Eva")
        (record,) = (await read(client, filing))["crmRecords"]
        assert (record["name"], record["changes"][0]["before"]) == ("Eva", {"name": "Ana"})
        before = await read(client, filing)
        await call(client, later, "update_crm_record", reference=reference, name="Zoe", phone="+34 600 111 222")
        after = await read(client, filing)
        (record,) = after["crmRecords"]
        assert after["session"] == before["session"], "no event in the record's own session"
        assert (record["reference"], record["name"], record["phone"]) == (reference, "Zoe", "+34 600 111 222")
        assert [each["before"] for each in record["changes"]] == [{"name": "Ana"}, {"name": "Eva", "phone": None}]
        assert [each["sessionId"] for each in record["changes"]] == [filing, later]
        assert record["updatedAt"] >= record["changes"][0]["createdAt"]
        assert [each["crmRecord"] for each in after["toolCalls"]] == [record, None]
        for session in (filing, later):
            told = await _told(client, session)
            assert told["crmRecord"].pop("session") == {"id": filing}
            assert told["crmRecord"] == record
            assert told["change"] == {key: record["changes"][session == later][key] for key in ("before", "after")}


async def _told(client: Client, session: str) -> dict[str, Any]:
    """The event of the change."""
    async for event in client.events(TOLD, id=session):
        found: dict[str, Any] = event
        if found["__typename"] == "CrmRecordUpdated":
            return found
    raise AssertionError("no event")
